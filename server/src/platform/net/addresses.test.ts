import { describe, expect, it } from 'vitest'
import { addressKind, AddressRefused, isPublicAddress, resolveChecked } from './addresses.ts'

describe('an address is named for what it reaches', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
    ['0.0.0.0', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['127.255.0.3', 'loopback'],
    ['::1', 'loopback'],
    ['::', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['fd12::1', 'private'],
    ['100.64.0.1', 'shared'],
    ['169.254.169.254', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['169.254.1.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['224.0.0.1', 'multicast'],
    ['ff02::1', 'multicast'],
    ['255.255.255.255', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['2001:db8::1', 'reserved'],
    ['4000::1', 'reserved'],
  ])('%s is %s', (address, kind) => {
    expect(addressKind(address)).toBe(kind)
    expect(isPublicAddress(address)).toBe(kind === 'public')
  })

  it.each([
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::FFFF:169.254.169.254', 'metadata'],
    ['0:0:0:0:0:ffff:a00:1', 'private'],
    ['::ffff:8.8.8.8', 'public'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::a9fe:a9fe', 'metadata'],
    ['64:ff9b::808:808', 'public'],
    ['64:ff9b:1::1', 'translated'],
    ['2002:7f00:1::', 'translated'],
    ['2001:0:1::', 'translated'],
    ['::127.0.0.1', 'translated'],
  ])('%s, which carries another address, is %s', (address, kind) => {
    expect(addressKind(address)).toBe(kind)
  })

  it('refuses to judge what is not an address', () => {
    for (const junk of ['', 'localhost', '1.2.3', '0x7f.1', '2130706433', 'example.com']) {
      expect(() => addressKind(junk), junk).toThrow(TypeError)
    }
  })
})

describe('a host is resolved once and refused if any of its addresses is not public', () => {
  const answers = (...addresses: string[]) => {
    let asked = 0
    const lookup = async () => {
      asked += 1
      return addresses.map((address) => ({
        address,
        family: address.includes(':') ? (6 as const) : (4 as const),
      }))
    }
    return { lookup, asked: () => asked }
  }

  it('returns every checked address after one look-up', async () => {
    const dns = answers('8.8.8.8', '2606:4700::1111')
    const found = await resolveChecked('api.example', { lookup: dns.lookup })
    expect(found.map((entry) => entry.address)).toEqual(['8.8.8.8', '2606:4700::1111'])
    expect(dns.asked()).toBe(1)
  })

  it('refuses a name that hides one inner address among public ones, and says which', async () => {
    const dns = answers('8.8.8.8', '10.0.0.5')
    await expect(resolveChecked('rebind.example', { lookup: dns.lookup })).rejects.toThrow(
      'rebind.example resolves to 10.0.0.5, which is a private address',
    )
  })

  it('refuses inner literals, in brackets or not, unless the operator allows them', async () => {
    await expect(resolveChecked('127.0.0.1')).rejects.toThrow(AddressRefused)
    await expect(resolveChecked('[::1]')).rejects.toThrow('::1')
    await expect(resolveChecked('[::1]', { allowPrivate: true })).resolves.toEqual([
      { address: '::1', family: 6 },
    ])
  })

  it('says so when a name has no address', async () => {
    const failing = async () => {
      throw new Error('ENOTFOUND')
    }
    await expect(resolveChecked('nowhere.example', { lookup: failing })).rejects.toThrow(
      'nowhere.example could not be resolved',
    )
    await expect(resolveChecked('empty.example', { lookup: async () => [] })).rejects.toThrow(AddressRefused)
  })

  it('resolves the real localhost and refuses it', async () => {
    await expect(resolveChecked('localhost')).rejects.toThrow('loopback address')
  })
})

import { describe, expect, it } from 'vitest'
import { findRule, parseAuthority, parseEgressHosts } from './egress-rules.ts'

const allows = (hosts: string[], host: string, port: number) =>
  findRule(parseEgressHosts(hosts), { host, port }) !== undefined

describe('declared hosts', () => {
  it('allow the standard ports, or the one that is named', () => {
    expect(allows(['api.example.com'], 'api.example.com', 443)).toBe(true)
    expect(allows(['api.example.com'], 'api.example.com', 80)).toBe(true)
    expect(allows(['api.example.com'], 'api.example.com', 8443)).toBe(false)
    expect(allows(['api.example.com:8443'], 'api.example.com', 8443)).toBe(true)
    expect(allows(['api.example.com:8443'], 'api.example.com', 443)).toBe(false)
  })

  it('allow no other host, however it resembles the declared one', () => {
    for (const host of [
      'example.com',
      'evil-api.example.com',
      'api.example.com.evil.example',
      'xapi.example.com',
    ]) {
      expect(allows(['api.example.com'], host, 443), host).toBe(false)
    }
  })

  it('with a wildcard allow every name below, not the name itself', () => {
    expect(allows(['*.example.com'], 'a.example.com', 443)).toBe(true)
    expect(allows(['*.example.com'], 'a.b.example.com', 443)).toBe(true)
    expect(allows(['*.example.com'], 'example.com', 443)).toBe(false)
    expect(allows(['*.example.com'], '.example.com', 443)).toBe(false)
    expect(allows(['*.example.com'], 'badexample.com', 443)).toBe(false)
  })

  it.each([
    '',
    'http://a.example',
    'a.example/path',
    'user@a.example',
    'a b',
    '*',
    '*.127.0.0.1',
    'a:0',
    'a:99999',
    'a?b',
  ])('are refused when they cannot be read: "%s"', (entry) =>
    expect(() => parseEgressHosts([entry])).toThrow(`"${entry}" is not an egress host`),
  )
})

it.each([
  ['API.Example.COM.', { host: 'api.example.com', port: null }],
  ['bücher.example:80', { host: 'xn--bcher-kva.example', port: 80 }],
  ['0x7f.1:443', { host: '127.0.0.1', port: 443 }],
  ['2130706433', { host: '127.0.0.1', port: null }],
  ['[0:0::1]:8080', { host: '::1', port: 8080 }],
  ['[::ffff:127.0.0.1]', { host: '::ffff:7f00:1', port: null }],
])('a target is read in one canonical form: %s', (text, expected) => {
  expect(parseAuthority(text)).toEqual(expected)
})

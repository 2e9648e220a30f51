/**
 * Which network addresses Berth may call on behalf of somebody else.
 *
 * Everything outbound that a release, a tenant or a document can name (declared egress, remote servers, webhooks)
 * resolves once, checks every answer here and connects to the checked address, so that a name cannot be pointed
 * at the host, its neighbours or a cloud's metadata service between the check and the connection.
 */
import { lookup as systemLookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'

/** What an address is for. Only `public` is reachable for others by default. */
export type AddressKind =
  | 'public'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'shared'
  | 'link-local'
  | 'metadata'
  | 'multicast'
  | 'translated'
  | 'reserved'

export interface ResolvedAddress {
  address: string
  family: 4 | 6
}

/** Resolves a name to all its addresses; `dns.lookup(…, { all: true })` unless a test brings its own. */
export type Lookup = (host: string) => Promise<ResolvedAddress[]>

/** A host that may not be called, with the address that is the reason (or none when it has no address at all). */
export class AddressRefused extends Error {
  readonly host: string
  readonly address: string | null
  readonly kind: AddressKind | 'unresolved'

  constructor(host: string, address: string | null, kind: AddressKind | 'unresolved') {
    super(refusal(host, address, kind))
    this.name = 'AddressRefused'
    this.host = host
    this.address = address
    this.kind = kind
  }
}

function refusal(host: string, address: string | null, kind: AddressKind | 'unresolved'): string {
  if (address === null) return `${host} could not be resolved`
  const what = `${kind === 'unspecified' ? 'an' : 'a'} ${kind} address`
  return host === address ? `${address} is ${what}` : `${host} resolves to ${address}, which is ${what}`
}

// In order: the first range that holds an address names it.
const ranges4: [AddressKind, string, number][] = [
  ['metadata', '169.254.169.254', 32],
  ['metadata', '100.100.100.200', 32],
  ['metadata', '168.63.129.16', 32],
  ['metadata', '192.0.0.192', 32],
  ['unspecified', '0.0.0.0', 8],
  ['loopback', '127.0.0.0', 8],
  ['private', '10.0.0.0', 8],
  ['private', '172.16.0.0', 12],
  ['private', '192.168.0.0', 16],
  ['shared', '100.64.0.0', 10],
  ['link-local', '169.254.0.0', 16],
  ['multicast', '224.0.0.0', 4],
  ['reserved', '192.0.0.0', 24],
  ['reserved', '192.0.2.0', 24],
  ['reserved', '192.88.99.0', 24],
  ['reserved', '198.18.0.0', 15],
  ['reserved', '198.51.100.0', 24],
  ['reserved', '203.0.113.0', 24],
  ['reserved', '240.0.0.0', 4],
]

const ranges6: [AddressKind, string, number][] = [
  ['metadata', 'fd00:ec2::254', 128],
  ['unspecified', '::', 128],
  ['loopback', '::1', 128],
  ['private', 'fc00::', 7],
  ['link-local', 'fe80::', 10],
  ['private', 'fec0::', 10],
  ['multicast', 'ff00::', 8],
  // Addresses that carry an IPv4 address through a gateway we cannot see behind.
  ['translated', '64:ff9b:1::', 48],
  ['translated', '2002::', 16],
  ['translated', '2001::', 32],
  ['translated', '::', 96],
  ['reserved', '2001:db8::', 32],
  ['reserved', '100::', 64],
]

function matcher(family: 'ipv4' | 'ipv6') {
  return ([kind, network, prefix]: [AddressKind, string, number]) => {
    const list = new BlockList()
    list.addSubnet(network, prefix, family)
    return { kind, holds: (address: string) => list.check(address, family) }
  }
}

const matchers4 = ranges4.map(matcher('ipv4'))
const matchers6 = ranges6.map(matcher('ipv6'))
const globalUnicast6 = matcher('ipv6')(['public', '2000::', 3])

/**
 * Names what an IP literal is for. IPv4 addresses written inside IPv6 (mapped `::ffff:0:0/96`, NAT64 `64:ff9b::/96`) are
 * judged by the address they carry. Throws a TypeError for anything that is not an IP literal.
 */
export function addressKind(address: string): AddressKind {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  if (family === 0) throw new TypeError(`not an IP address: ${address}`)
  if (family === 4) return matchers4.find((range) => range.holds(bare))?.kind ?? 'public'
  const carried = carriedAddress(bare)
  if (carried !== null) return addressKind(carried)
  const special = matchers6.find((range) => range.holds(bare))
  return special?.kind ?? (globalUnicast6.holds(bare) ? 'public' : 'reserved')
}

/** True when an IP literal may be called for others without an operator's word. */
export function isPublicAddress(address: string): boolean {
  return addressKind(address) === 'public'
}

/**
 * Resolves a host once and returns its addresses, all of them checked: one that is not public refuses the host, because
 * the next connection might pick it. IP literals are checked the same way. `allowPrivate` skips the check (an operator's
 * choice). Throws AddressRefused; connect to a returned address, never to the name again.
 */
export async function resolveChecked(
  host: string,
  options: { allowPrivate?: boolean; lookup?: Lookup } = {},
): Promise<ResolvedAddress[]> {
  const addresses = await resolve(host, options.lookup ?? lookupAll)
  if (addresses.length === 0) throw new AddressRefused(host, null, 'unresolved')
  if (options.allowPrivate) return addresses
  for (const { address } of addresses) {
    const kind = addressKind(address)
    if (kind !== 'public') throw new AddressRefused(host, address, kind)
  }
  return addresses
}

async function resolve(host: string, lookup: Lookup): Promise<ResolvedAddress[]> {
  const literal = host.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(literal)
  if (family !== 0) return [{ address: literal, family: family as 4 | 6 }]
  try {
    return await lookup(host)
  } catch {
    throw new AddressRefused(host, null, 'unresolved')
  }
}

async function lookupAll(host: string): Promise<ResolvedAddress[]> {
  return (await systemLookup(host, { all: true, verbatim: true })) as ResolvedAddress[]
}

/** The IPv4 address inside a mapped or NAT64 address, dotted; null for every other address. */
function carriedAddress(address: string): string | null {
  const words = expand(address)
  const head = words.slice(0, 6).join(':')
  if (head !== '0:0:0:0:0:ffff' && head !== '64:ff9b:0:0:0:0') return null
  const [high, low] = [parseInt(words[6]!, 16), parseInt(words[7]!, 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight 16-bit words of an IPv6 literal, in the URL parser's canonical hexadecimal. */
function expand(address: string): string[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const left = head === '' ? [] : head.split(':')
  if (tail === undefined) return left
  const right = tail === '' ? [] : tail.split(':')
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
}

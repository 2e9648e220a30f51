/** What a release declares about the network: `host` (ports 80 and 443), `host:port`, `*.example.com`. */
import { isIP } from 'node:net'

export interface EgressRule {
  /** Canonical: lower case, punycode, IPv6 without brackets; a wildcard starts with `*.`. */
  host: string
  ports: number[]
}

export interface EgressTarget {
  host: string
  port: number
}

const STANDARD_PORTS = [80, 443]

/** Reads a release's declaration. Throws a TypeError that names the entry at fault. */
export function parseEgressHosts(entries: string[]): EgressRule[] {
  return entries.map((entry) => {
    const wildcard = entry.startsWith('*.')
    const target = parseAuthority(wildcard ? entry.slice(2) : entry)
    if (target === null || (wildcard && isIP(target.host) !== 0)) {
      throw new TypeError(`"${entry}" is not an egress host; write "host", "host:port" or "*.example.com"`)
    }
    const host = wildcard ? `*.${target.host}` : target.host
    return { host, ports: target.port === null ? STANDARD_PORTS : [target.port] }
  })
}

/** The rule that lets a target through, or undefined. */
export function findRule(rules: EgressRule[], { host, port }: EgressTarget): EgressRule | undefined {
  return rules.find((rule) => rule.ports.includes(port) && hostMatches(rule.host, host))
}

function hostMatches(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host
  return host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
}

/** Splits and canonicalises `host[:port]`, so that `0x7f.1`, `LOCALHOST.` and `[::1]:80` cannot dodge a rule. */
export function parseAuthority(text: string): { host: string; port: number | null } | null {
  if (!/^[^\s/?#@\\]+$/.test(text)) return null
  try {
    // ws: has the default port 80 in URLs, so an explicit one is told apart by the text itself.
    const url = new URL(`ws://${text}`)
    const explicit = /:(\d+)$/.exec(text.replace(/^\[[^\]]*\]/, ''))
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
    if (!/^[a-z0-9._:-]+$/.test(host) || explicit?.[1] === '0') return null
    return { host, port: explicit ? Number(explicit[1]) : null }
  } catch {
    return null
  }
}

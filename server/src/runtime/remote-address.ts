import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { Agent } from 'undici'
import { isLoopback } from '../platform/config.ts'
import { addressKind, AddressRefused, isPublicAddress, resolveChecked } from '../platform/net/addresses.ts'

const agents = new Map<string, Agent>()

/**
 * Connections to a remote server's host: its name is resolved for each, every address is checked, and the checked one
 * is the one connected to, so that a name cannot lead inside. Loopback is allowed only where the URL itself says so.
 */
export function remoteDispatcher(url: string): Agent {
  const { origin, hostname } = new URL(url)
  const known = agents.get(origin)
  if (known) return known
  const host = hostname.replace(/^\[|\]$/g, '')
  // Node looks literals up nowhere, so they are checked here.
  if (isIP(host) && !isLoopback(host) && !isPublicAddress(host))
    throw new AddressRefused(host, host, addressKind(host))
  const agent = new Agent({
    // Every session keeps one for its stream: calls must not wait for those.
    connections: 10_000,
    pipelining: 1,
    bodyTimeout: 0,
    headersTimeout: 0,
    connect: {
      timeout: 10_000,
      lookup: (name, options, callback) => {
        resolveChecked(name, { allowPrivate: isLoopback(host) }).then(
          (addresses) => answer(addresses, options.all === true, callback),
          (error: Error) => callback(error, []),
        )
      },
    },
  })
  agents.set(origin, agent)
  return agent
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void

function answer(addresses: LookupAddress[], all: boolean, callback: LookupCallback): void {
  if (all) callback(null, addresses)
  else callback(null, addresses[0]!.address, addresses[0]!.family)
}

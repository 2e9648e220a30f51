import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { Agent } from 'undici'
import { isLoopback } from '../platform/config.ts'
import { addressKind, AddressRefused, isPublicAddress, resolveChecked } from '../platform/net/addresses.ts'

/** Connections to one origin, for all who use it now. */
interface Shared {
  agent: Agent
  users: number
}

const shared = new Map<string, Shared>()

/** Connections to a remote server's host, until they are given back; closed when nobody has them any more. */
export function borrowDispatcher(url: string): { dispatcher: Agent; giveBack(): void } {
  const { origin } = new URL(url)
  const one = shared.get(origin) ?? { agent: newAgent(url), users: 0 }
  shared.set(origin, one)
  one.users++
  let given = false
  return {
    dispatcher: one.agent,
    giveBack: () => {
      if (given) return
      given = true
      if (--one.users > 0) return
      shared.delete(origin)
      void one.agent.close()
    },
  }
}

/**
 * The host's name is resolved for each connection, every address is checked, and the checked one is the one connected to,
 * so that a name cannot lead inside. Loopback is allowed only where the URL itself says so.
 */
function newAgent(url: string): Agent {
  const { hostname } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  // Node looks literals up nowhere, so they are checked here.
  if (isIP(host) && !isLoopback(host) && !isPublicAddress(host))
    throw new AddressRefused(host, host, addressKind(host))
  return new Agent({
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
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void

function answer(addresses: LookupAddress[], all: boolean, callback: LookupCallback): void {
  if (all) callback(null, addresses)
  else callback(null, addresses[0]!.address, addresses[0]!.family)
}

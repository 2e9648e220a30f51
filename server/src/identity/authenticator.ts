import type { LogEvent } from '@berth/contracts'
import { sha256 } from '../platform/crypto.ts'
import type { Authenticator, Principal } from '../platform/http/principal.ts'
import type { Platform } from '../platform/platform.ts'
import { credentialIn, credentialOf } from './credentials.ts'
import { trackLastUsed } from './last-used.ts'
import { findPrincipal, type Found } from './principals.ts'

export interface IdentityAuthenticator {
  /** For the API: asks the database every time, so that what is revoked is refused from its commit on. */
  authenticate: Authenticator['authenticate']
  /**
   * For the gateway's hot path: from memory, as long as this process sees the log; what the log revokes is dropped.
   * Null: no such token, or it no longer holds.
   */
  authenticateBearer(token: string): Promise<Principal | null>
  close(): Promise<void>
}

/** Events after which a principal may be another one, or nobody. */
const changesPrincipals = new Set([
  'token.revoked',
  'session.revoked',
  'member.added',
  'member.role_changed',
  'member.removed',
  'user.disabled',
  'user.email_changed',
  'user.email_verified',
  'user.role_revoked',
  'operator.recovered',
  'organization.suspended',
  'organization.resumed',
  'organization.closed',
])

const capacity = 20_000

/** Recognises callers by bearer token or cookie. */
export function createAuthenticator(platform: Platform, cookieName: () => string): IdentityAuthenticator {
  const { clock, feed } = platform
  const lastUsed = trackLastUsed(platform)
  const cache = new Map<string, Found>()
  /** Raised by every event that may change principals: a look-up that began before must not be kept. */
  let generation = 0

  function forget(events: LogEvent[]): void {
    const changes = events.filter((event) => changesPrincipals.has(event.type))
    if (changes.length === 0) return
    generation++
    const revoked = new Set(changes.map(({ payload }) => payload['tokenId'] ?? payload['sessionId']))
    if (revoked.has(undefined)) return cache.clear()
    for (const [key, { principal }] of cache) {
      if (revoked.has(principal.tokenId ?? principal.sessionId)) cache.delete(key)
    }
  }

  const unsubscribe = feed.subscribe(forget)

  async function authenticateBearer(token: string): Promise<Principal | null> {
    const key = sha256(token).toString('base64url')
    const kept = feed.isFresh() ? cache.get(key) : undefined
    const found = kept ?? (await lookUp(key, token))
    if (!found || (found.expiresAt && found.expiresAt <= clock.now())) return null
    lastUsed.note(found.principal)
    return found.principal
  }

  async function lookUp(key: string, token: string): Promise<Found | null> {
    const started = generation
    const found = await findPrincipal(platform, credentialOf(token), clock.now())
    if (!found || started !== generation) return found
    if (cache.size >= capacity) cache.clear()
    cache.set(key, found)
    return found
  }

  return {
    authenticate: async (headers) => {
      const credential = credentialIn(headers, cookieName())
      const found = credential && (await findPrincipal(platform, credential, clock.now()))
      if (!found) return null
      lastUsed.note(found.principal)
      return found.principal
    },
    authenticateBearer,
    close: async () => {
      unsubscribe()
      await lastUsed.close()
    },
  }
}

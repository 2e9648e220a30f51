import type { Principal } from '../platform/http/principal.ts'
import { Refusal } from '../platform/problem.ts'

/** A person who is here themselves: a token must not make tokens or change the account, or a narrow one would grow. */
export function signedIn(principal: Principal): Principal {
  if (principal.sessionId) return principal
  throw new Refusal('forbidden', 'This needs a sign-in: a token cannot manage accounts, tokens or sign-ins.')
}

/** What the gateway itself says no with. */
import { haltedSentence } from '@berth/contracts'
import { rpcCodes, type Refusal } from '../relay/service.ts'

/** JSON-RPC code of a refusal by policy or by what the caller may do. */
export const refusedCode = rpcCodes.refused

const refused = (httpStatus: number, message: string): Refusal => ({ code: refusedCode, message, httpStatus })

export const foreign = refused(403, 'This Host or Origin is not allowed here.')
export const noToken = refused(401, 'Send an API or service token of Berth as `Authorization: Bearer …`.')
export const badToken = refused(401, 'This token is unknown, expired or revoked.')
export const unavailable = refused(503, 'Berth cannot read its database right now; try again shortly.')
export const homeless = refused(503, 'The deployment has no home right now; try again shortly.')
export const nothingHere = refused(
  404,
  'There is no such deployment: the address is /mcp/{organization}/{workspace}/{deployment}.',
)
export const noScope = refused(403, 'This token may not call tools here: it lacks the scope tools:call.')
/** The organization is not active. */
export const haltedRefusal = (state: keyof typeof haltedSentence) => refused(403, haltedSentence[state])
export const notAllowed = refused(403, 'This token is not allowed for this deployment.')

/** The process that a request was passed on to went away before it answered. */
export const homeGone: Refusal = {
  code: rpcCodes.serverGone,
  message: "The deployment's home went away; whether the call was carried out is not known.",
  httpStatus: 502,
}
export const stale = refused(
  503,
  'Berth cannot see its own log right now, so it refuses calls. Try again shortly.',
)
export const unread = refused(503, 'The deployment could not be read just now; try again shortly.')

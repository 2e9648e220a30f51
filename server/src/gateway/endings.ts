/** What the log takes back ends open sessions at once: calls in flight are told why, streams end. */
import type { LogEvent } from '@berth/contracts'
import type { McpEndpoint, SessionView } from '../relay/service.ts'
import type { StopReason } from '../runtime/service.ts'
import { refusalOf } from './admission.ts'
import type { CallerContext } from './context.ts'
import { refusedCode } from './refusals.ts'

export interface Endings {
  /** Notes that a session is used with a credential; it ends with any of them. */
  used(session: SessionView, context: CallerContext): void
  /** Ends what an event takes back. */
  hear(event: LogEvent): void
  /** Ends the sessions of a deployment with what stands in their way. */
  ofDeployment(deploymentId: string, why: StopReason): void
}

export function createEndings(endpoint: McpEndpoint<CallerContext>): Endings {
  /** Credentials besides the one that opened the session. */
  const others = new WeakMap<SessionView, Set<string | null>>()

  function end(which: (context: CallerContext, session: SessionView) => boolean, message: string): void {
    const refusal = { code: refusedCode, message }
    endpoint.closeSessions((session) => which(openerOf(session), session), refusal)
  }

  const endWith = (credential: unknown, message: string) =>
    end(
      ({ tokenId }, session) => tokenId === credential || !!others.get(session)?.has(credential as string),
      message,
    )

  function ofDeployment(deploymentId: string, why: StopReason): void {
    const refusal = refusalOf(why)
    endpoint.closeSessions((session) => session.scope === deploymentId, refusal)
  }

  return {
    ofDeployment,
    used: (session, { tokenId }) => {
      if (openerOf(session).tokenId === tokenId) return
      const known = others.get(session)
      if (known) known.add(tokenId)
      else others.set(session, new Set([tokenId]))
    },
    hear: ({ type, organizationId, payload }) => {
      if (type === 'token.revoked') {
        const expired = payload['reason'] === 'expired'
        endWith(payload['tokenId'], expired ? 'The token expired.' : 'The token was revoked.')
      } else if (type === 'session.revoked') endWith(payload['sessionId'], 'The sign-in was ended.')
      else if (type === 'member.removed' || type === 'member.role_changed') {
        const ofMember = (one: CallerContext) =>
          one.principalId === payload['userId'] && one.organizationId === organizationId
        const removed = type === 'member.removed'
        end(ofMember, removed ? 'You are no longer a member here.' : 'Your role changed; connect again.')
      } else if (type === 'organization.suspended' || type === 'organization.closed') {
        const ofOrganization = (one: CallerContext) => one.organizationId === organizationId
        end(
          ofOrganization,
          `The organization was ${type === 'organization.closed' ? 'closed' : 'suspended'}.`,
        )
      } else if (type === 'user.disabled') {
        end(({ principalId }) => principalId === payload['userId'], 'The account was disabled.')
      }
    },
  }
}

const openerOf = (session: SessionView) => session.context as CallerContext

import { invitationEndpoints } from '@berth/contracts'
import type { Clock } from '../../platform/clock.ts'
import { implement, type RequestContext, type Route } from '../../platform/http/implement.ts'
import { Refusal } from '../../platform/problem.ts'
import { acceptInvitation, declineInvitation, previewInvitation } from './answer.ts'
import type { InvitationContext } from './context.ts'
import { createInvitation, resendInvitation, revokeInvitation } from './invitations.ts'
import { pageOfInvitations, readInvitation } from './store.ts'

const hour = 3600
const paces = {
  inviter: { max: 50, seconds: hour },
  organization: { max: 200, seconds: hour },
  recipient: { max: 5, seconds: hour },
  address: { max: 60, seconds: 60 },
}

export function invitationRoutes(clock: Clock, invitations: InvitationContext): Route[] {
  const { demandPace } = invitations

  /** So that nobody is flooded, and nobody makes others flood. */
  async function demandCalm({ principal, organizationId }: RequestContext, email: string): Promise<void> {
    await demandPace(`invite:by:${principal.id}`, paces.inviter)
    await demandPace(`invite:in:${organizationId}`, paces.organization)
    await demandPace(`invite:to:${email.toLowerCase()}`, paces.recipient)
  }
  const demandCalmAt = ({ address }: RequestContext) => demandPace(`invite:at:${address}`, paces.address)

  return implement(invitationEndpoints, {
    list: (context, { query }) => pageOfInvitations(context.db, context.organizationId, query),
    create: async (context, { body }) => {
      await demandCalm(context, body.email)
      return context.mutate((tx) => createInvitation(tx, invitations, context.organizationId, body))
    },
    resend: async (context, { params }) => {
      const { email } = await readInvitation(context.db, context.organizationId, params.invitationId)
      await demandCalm(context, email)
      return context.mutate((tx) =>
        resendInvitation(tx, invitations, context.organizationId, params.invitationId),
      )
    },
    revoke: (context, { params }) =>
      context.mutate((tx) => revokeInvitation(tx, context.organizationId, params.invitationId)),
    preview: async (context, { params }) => {
      await demandCalmAt(context)
      return previewInvitation(context.db, params.token, clock.now())
    },
    accept: async (context, { params }) => {
      const { sessionId, id } = context.principal
      if (!sessionId)
        throw new Refusal('forbidden', 'This needs a sign-in: a token cannot join organizations.')
      await demandCalmAt(context)
      return context.mutate((tx) => acceptInvitation(tx, invitations, params.token, id))
    },
    decline: async (context, { params }) => {
      await demandCalmAt(context)
      await context.mutate((tx) => declineInvitation(tx, params.token))
    },
  })
}

import { z } from 'zod'
import { emailAddress } from '../account.ts'
import { endpoint } from '../endpoint.ts'
import { idOf, organizationRef, timestamp } from '../ids.ts'
import { pageOf, pageQuery } from '../pagination.ts'
import { memberRole } from '../permissions.ts'

export const invitationState = z.enum(['pending', 'accepted', 'declined', 'revoked', 'expired'])

export const invitation = z.object({
  id: idOf('invitation'),
  organizationId: idOf('organization'),
  email: z.string(),
  role: memberRole,
  state: invitationState,
  invitedBy: z.object({ id: idOf('user'), name: z.string() }).nullable(),
  /** Whether the link went out by e-mail; otherwise who invited passes it on. */
  mailed: z.boolean(),
  createdAt: timestamp,
  sentAt: timestamp,
  expiresAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type Invitation = z.infer<typeof invitation>

const withLink = invitation.extend({
  link: z.string().nullable().describe('Shown once, where no e-mail is sent: pass it on yourself'),
})

/** Any text: a link that was copied in part is answered as one that nobody knows. */
const token = z.string().min(1).max(100)
const inOrganization = z.object({ organizationId: organizationRef })
const one = inOrganization.extend({ invitationId: idOf('invitation') })
const write = { kind: 'organization', permission: 'members:write' } as const

export const invitationEndpoints = {
  list: endpoint({
    id: 'invitations.list',
    method: 'GET',
    path: '/api/orgs/:organizationId/invitations',
    tag: 'invitations',
    summary: 'Who is invited, newest first',
    access: { kind: 'organization', permission: 'members:read' },
    params: inOrganization,
    query: pageQuery.extend({ state: invitationState.optional() }),
    response: pageOf(invitation),
  }),
  create: endpoint({
    id: 'invitations.create',
    example: { body: { email: '$EMAIL', role: 'developer' } },
    method: 'POST',
    path: '/api/orgs/:organizationId/invitations',
    tag: 'invitations',
    summary: 'Invite somebody; a seat is reserved until it is answered',
    access: write,
    params: inOrganization,
    body: z.object({
      email: emailAddress,
      role: memberRole,
      expiresInDays: z.number().int().min(1).max(30).default(7),
    }),
    status: 201,
    response: withLink,
    idempotent: true,
  }),
  resend: endpoint({
    id: 'invitations.resend',
    method: 'POST',
    path: '/api/orgs/:organizationId/invitations/:invitationId/resend',
    tag: 'invitations',
    summary: 'Send it again with a new link; the old one ends, the time begins anew',
    access: write,
    params: one,
    response: withLink,
  }),
  revoke: endpoint({
    id: 'invitations.revoke',
    method: 'DELETE',
    path: '/api/orgs/:organizationId/invitations/:invitationId',
    tag: 'invitations',
    summary: 'Take an invitation back; its seat is free again',
    access: write,
    params: one,
  }),
  preview: endpoint({
    id: 'invitations.preview',
    method: 'GET',
    path: '/api/orgs/invitations/:token',
    tag: 'invitations',
    summary: 'What an invitation link offers',
    description: 'The same answer for a link that is unknown, was answered or revoked, or has expired.',
    access: { kind: 'public' },
    params: z.object({ token }),
    response: z.object({
      organization: z.object({ name: z.string() }),
      role: memberRole,
      email: z.string(),
      invitedBy: z.string().nullable(),
      expiresAt: timestamp,
    }),
  }),
  accept: endpoint({
    id: 'invitations.accept',
    method: 'POST',
    path: '/api/orgs/invitations/:token/accept',
    tag: 'invitations',
    summary: 'Join the organization: by the person whose address was invited',
    unverified: true,
    access: { kind: 'user' },
    params: z.object({ token }),
    response: z.object({ organizationId: idOf('organization'), slug: z.string(), role: memberRole }),
  }),
  decline: endpoint({
    id: 'invitations.decline',
    method: 'POST',
    path: '/api/orgs/invitations/:token/decline',
    tag: 'invitations',
    summary: 'Decline an invitation; its seat is free again',
    description: 'Whoever holds the link may, with an account or without.',
    access: { kind: 'public' },
    params: z.object({ token }),
  }),
}

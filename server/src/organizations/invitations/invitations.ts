import { next, invitationMachine, refusalOf, type Invitation, type MemberRole } from '@berth/contracts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { demandOwner } from '../owners.ts'
import { lockOrganization } from '../store.ts'
import type { InvitationContext } from './context.ts'
import { newToken, readInvitation } from './store.ts'

const dayMs = 24 * 3600_000

export type WithLink = Invitation & { link: string | null }

/** Invites somebody and keeps a seat for them; one address has one invitation at a time. */
export async function createInvitation(
  tx: Tx,
  context: InvitationContext,
  organizationId: string,
  given: { email: string; role: MemberRole; expiresInDays: number },
): Promise<WithLink> {
  const email = given.email.toLowerCase()
  const { role } = given
  await lockOrganization(tx.db, organizationId)
  if (role === 'owner') await demandOwner(tx, organizationId)
  await expireDue(tx, organizationId)
  await demandNewcomer(tx, organizationId, email)
  await context.demandSeat(tx, organizationId)
  const id = newId('invitation')
  const { token, hash } = newToken()
  await tx.db
    .insertInto('invitations')
    .values({
      id,
      organizationId,
      email,
      role,
      hash,
      state: 'pending',
      invitedBy: tx.actor.kind === 'user' ? tx.actor.id : null,
      mailed: context.notifications.sendsMail,
      createdAt: tx.now,
      sentAt: tx.now,
      expiresAt: new Date(tx.now.getTime() + given.expiresInDays * dayMs),
    })
    .execute()
  tx.emit(organizationId, 'invitation.created', { invitationId: id, role })
  return deliver(tx, context, organizationId, id, token)
}

/** Sends it again: the same invitation for as long as it was good at first, with a new link; the old one ends. */
export async function resendInvitation(
  tx: Tx,
  context: InvitationContext,
  organizationId: string,
  id: string,
): Promise<WithLink> {
  await lockOrganization(tx.db, organizationId)
  await expireDue(tx, organizationId)
  const { state, role, sentAt, expiresAt } = await readInvitation(tx.db, organizationId, id)
  if (role === 'owner') await demandOwner(tx, organizationId)
  if (state !== 'pending')
    throw new Refusal(
      'invalid_state',
      `Only a pending invitation can be sent again; this one is ${state}. Invite them anew.`,
    )
  const { token, hash } = newToken()
  const goodForMs = Date.parse(expiresAt) - Date.parse(sentAt)
  await tx.db
    .updateTable('invitations')
    .set({
      hash,
      mailed: context.notifications.sendsMail,
      sentAt: tx.now,
      expiresAt: new Date(tx.now.getTime() + goodForMs),
    })
    .where('id', '=', id)
    .execute()
  tx.emit(organizationId, 'invitation.resent', { invitationId: id })
  return deliver(tx, context, organizationId, id, token)
}

/** Takes an invitation back. Throws `not_found`, `invalid_state`. */
export async function revokeInvitation(tx: Tx, organizationId: string, id: string): Promise<void> {
  await lockOrganization(tx.db, organizationId)
  await expireDue(tx, organizationId)
  const { state } = await readInvitation(tx.db, organizationId, id)
  const refusal = refusalOf(invitationMachine, state, 'revoke')
  if (refusal) throw new Refusal('invalid_state', refusal)
  await endInvitation(tx, organizationId, id, 'revoke')
}

/** An invitation that waits for somebody who is added without it: its seat is theirs. */
export async function withdrawFor(tx: Tx, organizationId: string, email: string): Promise<void> {
  await expireDue(tx, organizationId)
  const pending = await pendingFor(tx, organizationId, email)
  if (pending) await endInvitation(tx, organizationId, pending.id, 'revoke')
}

/** Takes back all that are pending, of an organization that is held and about to be closed. */
export async function revokeInvitationsOf(tx: Tx, organizationId: string): Promise<void> {
  await expireDue(tx, organizationId)
  const pending = await tx.db
    .selectFrom('invitations')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('state', '=', 'pending')
    .orderBy('id')
    .execute()
  for (const { id } of pending) await endInvitation(tx, organizationId, id, 'revoke')
}

/** Ends what is over, so that its seat counts no longer; the organization is held by the caller. */
export async function expireDue(tx: Tx, organizationId: string): Promise<void> {
  const due = await tx.db
    .selectFrom('invitations')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('state', '=', 'pending')
    .where('expiresAt', '<=', tx.now)
    .execute()
  for (const { id } of due) await endInvitation(tx, organizationId, id, 'expire')
}

/** Ends a pending invitation whose organization is held; false: something else ended it meanwhile. */
export async function endInvitation(
  tx: Tx,
  organizationId: string,
  id: string,
  action: 'accept' | 'decline' | 'revoke' | 'expire',
): Promise<boolean> {
  const state = next(invitationMachine, 'pending', action) as Exclude<Invitation['state'], 'pending'>
  const ended = await tx.db
    .updateTable('invitations')
    .set({ state, endedAt: tx.now })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .returning('id')
    .executeTakeFirst()
  if (!ended) return false
  tx.emit(organizationId, `invitation.${state}`, { invitationId: id })
  return true
}

async function demandNewcomer(tx: Tx, organizationId: string, email: string): Promise<void> {
  const member = await tx.db
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.userId')
    .select('m.id')
    .where('m.organizationId', '=', organizationId)
    .where('u.email', '=', email)
    .executeTakeFirst()
  if (member) throw taken('This person is a member already.')
  if (await pendingFor(tx, organizationId, email))
    throw taken('This address is invited already. Send that invitation again, or revoke it.')
}

const taken = (message: string) => new Refusal('duplicate', message, { errors: [{ path: 'email', message }] })

function pendingFor(tx: Tx, organizationId: string, email: string) {
  return tx.db
    .selectFrom('invitations')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('email', '=', email)
    .where('state', '=', 'pending')
    .executeTakeFirst()
}

/** By e-mail where there is a mail server; elsewhere whoever invited gets the link, once. */
async function deliver(
  tx: Tx,
  { notifications, publicUrl }: InvitationContext,
  organizationId: string,
  id: string,
  token: string,
): Promise<WithLink> {
  const invitation = await readInvitation(tx.db, organizationId, id)
  const url = `${publicUrl()}/onboarding/invite/${token}`
  if (!notifications.sendsMail) return { ...invitation, link: url }
  const organization = await tx.db
    .selectFrom('organizations')
    .select('name')
    .where('id', '=', organizationId)
    .executeTakeFirst()
  if (!organization) throw notFound('organization')
  await notifications.sendMail(tx, {
    to: invitation.email,
    kind: 'invitation',
    data: {
      organization: organization.name,
      inviter: invitation.invitedBy?.name ?? null,
      role: invitation.role,
      expiresAt: invitation.expiresAt,
      url,
    },
    goodUntil: new Date(invitation.expiresAt),
  })
  return { ...invitation, link: null }
}

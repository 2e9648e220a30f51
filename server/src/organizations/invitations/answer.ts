import { haltedSentence, type Invitation, type MemberRole } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { insertMember } from '../members.ts'
import { lockOrganization, readOrganization, roleOf } from '../store.ts'
import type { InvitationContext } from './context.ts'
import { endInvitation } from './invitations.ts'
import { findByToken, type InvitationRow } from './store.ts'

/** Said of every link that is good for nothing: whoever has none of ours learns nothing from it. */
export const goneSentence =
  'This invitation is not good: it was used or taken back, has expired, or the link is not whole. Ask for a new one.'
const gone = () => new Refusal('not_found', goneSentence)

/** What a link offers; only while it can be accepted. */
export async function previewInvitation(db: Queryable, token: string, now: Date) {
  const row = await findByToken(db, token)
  if (!row || !isOpen(row, now)) throw gone()
  const organization = await readOrganization(db, row.organizationId)
  demandActive(organization.state)
  const inviter = await db
    .selectFrom('users')
    .select('name')
    .where('id', '=', row.invitedBy)
    .where('state', '=', 'active')
    .executeTakeFirst()
  return {
    organization: { name: organization.name },
    role: row.role as MemberRole,
    email: row.email,
    invitedBy: inviter?.name ?? null,
    expiresAt: row.expiresAt.toISOString(),
  }
}

/**
 * Makes the person a member: the invitation, the membership and its seat change together. Asked again by the same
 * person it answers the same. Whoever holds the link without being the one invited is told so only while it is good.
 */
export async function acceptInvitation(tx: Tx, context: InvitationContext, token: string, userId: string) {
  const seen = await findByToken(tx.db, token)
  if (!seen) throw gone()
  const organization = await lockOrganization(tx.db, seen.organizationId)
  const row = await findByToken(tx.db, token)
  const person = await tx.db
    .selectFrom('users')
    .select(['id', 'email', 'emailVerified'])
    .where('id', '=', userId)
    .executeTakeFirstOrThrow()
  const isTheirs = row?.email === person.email.toLowerCase()
  if (!row || (!isTheirs && !isOpen(row, tx.now))) throw gone()
  if (!isTheirs)
    throw new Refusal(
      'forbidden',
      `This invitation is for another address than your account's, ${person.email}. Sign in with the account it was sent to.`,
    )
  demandActive(organization.state)
  const { organizationId } = row
  const role = await roleOf(tx.db, organizationId, userId)
  if (role && row.state === 'accepted') return { organizationId, slug: organization.slug, role }
  if (role) throw new Refusal('duplicate', `You are a member of ${organization.name} already.`)
  if (!isOpen(row, tx.now)) throw new Refusal('invalid_state', over[row.state as Invitation['state']])
  demandOwnAddress(row, person, context)
  if (row.mailed) await context.verifyEmail(tx, person)
  await endInvitation(tx, organizationId, row.id, 'accept')
  await context.demandKeptSeat(tx, organizationId)
  const member = await insertMember(tx, { organizationId, userId, role: row.role as MemberRole })
  return { organizationId, slug: organization.slug, role: member.role }
}

/** Turns an invitation down. Whoever has the link may, also without an account. */
export async function declineInvitation(tx: Tx, token: string): Promise<void> {
  const seen = await findByToken(tx.db, token)
  if (!seen) throw gone()
  await lockOrganization(tx.db, seen.organizationId)
  const row = await findByToken(tx.db, token)
  if (!row || !isOpen(row, tx.now)) throw gone()
  await endInvitation(tx, row.organizationId, row.id, 'decline')
}

/** Whether a link that can be accepted was mailed to just this address. */
export async function isInvitedByMail(
  db: Queryable,
  token: string,
  email: string,
  now: Date,
): Promise<boolean> {
  const row = await findByToken(db, token)
  return row !== undefined && row.mailed && row.email === email && isOpen(row, now)
}

const isOpen = (row: InvitationRow, now: Date): boolean => row.state === 'pending' && row.expiresAt > now

/** Said only to the person it was for. */
const over: Record<Invitation['state'], string> = {
  pending: 'This invitation has expired. Ask for a new one.',
  expired: 'This invitation has expired. Ask for a new one.',
  accepted: 'This invitation was used already, and you are no member any more. Ask for a new one.',
  declined: 'You declined this invitation. Ask for a new one if you want to join after all.',
  revoked: 'This invitation was taken back. Ask whoever invited you.',
}

function demandActive(state: 'active' | 'suspended' | 'closed'): void {
  if (state === 'active') return
  throw new Refusal('invalid_state', `Nobody can join now. ${haltedSentence[state]}`)
}

/** A link that was mailed proves the address by itself; one that was handed on does not, where addresses can be proved. */
function demandOwnAddress(
  row: InvitationRow,
  person: { emailVerified: boolean },
  { notifications }: InvitationContext,
): void {
  if (row.mailed || person.emailVerified || !notifications.sendsMail) return
  throw new Refusal(
    'forbidden',
    'Confirm your e-mail address first: your account page sends you a link. Then open this invitation again.',
  )
}

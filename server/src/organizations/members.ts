import type { MemberRole } from '@berth/contracts'
import { newId } from '../platform/ids.ts'
import type { Tx } from '../platform/mutate.ts'
import { Refusal } from '../platform/problem.ts'
import { withdrawFor } from './invitations/invitations.ts'
import { demandOwner, keepAnOwner } from './owners.ts'
import { lockOrganization, readMember, roleOf, type Member } from './store.ts'

/** Ends what a person still holds in an organization they leave. */
export type OnLeave = (tx: Tx, organizationId: string, userId: string) => Promise<void>

/** Refuses one more person than the organization's plan allows; the organization is held by the caller. */
export type DemandSeat = (tx: Tx, organizationId: string) => Promise<void>

export async function insertMember(
  tx: Tx,
  input: { organizationId: string; userId: string; role: MemberRole },
): Promise<Member> {
  const id = newId('member')
  const { organizationId, userId, role } = input
  await demandActive(tx, userId)
  await tx.db.insertInto('members').values({ id, organizationId, userId, role, joinedAt: tx.now }).execute()
  tx.emit(organizationId, 'member.added', { memberId: id, userId, role })
  return readMember(tx.db, organizationId, id)
}

/** Held until the end: an account that is deleted meanwhile does not become a member after it is gone. */
async function demandActive(tx: Tx, userId: string): Promise<void> {
  const user = await tx.db
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .where('state', '=', 'active')
    .forKeyShare()
    .executeTakeFirst()
  if (!user) throw new Refusal('not_found', 'This account is gone, or disabled.')
}

/** Adds a person who has an account; 404 without one, 409 when they belong already, 422 without a seat. */
export async function addMember(
  tx: Tx,
  organizationId: string,
  input: { email: string; role: MemberRole },
  demandSeat: DemandSeat,
): Promise<Member> {
  await lockOrganization(tx.db, organizationId)
  if (input.role === 'owner') await demandOwner(tx, organizationId)
  const user = await tx.db
    .selectFrom('users')
    .select('id')
    .where('email', '=', input.email.toLowerCase())
    .where('state', '=', 'active')
    .executeTakeFirst()
  if (!user) {
    throw refused('not_found', 'Nobody has an account with this e-mail address; ask them to sign up first.')
  }
  if (await roleOf(tx.db, organizationId, user.id)) {
    throw refused('duplicate', 'This person is a member already.')
  }
  await withdrawFor(tx, organizationId, input.email.toLowerCase())
  await demandSeat(tx, organizationId)
  return insertMember(tx, { organizationId, userId: user.id, role: input.role })
}

const refused = (code: 'not_found' | 'duplicate', message: string) =>
  new Refusal(code, message, { errors: [{ path: 'email', message }] })

/** Changes a member's role; only owners make or unmake owners, and one owner always stays. */
export async function changeRole(
  tx: Tx,
  organizationId: string,
  memberId: string,
  role: MemberRole,
): Promise<Member> {
  await lockOrganization(tx.db, organizationId)
  const before = await readMember(tx.db, organizationId, memberId)
  if (before.role === role) return before
  if (before.role === 'owner' || role === 'owner') await demandOwner(tx, organizationId)
  if (before.role === 'owner') await keepAnOwner(tx, organizationId)
  await tx.db.updateTable('members').set({ role }).where('id', '=', memberId).execute()
  tx.emit(organizationId, 'member.role_changed', {
    memberId,
    userId: before.userId,
    previous: before.role,
    current: role,
  })
  return { ...before, role }
}

/** Takes a person out; what they hold in the organization ends with it. */
export async function removeMember(
  tx: Tx,
  organizationId: string,
  memberId: string,
  onLeave: OnLeave,
): Promise<void> {
  await lockOrganization(tx.db, organizationId)
  const before = await readMember(tx.db, organizationId, memberId)
  if (before.role === 'owner') {
    await demandOwner(tx, organizationId)
    await keepAnOwner(tx, organizationId)
  }
  await tx.db.deleteFrom('members').where('id', '=', memberId).execute()
  tx.emit(organizationId, 'member.removed', { memberId, userId: before.userId })
  await onLeave(tx, organizationId, before.userId)
}

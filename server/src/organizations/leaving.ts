import { sql } from 'kysely'
import type { Queryable } from '../platform/db/database.ts'
import type { Tx } from '../platform/mutate.ts'
import { Refusal } from '../platform/problem.ts'
import { endInvitation } from './invitations/invitations.ts'

interface Named {
  id: string
  slug: string
  name: string
}

/** The organizations that would have no owner without this person, by name. */
export async function soleOwnerOf(db: Queryable, userId: string): Promise<Named[]> {
  const { rows } = await sql<Named>`
    select o.id, o.slug, o.name from members m join organizations o on o.id = m.organization_id
    where m.user_id = ${userId} and m.role = 'owner' and o.state <> 'closed' and not exists (
      select from members x join users u on u.id = x.user_id
      where x.organization_id = o.id and x.role = 'owner' and x.user_id <> m.user_id and u.state = 'active')
    order by o.name, o.id`.execute(db)
  return rows
}

/** Takes a person who goes for good out of every organization; refused while one would have no owner left. */
export async function leaveAll(tx: Tx, userId: string): Promise<void> {
  // Held until the end, in one order: of two owners who go at the same time the second one sees the first one gone.
  await sql`
    select o.id from organizations o where o.id in (select organization_id from members where user_id = ${userId})
    order by o.id for update`.execute(tx.db)
  const held = await soleOwnerOf(tx.db, userId)
  if (held.length > 0) {
    const names = held.map((one) => `"${one.name}"`).join(', ')
    throw new Refusal(
      'invalid_state',
      `You are the only owner of ${names}. Make somebody else an owner there, or close ${held.length > 1 ? 'them' : 'it'}.`,
    )
  }
  await forgetInvitations(tx, userId)
  const left = await tx.db
    .deleteFrom('members')
    .where('userId', '=', userId)
    .returning(['id', 'organizationId'])
    .execute()
  for (const { id, organizationId } of left)
    tx.emit(organizationId, 'member.removed', { memberId: id, userId })
}

/** Ends what waits for the person's address, and forgets the address. */
async function forgetInvitations(tx: Tx, userId: string): Promise<void> {
  const { rows } = await sql<{ id: string; organizationId: string }>`
    select id, organization_id from invitations
    where email = (select lower(email) from users where id = ${userId}) order by id`.execute(tx.db)
  for (const { id, organizationId } of rows) {
    await endInvitation(tx, organizationId, id, 'revoke')
    await tx.db
      .updateTable('invitations')
      .set({ email: `${id}@deleted.invalid` })
      .where('id', '=', id)
      .execute()
  }
}

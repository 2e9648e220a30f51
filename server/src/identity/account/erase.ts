import { sql } from 'kysely'
import { platformOrganizationId } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import { endSessions } from '../people/outbox.ts'
import { revokeTokensOfPerson } from '../tokens/tokens.ts'
import { keepAnOperator } from '../users/operators.ts'
import type { AccountContext } from './context.ts'
import type { Person } from './passwords.ts'

/**
 * Deletes an account for good. What the person did stays in the logs, provable; what would tell who they were is
 * erased, there too: the commitments stay, what they open to goes.
 */
export async function eraseAccount(
  tx: Tx,
  context: AccountContext,
  person: Pick<Person, 'id' | 'email'>,
  why: 'user.deleted' | 'user.lapsed' = 'user.deleted',
): Promise<void> {
  const userId = person.id
  await keepAnOperator(tx, userId, 'You are the only operator. Make somebody else an operator first.')
  await context.memberships.leaveAll(tx, userId)
  await revokeTokensOfPerson(tx, userId, 'account deleted')
  await endSessions(tx, userId)
  await context.notifications.forgetRecipients(tx, await addressesOf(tx, person))
  await eraseOpenings(tx, userId)
  await eraseRows(tx, userId)
  await tx.db
    .updateTable('users')
    .set({
      name: 'Deleted account',
      email: `${userId}@deleted.invalid`,
      emailVerified: false,
      image: null,
      state: 'deleted',
      updatedAt: tx.now,
    })
    .where('id', '=', userId)
    .execute()
  tx.emit(platformOrganizationId, why, { userId })
}

async function eraseRows(tx: Tx, userId: string): Promise<void> {
  await tx.db.deleteFrom('accounts').where('userId', '=', userId).execute()
  await tx.db.deleteFrom('secondFactors').where('userId', '=', userId).execute()
  await tx.db.deleteFrom('accountLinks').where('userId', '=', userId).execute()
  await tx.db.deleteFrom('deviceCodes').where('userId', '=', userId).execute()
  await tx.db.deleteFrom('idempotencyKeys').where('principalId', '=', userId).execute()
  await tx.db.deleteFrom('platformRoles').where('userId', '=', userId).execute()
  await tx.db.updateTable('tokens').set({ name: 'deleted' }).where('userId', '=', userId).execute()
}

/** Every address the account ever had, or asked for. */
async function addressesOf(tx: Tx, { id, email }: Pick<Person, 'id' | 'email'>): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    select o.value #>> '{}' as address from events e join event_openings o using (organization_id, seq)
    where e.organization_id = ${platformOrganizationId} and e.type like 'user.%' and e.payload ->> 'userId' = ${id}
      and o.field = 'email'`.execute(tx.db)
  return [email, ...rows.map((row) => row.address)]
}

/** What the log's commitments to the person's name, addresses and tokens' names open to. */
async function eraseOpenings(tx: Tx, userId: string): Promise<void> {
  await sql`
    delete from event_openings o using events e
    where e.organization_id = ${platformOrganizationId} and e.type like 'user.%' and e.payload ->> 'userId' = ${userId}
      and o.organization_id = e.organization_id and o.seq = e.seq`.execute(tx.db)
  await sql`
    delete from event_openings o using events e, tokens t
    where t.user_id = ${userId} and e.organization_id = coalesce(t.organization_id, ${platformOrganizationId})
      and e.type = 'token.created' and e.payload ->> 'tokenId' = t.id
      and o.organization_id = e.organization_id and o.seq = e.seq`.execute(tx.db)
}

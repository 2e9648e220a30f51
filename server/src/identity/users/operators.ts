import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'

/**
 * Refuses, in these words, when nobody else is an active operator and this person is one. Changes of who is operator
 * take turns, so that two of them cannot remove each other.
 */
export async function keepAnOperator(tx: Tx, userId: string, sentence: string): Promise<void> {
  await tx.db.selectFrom('installation').select('onlyRow').forUpdate().execute()
  const operators = await tx.db
    .selectFrom('platformRoles as r')
    .innerJoin('users as u', 'u.id', 'r.userId')
    .select('r.userId')
    .where('r.role', '=', 'operator')
    .where('u.state', '=', 'active')
    .execute()
  const ids = operators.map((row) => row.userId)
  if (ids.includes(userId) && ids.length === 1) throw new Refusal('invalid_state', sentence)
}

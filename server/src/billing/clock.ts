/** An organization's own time: the wall clock's, or its test clock's. */
import type { Queryable } from '../platform/db/database.ts'
import type { Clock } from '../platform/clock.ts'
import type { Tx } from '../platform/mutate.ts'

/** What time it is for an organization. A test clock stands still until somebody moves it forward. */
export async function organizationNow(
  db: Queryable,
  clock: Pick<Clock, 'now'>,
  organizationId: string,
): Promise<Date> {
  const test = await db
    .selectFrom('testClocks')
    .select('now')
    .where('organizationId', '=', organizationId)
    .executeTakeFirst()
  return test?.now ?? clock.now()
}

/** What time it is for an organization within a unit of work. */
export const nowOf = (tx: Tx, organizationId: string): Promise<Date> =>
  organizationNow(tx.db, { now: () => tx.now }, organizationId)

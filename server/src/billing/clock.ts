/** An organization's own time: the wall clock's, or its test clock's. */
import type { Queryable } from '../platform/db/database.ts'
import type { Clock } from '../platform/clock.ts'

/** What time it is for an organization. A test clock stands still until somebody moves it forward. */
export async function organizationNow(db: Queryable, clock: Clock, organizationId: string): Promise<Date> {
  const test = await db
    .selectFrom('testClocks')
    .select('now')
    .where('organizationId', '=', organizationId)
    .executeTakeFirst()
  return test?.now ?? clock.now()
}

/** An organization's own time: the wall clock's, or its test clock's. */
import type { Queryable } from '../platform/db/database.ts'
import type { Clock } from '../platform/clock.ts'
import type { Tx } from '../platform/mutate.ts'
import { Refusal } from '../platform/problem.ts'

const [firstYear, lastYear] = [2000, 2400]

/** Throws `invalid_input` for a time that no test clock shows: whatever follows from it has to be a time, too. */
export function demandClockTime(at: Date, path: string): void {
  const year = at.getUTCFullYear()
  if (year >= firstYear && year < lastYear) return
  const message = `must be in the years ${firstYear} to ${lastYear - 1}`
  throw new Refusal('invalid_input', `${path}: ${message}.`, { errors: [{ path, message }] })
}

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

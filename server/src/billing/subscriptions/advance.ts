/** Test clocks: they stand still until somebody moves them, and then everything happens as it would have. */
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { demandClockTime } from '../clock.ts'
import { nextDue } from './due.ts'
import type { Terms } from './model.ts'
import { takeStep } from './steps.ts'
import { lockLive, unpaidSince } from './store.ts'

const mostDays = 800
const dayMs = 24 * 3600_000

/** Throws `invalid_state` for an organization with the wall clock, `invalid_input` for a time it cannot go to. */
export async function checkAdvance(tx: Tx, organizationId: string, to: Date): Promise<Date> {
  const now = await lockClock(tx, organizationId)
  const wrong = (message: string) =>
    new Refusal('invalid_input', `to: ${message}.`, { errors: [{ path: 'to', message }] })
  if (to < now) throw wrong(`must not be before ${now.toISOString()}: clocks only go forward`)
  if (to.getTime() - now.getTime() > mostDays * dayMs)
    throw wrong(`must be at most ${mostDays} days ahead of ${now.toISOString()}; go there in several moves`)
  demandClockTime(to, 'to')
  return now
}

/** Moves the clock to what falls due next, which happens, or to the end; whether it is there. */
export async function advanceOnce(
  tx: Tx,
  organizationId: string,
  { from, to }: { from: Date; to: Date },
  terms: Terms,
): Promise<boolean> {
  // The subscription first, as everybody who changes it holds it before looking at the time.
  const one = await lockLive(tx, organizationId)
  const now = await lockClock(tx, organizationId)
  const due = one && nextDue(one, await unpaidSince(tx.db, one.id))
  const there = !due || due.at > to
  const at = there ? to : due.at
  if (at > now)
    await tx.db
      .updateTable('testClocks')
      .set({ now: at })
      .where('organizationId', '=', organizationId)
      .execute()
  if (!there) await takeStep(tx, one, due, terms)
  else if (to > from)
    tx.emit(organizationId, 'clock.advanced', { from: from.toISOString(), to: to.toISOString() }, to)
  return there
}

async function lockClock(tx: Tx, organizationId: string): Promise<Date> {
  const row = await tx.db
    .selectFrom('testClocks')
    .select('now')
    .where('organizationId', '=', organizationId)
    .forUpdate()
    .executeTakeFirst()
  if (row) return row.now
  throw new Refusal(
    'invalid_state',
    'This organization lives by the wall clock. Only a test organization has a clock of its own; an operator creates one.',
  )
}

import type { Selectable } from 'kysely'
import type { SubscriptionState } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Subscriptions } from '../../platform/db/schema.generated.ts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { planVersionsById } from '../plans/store.ts'
import { wakeCollector } from '../providers/customers.ts'
import { nextDue } from './due.ts'
import type { Held } from './model.ts'

type Row = Selectable<Subscriptions>

/** Rows with the versions of plans they name. */
export async function withPlans(db: Queryable, rows: Row[]): Promise<Held[]> {
  const ids = rows.flatMap((row) => [row.planVersionId, row.scheduledPlanVersionId ?? ''])
  const plans = await planVersionsById(db, [...new Set(ids)])
  return rows.map(({ planVersionId, scheduledPlanVersionId, scheduledSeats, ...row }) => ({
    ...row,
    state: row.state as SubscriptionState,
    plan: plans.get(planVersionId)!,
    scheduled: scheduledPlanVersionId
      ? { plan: plans.get(scheduledPlanVersionId)!, seats: scheduledSeats }
      : null,
  }))
}

/** The live subscription of an organization; null: it has none (it is closed, or the platform's own). */
export async function findSubscription(db: Queryable, organizationId: string): Promise<Held | null> {
  const rows = await selectLive(db, organizationId).execute()
  return (await withPlans(db, rows))[0] ?? null
}

/** The same, where there has to be one. Throws `not_found`. */
export async function readSubscription(db: Queryable, organizationId: string): Promise<Held> {
  const found = await findSubscription(db, organizationId)
  if (!found) throw noSubscription()
  return found
}

/** Holds the live subscription until the unit of work ends: its changes take turns. Null: there is none. */
export async function lockLive(tx: Tx, organizationId: string): Promise<Held | null> {
  // Whoever held it before may have put another one in its place: then that one is looked for anew.
  for (let attempt = 0; attempt < 3; attempt++) {
    const rows = await selectLive(tx.db, organizationId).forUpdate().execute()
    const [held] = await withPlans(tx.db, rows)
    if (held) return held
  }
  return null
}

/** The same, where there has to be one. Throws `not_found`. */
export async function lockSubscription(tx: Tx, organizationId: string): Promise<Held> {
  const held = await lockLive(tx, organizationId)
  if (!held) throw noSubscription()
  return held
}

/** What waits for its first payment, beside the live one; null: nothing does. */
export async function findIncomplete(
  db: Queryable,
  organizationId: string,
  { lock = false } = {},
): Promise<Held | null> {
  const query = db
    .selectFrom('subscriptions')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('state', '=', 'incomplete')
  const rows = await (lock ? query.forUpdate() : query).execute()
  return (await withPlans(db, rows))[0] ?? null
}

const selectLive = (db: Queryable, organizationId: string) =>
  db
    .selectFrom('subscriptions')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('state', 'not in', ['incomplete', 'canceled'])

const noSubscription = () => notFound('subscription')

export async function subscriptionById(db: Queryable, id: string): Promise<Held | null> {
  const rows = await db.selectFrom('subscriptions').selectAll().where('id', '=', id).execute()
  return (await withPlans(db, rows))[0] ?? null
}

export function refuseStale(one: Held, expectedVersion: number | undefined): void {
  if (expectedVersion === undefined || expectedVersion === one.version) return
  throw new Refusal(
    'version_conflict',
    'The subscription was changed meanwhile. Look at it, and ask for a new preview.',
    { current: { id: one.id, version: one.version, state: one.state, plan: one.plan.plan } },
  )
}

/** When the oldest unpaid invoice of a subscription is or was due. One that was written off is unpaid, too. */
export async function unpaidSince(db: Queryable, subscriptionId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('invoices')
    .select((eb) => eb.fn.min('dueAt').as('dueAt'))
    .where('subscriptionId', '=', subscriptionId)
    .where('state', 'in', ['open', 'uncollectible'])
    .executeTakeFirstOrThrow()
  return row.dueAt
}

/** Writes a subscription that is held, with the time at which the clock has to come back to it. */
export async function saveSubscription(tx: Tx, one: Held): Promise<Held> {
  const due = nextDue(one, await unpaidSince(tx.db, one.id))
  const saved = { ...one, version: one.version + 1, dueAt: due?.at ?? null }
  const { id, organizationId: _, ...columns } = columnsOf(saved)
  await tx.db.updateTable('subscriptions').set(columns).where('id', '=', id).execute()
  await wakeCollector(tx, saved)
  return saved
}

/** Begins a subscription. The one before has to have ended. */
export async function insertSubscription(
  tx: Tx,
  given: Omit<Held, 'id' | 'version' | 'dueAt'>,
): Promise<Held> {
  const begun: Held = { ...given, id: newId('subscription'), version: 1, dueAt: null }
  const fresh = { ...begun, dueAt: nextDue(begun, null)?.at ?? null }
  await tx.db.insertInto('subscriptions').values(columnsOf(fresh)).execute()
  await wakeCollector(tx, fresh)
  return fresh
}

function columnsOf({ plan, scheduled, ...columns }: Held): Row {
  return {
    ...columns,
    planVersionId: plan.id,
    scheduledPlanVersionId: scheduled?.plan.id ?? null,
    scheduledSeats: scheduled?.seats ?? null,
  }
}

export async function hadTrial(db: Queryable, organizationId: string, plan: string): Promise<boolean> {
  const row = await db
    .selectFrom('trials')
    .select('plan')
    .where('organizationId', '=', organizationId)
    .where('plan', '=', plan)
    .executeTakeFirst()
  return row !== undefined
}

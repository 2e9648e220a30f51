/** Calls through the gateway become use of quota: batch by batch of their records, each once. */
import { sql } from 'kysely'
import type { Tx } from '../../platform/mutate.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { findEntitled, type Entitled } from './entitled.ts'
import { callsKey, callsWindow, leasedPlace } from './leases.ts'
import { lockBalances, move, placeOf, type Movement, type Place } from './ledger.ts'
import { sayCrossing } from './use.ts'

interface Batch {
  id: number
  runnerId: string
  billable: number
  at: Date
}

interface Lease {
  id: string
  runnerId: string
  windowStart: Date
  /** How much of it is held still. */
  open: number
}

const origin = { actor: systemActor('billing'), requestId: null }
const most = 1000

/** Counts what was copied and not counted yet. Several processes may do this at once. */
export async function countCalls(platform: Platform): Promise<void> {
  const { rows } = await sql<{ organizationId: string }>`
    select distinct organization_id from call_batches where billable > 0 and not counted`.execute(platform.db)
  for (const { organizationId } of rows) {
    let counted: number
    do counted = await platform.mutate(origin, (tx) => countSome(tx, organizationId))
    while (counted === most)
  }
}

async function countSome(tx: Tx, organizationId: string): Promise<number> {
  const batches: Batch[] = await tx.db
    .selectFrom('callBatches')
    .select(['id', 'runnerId', 'billable', 'at'])
    .where('organizationId', '=', organizationId)
    .where('billable', '>', 0)
    .where('counted', '=', false)
    .orderBy('id')
    .limit(most)
    .forUpdate()
    .skipLocked()
    .execute()
  if (batches.length === 0) return 0
  const ids = batches.map(({ id }) => id)
  await tx.db.updateTable('callBatches').set({ counted: true }).where('id', 'in', ids).execute()
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  if (entitled) await countBatches(tx, organizationId, entitled, batches)
  return batches.length
}

async function countBatches(tx: Tx, organizationId: string, entitled: Entitled, batches: Batch[]) {
  const placeAt = windowsOf(entitled)
  const runners = [...new Set(batches.map(({ runnerId }) => runnerId))]
  const now = placeAt(entitled.now)
  const places = new Map<string, Place>()
  for (const place of [
    ...(await leased(tx, organizationId, runners, entitled)),
    ...batches.map(({ at }) => placeAt(at)),
    now,
  ])
    places.set(placeOf(place.key, place.window.start), place)
  const balances = await lockBalances(tx, organizationId, [...places.values()])
  const leases = await lockLeases(tx, organizationId, runners)
  const movements: Movement[] = []
  const use = (windowStart: Date, used: number, lease?: Lease): void => {
    const balance = balances.get(placeOf(callsKey, windowStart))!
    if (windowStart.getTime() === now.window.start.getTime())
      sayCrossing(tx, organizationId, entitled, balance, used)
    balance.used += used
    const held = lease ? { held: -used, holdId: lease.id } : { held: 0 }
    movements.push({ key: callsKey, windowStart, kind: 'settle', used, ...held })
  }
  const taken = new Map<string, number>()
  for (const { runnerId, billable, at } of batches) {
    let left = billable
    // Oldest first, as they were drawn on; calls that drew on none are counted by their own time.
    for (const lease of leases.filter((one) => one.runnerId === runnerId)) {
      const part = Math.min(left, lease.open)
      if (part === 0 || !balances.has(placeOf(callsKey, lease.windowStart))) continue
      lease.open -= part
      left -= part
      taken.set(lease.id, (taken.get(lease.id) ?? 0) + part)
      use(lease.windowStart, part, lease)
    }
    if (left > 0) use(placeAt(at).window.start, left)
  }
  await move(tx, organizationId, movements, entitled.now)
  await keepCounted(tx, taken)
}

/** Where a call counts that was copied at a time. */
function windowsOf(entitled: Entitled): (at: Date) => Place {
  const { clockStands, now } = entitled
  return (at) => ({ key: callsKey, window: callsWindow(entitled, clockStands ? now : at) })
}

/** The windows of leases that are open; their balances are held before the leases themselves. */
async function leased(
  tx: Tx,
  organizationId: string,
  runners: string[],
  entitled: Entitled,
): Promise<Place[]> {
  const rows = await tx.db
    .selectFrom('quotaLeases')
    .select('windowStart')
    .distinct()
    .where('organizationId', '=', organizationId)
    .where('runnerId', 'in', runners)
    .where('settledAt', 'is', null)
    .execute()
  return rows.map(({ windowStart }) => leasedPlace(entitled, windowStart))
}

async function lockLeases(tx: Tx, organizationId: string, runners: string[]): Promise<Lease[]> {
  return await tx.db
    .selectFrom('quotaLeases')
    .select(['id', 'runnerId', 'windowStart', sql<number>`coalesce(billed, quantity) - counted`.as('open')])
    .where('organizationId', '=', organizationId)
    .where('runnerId', 'in', runners)
    .where('settledAt', 'is', null)
    .orderBy('createdAt')
    .orderBy('id')
    .forUpdate()
    .execute()
}

async function keepCounted(tx: Tx, taken: ReadonlyMap<string, number>): Promise<void> {
  if (taken.size === 0) return
  await sql`
    update quota_leases l set counted = l.counted + g.part,
      settled_at = case when l.counted + g.part = coalesce(l.billed, l.quantity) then ${tx.now}::timestamptz end
    from unnest(${[...taken.keys()]}::text[], ${[...taken.values()]}::bigint[]) as g (id, part)
    where l.id = g.id`.execute(tx.db)
}

/**
 * Quota of calls that one process draws on without asking. It is held before any call draws on it, and stays held until
 * the records of these calls are counted: whatever ends the process, no more is used than there was.
 */
import { sql } from 'kysely'
import type { BillingQuotaOutcome } from '@berth/contracts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import type { Span } from '../time/periods.ts'
import { windowOf } from '../time/windows.ts'
import { decide, placeFor, standsOf } from './decide.ts'
import { findEntitled, type Entitled } from './entitled.ts'
import { lockBalances, move, type Place } from './ledger.ts'

export const callsKey = 'gateway.tool_calls'

export interface LeaseRequest {
  organizationId: string
  runnerId: string
  /** How many calls wait for it. */
  waiting: number
  /** How many a quarter of a second were seen lately. */
  expected: number
}

export type LeaseAnswer =
  | { kind: 'unlimited' }
  | { kind: 'denied'; outcome: BillingQuotaOutcome }
  /** `endsAt`: with its window, wall clock, milliseconds; `outcome`: how the quota stood before. */
  | { kind: 'lease'; id: string; quantity: number; endsAt: number; outcome: BillingQuotaOutcome }

/**
 * Takes a lease: what is expected, but no more than a fair share of what is left, so that near the limit it comes down to
 * those who wait. Limits that let through need none.
 */
export async function takeLease(tx: Tx, request: LeaseRequest): Promise<LeaseAnswer> {
  const { organizationId, runnerId, waiting, expected } = request
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  const one = [{ key: callsKey, quantity: 1 }]
  const place = entitled && placeFor(entitled, callsKey)
  const grant = entitled?.grants.find(({ key }) => key === callsKey)
  const hasAccess = entitled?.standing === 'access' || entitled?.standing === 'grace'
  if (grant && hasAccess && (grant.limit === null || grant.mode === 'soft')) return { kind: 'unlimited' }
  const balances = await lockBalances(tx, organizationId, place ? [place] : [])
  const { allowed, items } = decide(entitled, one, standsOf(entitled, balances, new Map()))
  const outcome = items[0]!
  if (!allowed || !place) return { kind: 'denied', outcome: { ...outcome, allowed: false } }
  const remaining = outcome.remaining!
  const share = Math.floor(remaining / (4 * (await countGateways(tx))))
  const quantity = Math.min(remaining, Math.max(waiting, Math.min(expected, share)))
  const id = newId('lease')
  const { start: windowStart, end } = place.window
  await tx.db
    .insertInto('quotaLeases')
    .values({ id, organizationId, key: callsKey, windowStart, runnerId, quantity, createdAt: tx.now })
    .execute()
  const entry = { key: callsKey, windowStart, kind: 'lease' as const, used: 0, held: quantity, holdId: id }
  await move(tx, organizationId, [entry], entitled.now)
  return { kind: 'lease', id, quantity, endsAt: entitled.clockStands ? Infinity : end.getTime(), outcome }
}

/** The window in which calls of a time are counted. */
export function callsWindow({ anchor, grants }: Entitled, at: Date): Span {
  const reset = grants.find(({ key }) => key === callsKey)?.reset ?? 'month'
  return windowOf(anchor, reset, at)
}

/** Where a lease was taken from, also where the plan and its windows are others by now. */
export function leasedPlace(entitled: Entitled | null, start: Date): Place {
  const end = entitled ? callsWindow(entitled, start).end : start
  return { key: callsKey, window: { start, end } }
}

async function countGateways(tx: Tx): Promise<number> {
  const { rows } = await sql<{ alive: number }>`
    select count(*) as alive from runners where alive_until > now() and 'gateway' = any(roles)`.execute(tx.db)
  return Math.max(1, rows[0]!.alive)
}

/** Gives back what no call will draw of a lease; `billed`: how many of its calls count. They stay held until counted. */
export async function returnLease(
  tx: Tx,
  organizationId: string,
  leaseId: string,
  billed: number,
): Promise<void> {
  const found = await tx.db
    .selectFrom('quotaLeases')
    .select('windowStart')
    .where('id', '=', leaseId)
    .executeTakeFirst()
  if (!found) return
  const { windowStart } = found
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  await lockBalances(tx, organizationId, [leasedPlace(entitled, windowStart)])
  const lease = await tx.db
    .selectFrom('quotaLeases')
    .select((eb) => [eb.fn.coalesce('billed', 'quantity').as('open'), 'counted'])
    .where('id', '=', leaseId)
    .where('settledAt', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (!lease) return
  const kept = Math.min(lease.open, Math.max(billed, lease.counted))
  await tx.db
    .updateTable('quotaLeases')
    .set({ billed: kept, settledAt: kept === lease.counted ? tx.now : null })
    .where('id', '=', leaseId)
    .execute()
  const back = lease.open - kept
  if (back === 0) return
  const entry = { key: callsKey, windowStart, kind: 'settle' as const, used: 0, held: -back, holdId: leaseId }
  await move(tx, organizationId, [entry], entitled?.now ?? tx.now)
}

/** After so long a silent runner's records are all copied, unless its files are out of reach. */
const silentSeconds = 75
const origin = { actor: systemActor('billing'), requestId: null }

/**
 * Settles the leases of runners that are gone: once all that they noted of calls is counted, nothing more was used.
 * Until then what they held counts as used.
 */
export async function settleDeadRunners(platform: Platform): Promise<void> {
  const { rows } = await sql<{ id: string; organizationId: string }>`
    select l.id, l.organization_id from quota_leases l
    where l.settled_at is null
      and not exists (select from runners r where r.id = l.runner_id
        and r.alive_until > now() - make_interval(secs => ${silentSeconds}))
      and not exists (select from call_journals j where j.runner_id = l.runner_id)
      and not exists (select from call_batches b
        where b.organization_id = l.organization_id and b.runner_id = l.runner_id and b.billable > 0 and not b.counted)
    order by l.id limit 1000`.execute(platform.db)
  for (const { id, organizationId } of rows)
    await platform.mutate(origin, (tx) => returnLease(tx, organizationId, id, 0))
}

/** Forgets leases that were settled long ago; the ledger tells of them. */
export async function sweepLeases(platform: Platform): Promise<void> {
  const before = new Date(platform.clock.now().getTime() - 24 * 3600_000)
  await platform.db.deleteFrom('quotaLeases').where('settledAt', '<', before).execute()
}

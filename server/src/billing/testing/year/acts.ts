/** What organizations do in the year: one act, one unit of work, done once however often it is asked for. */
import { sql } from 'kysely'
import { claimKey, idempotentRequest, keepReply, Replay } from '../../../platform/http/idempotency.ts'
import { systemActor, type Platform } from '../../../platform/platform.ts'
import type { Tx } from '../../../platform/mutate.ts'
import { Refusal } from '../../../platform/problem.ts'
import { nowOf } from '../../clock.ts'
import { payInvoice, voidInvoice, writeOffInvoice } from '../../invoices/pay.ts'
import { endHold, reserveQuota, type HoldEnd } from '../../quotas/holds.ts'
import { useQuota } from '../../quotas/use.ts'
import { advanceOnce, checkAdvance } from '../../subscriptions/advance.ts'
import {
  cancelSubscription,
  changePlan,
  schedulePlan,
  setSeats,
  unschedule,
  withdrawCancellation,
} from '../../subscriptions/change.ts'
import type { Terms } from '../../subscriptions/model.ts'
import { createTestOrganization } from '../../subscriptions/operator.ts'
import { catchUp } from '../../subscriptions/steps.ts'
import { lockLive } from '../../subscriptions/store.ts'

const calls = 'gateway.tool_calls'

export type Act =
  | { do: 'found'; name: string; timeZone: string; now: string; ownerId: string }
  | { do: 'advance'; to: string }
  | { do: 'change' | 'schedule'; plan: string; seats: number | null; trial: boolean }
  | { do: 'seats'; seats: number }
  | { do: 'cancel'; at: 'now' | 'period-end' }
  | { do: 'withdraw' | 'unschedule' }
  | { do: 'pay' | 'void' | 'write-off' }
  | { do: 'use'; quantity: number }
  /** `passing`: its time is over as soon as it begins, so that the upkeep ends it. */
  | { do: 'hold'; quantity: number; passing: boolean }
  | { do: 'end-hold'; end: HoldEnd }
  /** Calls as the copier leaves them, batch by batch. */
  | { do: 'calls'; batches: number[] }

export type Reply = { organizationId: string } | { refused: string } | null

/** Does it in a process that may be killed at any moment; asked again with the same key, it says what came of it. */
export async function perform(
  platform: Platform,
  terms: Terms,
  { id, key, act }: { id: string; key: string; act: Act },
): Promise<Reply> {
  try {
    if (act.do === 'advance') return await advance(platform, terms, id, act.to)
    return await once(platform, key, act, (tx) => doIt(tx, terms, id, act))
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.message }
    throw error
  }
}

/** As the API does what comes with an `Idempotency-Key`. */
async function once(
  platform: Platform,
  key: string,
  act: Act,
  work: (tx: Tx) => Promise<Reply>,
): Promise<Reply> {
  const request = idempotentRequest('usr_year', key, { id: act.do, params: null, query: null, body: act })
  const sealingKey = platform.keys.derive('idempotency')
  try {
    return await platform.mutate(origin, async (tx) => {
      await claimKey(tx, sealingKey, request)
      const reply = await work(tx)
      await keepReply(tx, sealingKey, request, reply)
      return reply
    })
  } catch (error) {
    if (error instanceof Replay) return error.reply as Reply
    throw error
  }
}

const origin = { actor: systemActor('year'), requestId: null }

/** As the API moves a test clock: step by step, each its own unit of work; begun again it goes on. */
async function advance(platform: Platform, terms: Terms, id: string, to: string): Promise<null> {
  const given = { from: new Date(0), to: new Date(to) }
  await platform.mutate(origin, (tx) => checkAdvance(tx, id, given.to))
  while (!(await platform.mutate(origin, (tx) => advanceOnce(tx, id, given, terms))));
  return null
}

async function doIt(tx: Tx, terms: Terms, id: string, act: Exclude<Act, { do: 'advance' }>) {
  switch (act.do) {
    case 'found': {
      const { organizationId } = await createTestOrganization(tx, act)
      return { organizationId }
    }
    case 'change':
      await changePlan(tx, id, act, terms)
      break
    case 'schedule':
      await schedulePlan(tx, id, act, terms)
      break
    case 'seats':
      await setSeats(tx, id, act, terms)
      break
    case 'cancel':
      await cancelSubscription(tx, id, act, terms)
      break
    case 'withdraw':
      await withdrawCancellation(tx, id, terms)
      break
    case 'unschedule':
      await unschedule(tx, id, terms)
      break
    case 'pay':
    case 'void':
    case 'write-off': {
      const settle = { pay: payInvoice, void: voidInvoice, 'write-off': writeOffInvoice }[act.do]
      await settle(tx, await oldestOpen(tx, terms, id), 'in the year', terms)
      break
    }
    case 'use':
      await useQuota(tx, id, [{ key: calls, quantity: act.quantity }])
      break
    case 'hold': {
      const until = new Date(act.passing ? 0 : '2100-01-01')
      await reserveQuota(tx, id, [{ key: calls, quantity: act.quantity }], until)
      break
    }
    case 'end-hold': {
      const held = await tx.db
        .selectFrom('quotaHolds')
        .select('id')
        .where('organizationId', '=', id)
        .where('state', '=', 'held')
        .orderBy('createdAt')
        .orderBy('id')
        .executeTakeFirst()
      if (held) await endHold(tx, id, held.id, act.end)
      break
    }
    case 'calls':
      await sql`
        insert into call_batches (organization_id, runner_id, count, digest, at, billable)
        select ${id}, 'rnr_year', b, ''::bytea, ${tx.now}, b from unnest(${act.batches}::int[]) as b`.execute(
        tx.db,
      )
  }
  return null
}

/** The invoice that has been open for longest, once all that fell due has happened. */
async function oldestOpen(tx: Tx, terms: Terms, organizationId: string): Promise<string> {
  const live = await lockLive(tx, organizationId)
  if (live) await catchUp(tx, live, await nowOf(tx, organizationId), terms)
  const open = await tx.db
    .selectFrom('invoices')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('state', '=', 'open')
    .orderBy('number')
    .executeTakeFirst()
  return open?.id ?? 'inv_none'
}

/** What always holds, whatever is done to subscriptions, in which order and zone, and however late the clock comes. */
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { subscriptionMachine } from '@berth/contracts'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { Refusal } from '../../platform/problem.ts'
import type { Tx } from '../../platform/mutate.ts'
import { organizationNow } from '../clock.ts'
import { payInvoice, voidInvoice, writeOffInvoice } from '../invoices/pay.ts'
import { creditOf } from '../invoices/store.ts'
import { periodOf } from '../time/periods.ts'
import { advanceOnce } from './advance.ts'
import {
  cancelSubscription,
  changePlan,
  preview,
  schedulePlan,
  setSeats,
  unschedule,
  withdrawCancellation,
} from './change.ts'
import { anchorOf } from './model.ts'
import { readSubscription } from './store.ts'
import { publishPlans } from '../testing/year/script.ts'
import { clockwork, invoicesOf, testTerms } from './test-kit.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
  await publishPlans(platform.db)
})
afterAll(() => platform?.close())

type Act =
  | { do: 'change' | 'schedule'; plan: string; seats: number | null; trial: boolean }
  | { do: 'seats'; seats: number }
  | { do: 'cancel'; at: 'now' | 'period-end' }
  | { do: 'withdraw' | 'unschedule' | 'pay' | 'void' | 'write-off' }
  | { do: 'wait'; hours: number }

const plan = fc.constantFrom('free', 'team', 'business', 'strict', 'yearly')
const seats = fc.integer({ min: 1, max: 9 })
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('change' as const, 'change' as const, 'schedule' as const),
      plan,
      seats: fc.option(seats),
      trial: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seats' as const), seats }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('cancel' as const),
      at: fc.constantFrom('now' as const, 'period-end' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(...(['withdraw', 'unschedule', 'pay', 'pay', 'pay', 'void', 'write-off'] as const)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 24 * 50 }) }),
  },
)
const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia', 'Asia/Kathmandu')
const born = fc.constantFrom('2026-01-31T22:30:00Z', '2028-02-29T12:00:00Z', '2026-03-28T01:30:00Z')

/** Does it; what is refused in words changes nothing. */
async function perform(id: string, one: Act, waiting: (hours: number) => Promise<void>): Promise<void> {
  if (one.do === 'wait') return waiting(one.hours)
  const change = (work: (tx: Tx) => Promise<unknown>) =>
    platform.change(work).catch((error) => {
      if (!(error instanceof Refusal)) throw error
    })
  const open = async () =>
    (await invoicesOf(platform, id)).find(({ state }) => state === 'open')?.id ?? 'inv_none'
  switch (one.do) {
    case 'change':
      return changeAsQuoted(id, one)
    case 'schedule':
      return void (await change((tx) => schedulePlan(tx, id, one, testTerms)))
    case 'seats': {
      // What falls due this very instant happens first, as the worker sees to.
      await wait(id, 0, 1)
      const { scheduled } = await readSubscription(platform.db, id)
      await change((tx) => setSeats(tx, id, one, testTerms))
      const now = await readSubscription(platform.db, id)
      if (scheduled) expect(now.scheduled?.plan.id).toBe(scheduled.plan.id)
      return
    }
    case 'cancel':
      return void (await change((tx) => cancelSubscription(tx, id, one, testTerms)))
    case 'withdraw':
      return void (await change((tx) => withdrawCancellation(tx, id, testTerms)))
    case 'unschedule':
      return void (await change((tx) => unschedule(tx, id, testTerms)))
    case 'pay':
    case 'void':
    case 'write-off': {
      const settle = { pay: payInvoice, void: voidInvoice, 'write-off': writeOffInvoice }[one.do]
      const invoice = await open()
      return void (await change((tx) => settle(tx, invoice, 'a test', testTerms)))
    }
  }
}

/** Preview = apply: what is invoiced and kept is what the preview said, and refused is what it refused. */
async function changeAsQuoted(id: string, one: { plan: string; seats: number | null; trial: boolean }) {
  // What falls due this very instant happens first, as the worker sees to.
  await wait(id, 0, 1)
  const held = await readSubscription(platform.db, id)
  const at = await organizationNow(platform.db, platform.clock, id)
  const before = (await invoicesOf(platform, id)).length
  const credit = await creditOf(platform.db, id, 'EUR')
  const said = await preview(platform.db, held, one, at).catch((error: Error) => error)
  const asked = { ...one, quotedAt: at.toISOString(), expectedVersion: held.version }
  const done = await platform
    .change((tx) => changePlan(tx, id, asked, testTerms))
    .then(() => null)
    .catch((error: Error) => error)
  if (said instanceof Error || done) {
    expect([said instanceof Refusal, done?.message]).toEqual([true, (said as Error).message])
    return
  }
  const made = (await invoicesOf(platform, id)).slice(before)
  expect(made.map(({ total }) => BigInt(total))).toEqual(
    said.lines.length === 0 ? [] : [said.total > 0n ? said.total : 0n],
  )
  const used = said.lines
    .filter(({ kind }) => kind === 'credit')
    .reduce((sum, { amount }) => sum + amount, 0n)
  const kept = said.total < 0n ? -said.total : 0n
  expect(await creditOf(platform.db, id, 'EUR')).toBe(credit + used + kept)
}

/** Moves the clock in the given number of strides, holding every step against the table of transitions. */
async function wait(id: string, hours: number, strides: number): Promise<void> {
  const from = await organizationNow(platform.db, platform.clock, id)
  for (let stride = 1; stride <= strides; stride++) {
    const to = new Date(from.getTime() + Math.floor((hours * 3600_000 * stride) / strides))
    for (;;) {
      const before = await statesOf(id)
      const there = await platform.change((tx) => advanceOnce(tx, id, { from, to }, testTerms))
      for (const [subscription, state] of await statesOf(id)) expectListed(before.get(subscription), state)
      if (there) break
    }
  }
}

function expectListed(from: string | undefined, to: string): void {
  if (from === to) return
  const isEdge = subscriptionMachine.edges.some(
    (edge) => (edge.from as readonly string[]).includes(from ?? '') && edge.to === to,
  )
  const isBirth = from === undefined && (to === 'active' || to === 'trialing')
  expect([from, to, isEdge || isBirth]).toEqual([from, to, true])
}

async function statesOf(id: string): Promise<Map<string, string>> {
  const rows = await platform.db
    .selectFrom('subscriptions')
    .select(['id', 'state'])
    .where('organizationId', '=', id)
    .execute()
  return new Map(rows.map((row) => [row.id, row.state]))
}

async function expectSound(id: string): Promise<void> {
  const live = await platform.db
    .selectFrom('subscriptions')
    .select('id')
    .where('organizationId', '=', id)
    .where('endedAt', 'is', null)
    .execute()
  expect(live).toHaveLength(1)
  const held = await readSubscription(platform.db, id)
  if (held.state !== 'trialing') {
    const { start, end } = periodOf(anchorOf(held, held.plan), held.period)
    expect([held.periodStart, held.periodEnd]).toEqual([start, end])
  }
  expect(await creditOf(platform.db, id, 'EUR')).toBeGreaterThanOrEqual(0n)
  for (const { lines, total, paid, state } of await invoicesOf(platform, id)) {
    expect(lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n)).toBe(BigInt(total))
    expect(BigInt(paid)).toBe(state === 'paid' ? BigInt(total) : 0n)
  }
}

/** Everything that must not depend on when the clock was looked at. */
async function shapeOf(id: string) {
  const { rows: subscriptions } = await sql<object>`
    select s.state, v.plan, s.seats, s.anchor, s.period, s.period_start, s.period_end, s.past_due_since, s.grace_ends_at,
      s.warned_days, s.cancel_at_period_end, s.scheduled_plan_version_id, s.scheduled_seats, s.started_at, s.ended_at, s.due_at
    from subscriptions s join plan_versions v on v.id = s.plan_version_id
    where s.organization_id = ${id}`.execute(platform.db)
  const invoices = (await invoicesOf(platform, id)).map(
    ({ lines, total, state, issuedAt, dueAt, paidAt }) => ({
      lines,
      total,
      state,
      issuedAt,
      dueAt,
      paidAt,
    }),
  )
  // Several may have begun and ended at one instant: then their order is nobody's.
  const inOrder = subscriptions.map((one) => JSON.stringify(one)).toSorted()
  return { subscriptions: inOrder, invoices, credit: await creditOf(platform.db, id, 'EUR') }
}

test('invariant 11: only transitions of the table; invariant 14: one live subscription and one change that is scheduled, which seat edits keep; invariant 15: what is charged is what the preview said; invariant 16: money adds up: whatever is done, and the same however late the clock comes', async () => {
  await fc.assert(
    fc.asyncProperty(
      zone,
      born,
      fc.array(act, { minLength: 2, maxLength: 9 }),
      fc.integer({ min: 2, max: 5 }),
      async (timeZone, now, acts, strides) => {
        const [punctual, late] = [
          await clockwork(platform, { timeZone, now }),
          await clockwork(platform, { timeZone, now }),
        ]
        for (const one of acts) {
          await perform(punctual, one, (hours) => wait(punctual, hours, strides))
          await perform(late, one, (hours) => wait(late, hours, 1))
          await expectSound(punctual)
        }
        expect(await shapeOf(late)).toEqual(await shapeOf(punctual))
      },
    ),
    { numRuns: Number(process.env['BERTH_PROPERTY_RUNS'] ?? 40) },
  )
}, 300_000)

test('invoices are numbered without gaps', async () => {
  const { rows } = await sql<{ made: number; last: number }>`
    select (select count(*) from invoices i where i.series = n.series) as made, last from invoice_numbers n`.execute(
    platform.db,
  )
  expect(rows).toHaveLength(2)
  for (const { made, last } of rows) expect(made).toBe(last)
})

test('invariant 17: a published version of a plan never changes', async () => {
  const update = platform.db
    .updateTable('planVersions')
    .set({ price: 1 })
    .where('plan', '=', 'team')
    .execute()
  await expect(update).rejects.toThrow('never changed')
  await expect(platform.db.deleteFrom('planVersions').execute()).rejects.toThrow('never changed')
})

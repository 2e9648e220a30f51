import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../platform/ids.ts'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { payInvoice, voidInvoice, writeOffInvoice } from '../invoices/pay.ts'
import { creditOf } from '../invoices/store.ts'
import {
  assignPlan,
  cancelSubscription,
  changePlan,
  preview,
  schedulePlan,
  setSeats,
  unschedule,
  withdrawCancellation,
  type PlanWish,
} from './change.ts'
import { checkAdvance } from './advance.ts'
import { readSubscription } from './store.ts'
import { advance, clockwork, invoicesOf, ordinary, storyOf, testTerms } from './test-kit.ts'
import { runDue } from './worker.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform?.close())

const wish = (plan: string, more: Partial<PlanWish> = {}): PlanWish => ({ plan, seats: null, ...more })
const change = (id: string, plan: string, more: Partial<PlanWish> = {}) =>
  platform.change((tx) => changePlan(tx, id, wish(plan, more), testTerms))
const now = (id: string) => readSubscription(platform.db, id)
const pay = (invoiceId: string) => platform.change((tx) => payInvoice(tx, invoiceId, 'a test', testTerms))

test('from free to a paid plan: access at once, an invoice that is due later, periods by the calendar', async () => {
  const id = await clockwork(platform)
  await change(id, 'team')
  const [invoice] = await invoicesOf(platform, id)
  expect(invoice).toMatchObject({ state: 'open', total: '4900', dueAt: '2026-02-14T09:00:00.000Z' })
  expect(await now(id)).toMatchObject({ state: 'active', periodEnd: new Date('2026-02-28T09:00:00Z') })
  await pay(invoice!.id)
  const later = await advance(platform, id, '2026-03-01T00:00:00Z')
  expect(later).toMatchObject({ state: 'active', period: 1, periodEnd: new Date('2026-03-31T09:00:00Z') })
  expect(await invoicesOf(platform, id)).toHaveLength(2)
})

test('a trial is paid for when it ends, is warned of, and is had once', async () => {
  const id = await clockwork(platform)
  await change(id, 'team', { trial: true })
  expect(await now(id)).toMatchObject({ state: 'trialing', trialEndsAt: new Date('2026-02-14T09:00:00Z') })
  expect(await invoicesOf(platform, id)).toEqual([])
  const after = await advance(platform, id, '2026-02-15T00:00:00Z')
  expect(after).toMatchObject({ state: 'active', period: 0, periodEnd: new Date('2026-03-14T09:00:00Z') })
  const story = await storyOf(platform, id)
  expect(story.filter((type) => type === 'subscription.trial_ending')).toHaveLength(3)
  expect(story.slice(-3)).toEqual(['invoice.opened', 'subscription.trial_ended', 'subscription.renewed'])
  await platform.change((tx) => cancelSubscription(tx, id, { at: 'now' }, testTerms))
  await expect(change(id, 'team', { trial: true })).rejects.toThrow('had its trial of Team')
})

test('unpaid: overdue, warned of at 7, 3 and 1 days, then on the fallback plan, once', async () => {
  const id = await clockwork(platform)
  await change(id, 'team')
  const late = await advance(platform, id, '2026-02-27T00:00:00Z')
  expect(late).toMatchObject({ state: 'past_due', graceEndsAt: new Date('2026-02-28T09:00:00Z') })
  const lapsed = await advance(platform, id, '2026-03-20T00:00:00Z')
  expect(lapsed).toMatchObject({ state: 'active', plan: { plan: 'free' } })
  const story = await storyOf(platform, id)
  expect(story.slice(story.indexOf('subscription.past_due'))).toEqual([
    'subscription.past_due',
    'subscription.grace_warning',
    'subscription.grace_warning',
    'subscription.grace_warning',
    'subscription.canceled',
    'subscription.started',
    'subscription.fell_back',
  ])
})

test('a payment before the grace ends heals; written off is as unpaid, voided is as nothing owed', async () => {
  for (const [settle, state] of [
    [pay, 'active'],
    [(one: string) => platform.change((tx) => voidInvoice(tx, one, 'x', testTerms)), 'active'],
    [(one: string) => platform.change((tx) => writeOffInvoice(tx, one, 'x', testTerms)), 'past_due'],
  ] as const) {
    const id = await clockwork(platform)
    await change(id, 'team')
    await advance(platform, id, '2026-02-20T00:00:00Z')
    const [invoice] = await invoicesOf(platform, id)
    await settle(invoice!.id)
    expect(await now(id)).toMatchObject({ state })
    const after = await advance(platform, id, '2026-03-02T00:00:00Z')
    expect(after.plan.plan).toBe(state === 'active' ? 'team' : 'free')
  }
})

/** A plan without a fallback, and without days to pay in. */
async function lonely(): Promise<string> {
  const [id, at] = [newId('planVersion'), new Date()]
  const plan = id.slice(4)
  await platform.db.insertInto('plans').values({ slug: plan, createdAt: at }).execute()
  await platform.db
    .insertInto('planVersions')
    .values({
      id,
      plan,
      version: 1,
      name: 'Lonely',
      description: '',
      price: 1000,
      currency: 'EUR',
      per: 'organization',
      interval: 'month',
      trialDays: 0,
      dueDays: 0,
      graceDays: 2,
      fallback: null,
      grants: '[]',
      public: true,
      publishedAt: at,
    })
    .execute()
  return plan
}

test('without a fallback it is suspended, and a payment brings it back with a new period', async () => {
  const id = await clockwork(platform)
  const plan = await lonely()
  await change(id, plan)
  const stopped = await advance(platform, id, '2026-04-15T00:00:00Z')
  expect(stopped).toMatchObject({ state: 'suspended', dueAt: null })
  const [invoice, ...others] = await invoicesOf(platform, id)
  expect(others).toEqual([])
  await expect(change(id, 'team')).rejects.toThrow(
    `Invoice ${invoice!.number} over €10.00 is overdue. Pay that first; then the plan can be changed. A plan that costs nothing begins at once, also before that.`,
  )
  await pay(invoice!.id)
  expect(await now(id)).toMatchObject({ anchor: new Date('2026-04-15T00:00:00Z'), period: 0 })
  expect(await invoicesOf(platform, id)).toHaveLength(2)
})

test('what is past due changes to a cheaper plan with the next period, and upgrades once it is paid', async () => {
  const id = await clockwork(platform)
  await change(id, 'business', { seats: 2 })
  const late = await advance(platform, id, '2026-03-05T00:00:00Z')
  expect(late).toMatchObject({ state: 'past_due', periodEnd: new Date('2026-03-31T09:00:00Z') })
  const [first] = await invoicesOf(platform, id)
  await expect(change(id, 'business', { seats: 3 })).rejects.toThrow(
    `Invoice ${first!.number} over €78.00 is overdue. Pay that first; then the plan can be changed. A cheaper plan can be chosen before that: it begins with the next period.`,
  )
  const planned = await preview(platform.db, late, wish('team'), new Date('2026-03-05T00:00:00Z'))
  expect(planned).toMatchObject({ now: null, total: 0n })
  await change(id, 'team')
  expect(await now(id)).toMatchObject({ state: 'past_due', scheduled: { plan: { plan: 'team' } } })
  for (const { id: invoiceId, state } of await invoicesOf(platform, id))
    if (state === 'open') await pay(invoiceId)
  const next = await advance(platform, id, '2026-04-01T00:00:00Z')
  expect(next).toMatchObject({ state: 'active', plan: { plan: 'team' }, scheduled: null })
})

test('what is suspended is left for a plan that costs nothing, at once; what is owed for it stays owed', async () => {
  const id = await clockwork(platform)
  const plan = await lonely()
  await change(id, plan)
  const before = await advance(platform, id, '2026-04-15T00:00:00Z')
  expect(before.state).toBe('suspended')
  await change(id, 'free')
  const after = await now(id)
  expect(after).toMatchObject({
    state: 'active',
    plan: { plan: 'free' },
    pastDueSince: null,
    graceEndsAt: null,
  })
  expect(after.id).not.toBe(before.id)
  const [invoice, ...others] = await invoicesOf(platform, id)
  expect([invoice!.state, others]).toEqual(['open', []])
  expect((await storyOf(platform, id)).slice(-2)).toEqual(['subscription.canceled', 'subscription.started'])
  // Nothing is due for what costs nothing, and a late payment begins nothing anew.
  expect(await advance(platform, id, '2026-06-01T00:00:00Z')).toMatchObject({ state: 'active', id: after.id })
  await pay(invoice!.id)
  expect(await now(id)).toMatchObject({ id: after.id, plan: { plan: 'free' } })
})

test('an upgrade is charged as its preview said; what was paid is given back as far as unused', async () => {
  const id = await clockwork(platform, { now: '2026-01-01T00:00:00Z' })
  await change(id, 'team')
  await pay((await invoicesOf(platform, id))[0]!.id)
  await advance(platform, id, '2026-01-11T00:00:00Z')
  const one = await now(id)
  const quoted = await preview(
    platform.db,
    one,
    wish('business', { seats: 3 }),
    new Date('2026-01-11T00:00:00Z'),
  )
  await advance(platform, id, '2026-01-11T00:05:00Z')
  const asked = { quotedAt: '2026-01-11T00:00:00Z', expectedVersion: one.version }
  const more = { ...wish('business', { seats: 3 }), ...asked }
  await platform.change((tx) => changePlan(tx, id, more, testTerms))
  const invoice = (await invoicesOf(platform, id)).at(-1)!
  // 21 of 31 days: 4900 given back rounded down, 3 x 3900 charged rounded up.
  expect(invoice.lines.map(({ amount }) => amount)).toEqual(['-3319', '7926'])
  expect(invoice.total).toBe(quoted.total.toString())
  expect(await now(id)).toMatchObject({ seats: 3, periodEnd: new Date('2026-02-01T00:00:00Z') })
  await expect(platform.change((tx) => changePlan(tx, id, more, testTerms))).rejects.toThrow(
    'changed meanwhile',
  )
})

test('a downgrade waits for the end of the period, seat edits keep it, and it can be taken back', async () => {
  const id = await clockwork(platform, { now: '2026-01-01T00:00:00Z' })
  await change(id, 'business', { seats: 4 })
  await pay((await invoicesOf(platform, id))[0]!.id)
  await change(id, 'team')
  expect(await now(id)).toMatchObject({ plan: { plan: 'business' }, scheduled: { plan: { plan: 'team' } } })
  await platform.change((tx) => setSeats(tx, id, { seats: 6 }, testTerms))
  expect(await now(id)).toMatchObject({ seats: 6, scheduled: { plan: { plan: 'team' } } })
  await platform.change((tx) => unschedule(tx, id, testTerms))
  await platform.change((tx) => setSeats(tx, id, { seats: 2 }, testTerms))
  expect(await now(id)).toMatchObject({ seats: 6, scheduled: { seats: 2 } })
  const after = await advance(platform, id, '2026-02-01T00:00:00Z')
  expect(after).toMatchObject({ seats: 2, scheduled: null, period: 1 })
  expect((await invoicesOf(platform, id)).at(-1)).toMatchObject({ total: '7800' })
})

test('canceled for the end of the period it lands on the fallback plan, unless it is taken back', async () => {
  const id = await clockwork(platform)
  await expect(platform.change((tx) => cancelSubscription(tx, id, { at: 'now' }, testTerms))).rejects.toThrow(
    'cannot be canceled',
  )
  await change(id, 'team')
  const cancel = () => platform.change((tx) => cancelSubscription(tx, id, { at: 'period-end' }, testTerms))
  await cancel()
  await expect(cancel()).rejects.toThrow('already')
  await platform.change((tx) => withdrawCancellation(tx, id, testTerms))
  await cancel()
  await pay((await invoicesOf(platform, id))[0]!.id)
  const landed = await advance(platform, id, '2026-03-01T00:00:00Z')
  expect(landed).toMatchObject({ plan: { plan: 'free' }, startedAt: new Date('2026-02-28T09:00:00Z') })
})

test('given back beyond what is charged it is kept, and set off against the next invoice', async () => {
  const id = await clockwork(platform, { now: '2026-01-01T00:00:00Z' })
  await change(id, 'business', { seats: 10 })
  await pay((await invoicesOf(platform, id))[0]!.id)
  const less = { ...wish('team'), charge: true }
  await platform.change((tx) => assignPlan(tx, id, less, testTerms))
  expect((await invoicesOf(platform, id)).at(-1)).toMatchObject({ total: '0', state: 'paid' })
  expect(await creditOf(platform.db, id, 'EUR')).toBe(34_100n)
  await advance(platform, id, '2026-02-01T00:00:00Z')
  expect((await invoicesOf(platform, id)).at(-1)).toMatchObject({ total: '0', state: 'paid' })
  expect(await creditOf(platform.db, id, 'EUR')).toBe(29_200n)
})

test('a plan can be put off, also an upgrade; the same plan is refused', async () => {
  const id = await clockwork(platform)
  await platform.change((tx) => schedulePlan(tx, id, wish('team'), testTerms))
  await expect(platform.change((tx) => schedulePlan(tx, id, wish('free'), testTerms))).rejects.toThrow(
    'already',
  )
  expect(await advance(platform, id, '2026-03-01T00:00:00Z')).toMatchObject({ plan: { plan: 'team' } })
  expect(await invoicesOf(platform, id)).toHaveLength(1)
})

test('clocks go forward only, and only those of test organizations', async () => {
  const id = await clockwork(platform)
  const to = (at: string) => (which: string) => platform.change((tx) => checkAdvance(tx, which, new Date(at)))
  await expect(to('2026-01-30T00:00:00Z')(id)).rejects.toThrow('clocks only go forward')
  const late = await clockwork(platform, { now: '2399-12-31T00:00:00Z' })
  await expect(to('2400-01-01T00:00:00Z')(late)).rejects.toThrow('to: must be in the years 2000 to 2399')
  for (const far of ['1999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'])
    await expect(clockwork(platform, { now: far })).rejects.toThrow('now: must be in the years')
  await expect(to('2030-01-30T00:00:00Z')(id)).rejects.toThrow('at most 800 days')
  await expect(to('2027-01-30T00:00:00Z')(await ordinary(platform))).rejects.toThrow(
    'lives by the wall clock',
  )
})

test('late workers at once take each step once', async () => {
  const ids = await Promise.all([1, 2, 3].map(() => clockwork(platform)))
  for (const id of ids) await change(id, 'team')
  const at = new Date('2026-03-20T00:00:00Z')
  await platform.db.updateTable('testClocks').set({ now: at }).where('organizationId', 'in', ids).execute()
  await Promise.all([1, 2, 3].map(() => runDue(platform, testTerms)))
  for (const id of ids) {
    const story = await storyOf(platform, id)
    expect(story.filter((type) => type === 'subscription.fell_back')).toHaveLength(1)
    expect((await now(id)).plan.plan).toBe('free')
  }
  const { rows } = await numbersOf()
  expect(rows).toEqual(rows.map((_, index) => index + 1))
})

async function numbersOf() {
  const found = await platform.db
    .selectFrom('invoices')
    .select('number')
    .where('number', 'is not', null)
    .orderBy('number')
    .execute()
  return { rows: found.map(({ number }) => number) }
}

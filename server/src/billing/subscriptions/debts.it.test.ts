/** What an organization owes for a subscription that has ended. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { payInvoice, writeOffInvoice } from '../invoices/pay.ts'
import { applyPlans } from '../plans/apply.ts'
import { assignPlan, cancelSubscription, changePlan, setSeats, type PlanWish } from './change.ts'
import { pageOfBilled } from './operator.ts'
import { readSubscription } from './store.ts'
import { advance, clockwork, invoicesOf, testTerms } from './test-kit.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform?.close())

const change = (id: string, plan: string, more: Partial<PlanWish> = {}) =>
  platform.change((tx) => changePlan(tx, id, { plan, seats: null, ...more }, testTerms))
const cancel = (id: string) => platform.change((tx) => cancelSubscription(tx, id, { at: 'now' }, testTerms))
const planOf = async (id: string) => (await readSubscription(platform.db, id)).plan.plan

test('who fell back with an invoice that is overdue has nothing more that is paid for, or a trial of it, before it is paid', async () => {
  const id = await clockwork(platform)
  await change(id, 'team')
  await advance(platform, id, '2026-03-15T00:00:00Z')
  expect(await planOf(id)).toBe('free')
  const [owed] = await invoicesOf(platform, id)
  const sentence = `Invoice ${owed!.number} over €49.00 is overdue. Pay that first; then the plan can be changed.`
  await expect(change(id, 'team')).rejects.toThrow(sentence)
  await expect(change(id, 'business', { seats: 2, trial: true })).rejects.toThrow(sentence)
  await platform.change((tx) => payInvoice(tx, owed!.id, 'a test', testTerms))
  await change(id, 'team')
  expect(await planOf(id)).toBe('team')
})

test('leaving a plan before its invoice is due and coming back does not go on for ever', async () => {
  const id = await clockwork(platform)
  await change(id, 'business', { seats: 1 })
  await advance(platform, id, '2026-02-20T00:00:00Z')
  await cancel(id)
  await change(id, 'business', { seats: 1 })
  await advance(platform, id, '2026-03-05T00:00:00Z')
  const more = platform.change((tx) => setSeats(tx, id, { seats: 5 }, testTerms))
  await expect(more).rejects.toThrow(
    'is overdue. Pay that first; then the plan can be changed. A cheaper plan',
  )
  await cancel(id)
  await expect(change(id, 'business', { seats: 1 })).rejects.toThrow('is overdue')
})

test('operators put it on a plan all the same, and what they wrote off of an ended subscription bars nothing', async () => {
  const id = await clockwork(platform)
  await change(id, 'team')
  await advance(platform, id, '2026-03-15T00:00:00Z')
  const wish = { plan: 'business', seats: 1, charge: true }
  await platform.change((tx) => assignPlan(tx, id, wish, testTerms))
  expect(await planOf(id)).toBe('business')
  await cancel(id)
  const [owed] = await invoicesOf(platform, id)
  await platform.change((tx) => writeOffInvoice(tx, owed!.id, 'given up', testTerms))
  await change(id, 'team')
  expect(await planOf(id)).toBe('team')
})

test('operators read what an organization owes in every currency, also of what it is on no more', async () => {
  const yen = 'plans: { yen: { name: Yen, price: 1999, currency: JPY, dueDays: 30 } }'
  await platform.change((tx) => applyPlans(tx, yen))
  const id = await clockwork(platform)
  const assign = (plan: string) =>
    platform.change((tx) => assignPlan(tx, id, { plan, seats: null, charge: true }, testTerms))
  await assign('yen')
  await assign('team')
  await assign('free')
  const { items } = await pageOfBilled(platform.db, { search: id, limit: 1 })
  expect(items).toMatchObject([
    {
      plan: 'free',
      owed: [
        { currency: 'EUR', amount: '4900' },
        { currency: 'JPY', amount: '1999' },
      ],
    },
  ])
})

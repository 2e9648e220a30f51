/** What was promised about a change holds, whatever is done and however long one thinks about it. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { publishPlans } from '../testing/year/script.ts'
import { applyPlans } from '../plans/apply.ts'
import { cancelSubscription, changePlan, preview, schedulePlan, setSeats } from './change.ts'
import { readSubscription } from './store.ts'
import { advance, clockwork, invoicesOf, testTerms } from './test-kit.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
  await publishPlans(platform.db)
})
afterAll(() => platform?.close())

const born = '2027-01-31T12:00:00Z'
const seats = fc.integer({ min: 1, max: 60 })

test('invariant 14: whatever seats are asked for, the plan that is scheduled stays scheduled', async () => {
  await fc.assert(
    fc.asyncProperty(
      seats,
      seats,
      fc.array(seats, { minLength: 1, maxLength: 3 }),
      async (now, then, edits) => {
        const id = await clockwork(platform, { now: born })
        await platform.change((tx) => changePlan(tx, id, { plan: 'business', seats: now }, testTerms))
        await platform.change((tx) => schedulePlan(tx, id, { plan: 'strict', seats: then }, testTerms))
        for (const asked of edits) {
          // As many as there are already is refused, and changes nothing.
          await platform.change((tx) => setSeats(tx, id, { seats: asked }, testTerms)).catch(() => {})
          expect((await readSubscription(platform.db, id)).scheduled?.plan.plan).toBe('strict')
        }
      },
    ),
    { numRuns: 15 },
  )
}, 120_000)

test('invariant 15: a preview is what is charged, also some minutes later', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 20, max: 60 }),
      fc.integer({ min: 60, max: 27 * 24 * 60 }),
      fc.integer({ min: 0, max: 15 }),
      async (few, many, minutes, thought) => {
        const id = await clockwork(platform, { now: born })
        await platform.change((tx) => changePlan(tx, id, { plan: 'business', seats: few }, testTerms))
        const at = new Date(Date.parse(born) + minutes * 60_000)
        await advance(platform, id, at.toISOString())
        const one = await readSubscription(platform.db, id)
        const wish = { plan: 'business', seats: many }
        const promised = await preview(platform.db, one, wish, at)
        await advance(platform, id, new Date(at.getTime() + thought * 60_000).toISOString())
        const asked = { ...wish, quotedAt: at.toISOString(), expectedVersion: one.version }
        await platform.change((tx) => changePlan(tx, id, asked, testTerms))
        const charged = (await invoicesOf(platform, id)).at(-1)!
        expect(charged.lines.map(({ amount }) => amount)).toEqual(
          promised.lines.map(({ amount }) => amount.toString()),
        )
        expect(charged.total).toBe(promised.total.toString())
      },
    ),
    { numRuns: 15 },
  )
}, 120_000)

const tried = (price: number, isPublic: boolean) => `
plans:
  tried: { name: Tried, price: ${price}, currency: EUR, per: seat, trialDays: 14, dueDays: 14, fallback: free, public: ${isPublic} }
`

/** On the first version of a plan by seat, of which another one that costs more and cannot be chosen came since. */
async function onEarlierVersion(given: { seats: number; trial: boolean }): Promise<string> {
  await platform.change((tx) => applyPlans(tx, tried(1000, true)))
  const id = await clockwork(platform, { now: born })
  await platform.change((tx) => changePlan(tx, id, { plan: 'tried', ...given }, testTerms))
  await platform.change((tx) => applyPlans(tx, tried(5000, false)))
  return id
}

const seatsQuoted = async (id: string, asked: number) => {
  const one = await readSubscription(platform.db, id)
  const planned = await preview(platform.db, one, { seats: asked }, new Date(born))
  const agreed = { quotedAt: planned.at.toISOString(), expectedVersion: one.version }
  await platform.change((tx) => setSeats(tx, id, { seats: asked, ...agreed }, testTerms))
  return { planned, one: await readSubscription(platform.db, id) }
}

test('a preview of seats is of the version that the organization has, also where nobody can choose the plan any more', async () => {
  const id = await onEarlierVersion({ seats: 2, trial: false })
  const { planned, one } = await seatsQuoted(id, 5)
  expect(planned).toMatchObject({ total: 3000n, next: { total: 5000n } })
  expect(one).toMatchObject({ seats: 5, plan: { version: planned.plan.version } })
  expect((await invoicesOf(platform, id)).map(({ total }) => total)).toEqual(['2000', '3000'])
})

test('a preview of seats says what comes at the end of the period, which stays as it was scheduled', async () => {
  const id = await clockwork(platform, { now: born })
  await platform.change((tx) => changePlan(tx, id, { plan: 'business', seats: 2 }, testTerms))
  const free = { plan: 'free', seats: null }
  await platform.change((tx) => schedulePlan(tx, id, free, testTerms))
  const { planned, one } = await seatsQuoted(id, 3)
  expect(planned.next).toBeNull()
  expect(one).toMatchObject({ seats: 3, scheduled: { plan: { plan: 'free' } } })
  await platform.change((tx) => cancelSubscription(tx, id, { at: 'period-end' }, testTerms))
  const again = await seatsQuoted(id, 4)
  expect(again.planned.next).toBeNull()
  expect(again.one).toMatchObject({ seats: 4, cancelAtPeriodEnd: true })
})

test('more seats while a plan is tried cost nothing before the trial ends, which stays when it was', async () => {
  const id = await onEarlierVersion({ seats: 1, trial: true })
  const before = await readSubscription(platform.db, id)
  const { planned, one } = await seatsQuoted(id, 3)
  expect(planned).toMatchObject({ total: 0n, lines: [], next: { at: before.trialEndsAt, total: 3000n } })
  expect(one).toMatchObject({ id: before.id, state: 'trialing', seats: 3, trialEndsAt: before.trialEndsAt })
  expect(await invoicesOf(platform, id)).toEqual([])
  const later = await advance(platform, id, before.trialEndsAt!.toISOString())
  expect(later).toMatchObject({ state: 'active', period: 0, seats: 3 })
  expect((await invoicesOf(platform, id)).map(({ total }) => total)).toEqual(['3000'])
})

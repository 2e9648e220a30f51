import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { payInvoice } from '../invoices/pay.ts'
import { publishPlans } from '../testing/year/script.ts'
import { changePlan } from './change.ts'
import { daysAfter } from './model.ts'
import { readSubscription } from './store.ts'
import { clockwork, invoicesOf, storyOf, testTerms } from './test-kit.ts'
import { runDue } from './worker.ts'

const hourMs = 3600_000
/** What is paid within the first period, so that there is one invoice: with a fallback, and without one. */
const plans = { dollars: { due: 7, grace: 9, lands: 'free' }, strict: { due: 0, grace: 3, lands: null } }
/** Two processes. */
let platforms: [TestPlatform, TestPlatform]
let platform: TestPlatform

beforeAll(async () => {
  platform = await openTestPlatform()
  platforms = [platform, await openTestPlatform({ beside: platform })]
  await publishPlans(platform.db)
})
afterAll(async () => {
  await platforms?.[1].close()
  await platform?.close()
})

/** It is so late, and workers of both processes come at once. */
async function late(id: string, now: Date, workers: number): Promise<void> {
  await platform.db.updateTable('testClocks').set({ now }).where('organizationId', '=', id).execute()
  await Promise.all(Array.from({ length: workers }, (_, n) => runDue(platforms[n % 2]!, testTerms)))
}

test('invariant 12: unpaid until its grace is over it falls back or is suspended, just one of them and once, however late and however many workers come; paid before, neither', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('dollars' as const, 'strict' as const),
      fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe'),
      fc.constantFrom('2027-01-31T12:00:00Z', '2027-03-27T00:30:00Z', '2027-10-02T15:00:00Z'),
      // When it is looked at, in hours from the end of the grace.
      fc.array(fc.integer({ min: -24 * 16, max: 24 * 14 }), { maxLength: 4 }),
      // When it is paid; null: never.
      fc.option(fc.integer({ min: -24 * 12, max: 24 * 6 }), { nil: null }),
      fc.integer({ min: 1, max: 4 }),
      async (name, timeZone, now, looks, paid, workers) => {
        const plan = plans[name]
        const id = await clockwork(platform, { now, timeZone })
        await platform.change((tx) => changePlan(tx, id, { plan: name, seats: null }, testTerms))
        const due = daysAfter(new Date(now), plan.due, timeZone)
        const over = daysAfter(due, plan.grace, timeZone)
        const at = (hours: number) => new Date(Math.max(Date.parse(now), over.getTime() + hours * hourMs))
        const [invoice] = await invoicesOf(platform, id)
        const before = looks.filter((hours) => paid === null || hours <= paid).toSorted((a, b) => a - b)
        for (const hours of before) await late(id, at(hours), workers)
        if (paid !== null) {
          await late(id, at(paid), 0)
          await platform.change((tx) => payInvoice(tx, invoice!.id, 'a test', testTerms))
        }
        // Long after, in the same period still.
        await late(id, at(24 * 14), workers)

        const story = await storyOf(platform, id)
        const ends = story.filter(
          (type) => type === 'subscription.fell_back' || type === 'subscription.suspended',
        )
        const lapses = paid === null || paid >= 0
        const lapse = plan.lands ? 'subscription.fell_back' : 'subscription.suspended'
        expect(ends).toEqual(lapses ? [lapse] : [])
        const { state, plan: on } = await readSubscription(platform.db, id)
        const isBack = !lapses || (plan.lands === null && paid !== null)
        expect([state, on.plan]).toEqual(
          isBack ? ['active', name] : plan.lands ? ['active', plan.lands] : ['suspended', name],
        )
        // Told as of the time it fell due, whenever that was noticed.
        const told = await platform.db
          .selectFrom('events')
          .select('effectiveAt')
          .where('organizationId', '=', id)
          .where('type', '=', lapse)
          .execute()
        expect(told.map(({ effectiveAt }) => effectiveAt)).toEqual(lapses ? [over] : [])
      },
    ),
    { numRuns: 25 },
  )
}, 180_000)

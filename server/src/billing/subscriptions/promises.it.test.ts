/** What was promised about a change holds, whatever is done and however long one thinks about it. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { publishPlans } from '../testing/year/script.ts'
import { changePlan, preview, schedulePlan, setSeats } from './change.ts'
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

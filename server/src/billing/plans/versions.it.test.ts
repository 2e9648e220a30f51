import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { Refusal } from '../../platform/problem.ts'
import { changePlan } from '../subscriptions/change.ts'
import { readSubscription } from '../subscriptions/store.ts'
import { advance, clockwork, testTerms } from '../subscriptions/test-kit.ts'
import { applyPlans } from './apply.ts'

const born = '2027-01-31T12:00:00Z'
let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform?.close())

type Step =
  | { do: 'publish'; price: number; calls: number; public: boolean }
  | { do: 'wait'; days: number }
  | { do: 'choose' | 'write' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      price: fc.integer({ min: 0, max: 3 }),
      calls: fc.integer({ min: 1, max: 3 }),
      public: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('choose' as const, 'write' as const) }) },
)

const fileOf = (plan: string, { price, calls, public: isPublic }: Extract<Step, { do: 'publish' }>) => `
plans:
  ${plan}:
    name: Grown
    price: ${price}
    currency: EUR
    graceDays: 365
    public: ${isPublic}
    grants:
      gateway.tool_calls: { limit: ${calls}, reset: month }
`

/** Every version there is, as text. */
async function versions(): Promise<Map<string, string>> {
  const { rows } = await sql<{ id: string; all: string }>`
    select id, v::text as all from plan_versions v`.execute(platform.db)
  return new Map(rows.map(({ id, all }) => [id, all]))
}

let plans = 0

test('invariant 17: a published version never changes, and those who have it keep it through all renewals until they choose another', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
      const plan = `grown-${++plans}`
      const first = { do: 'publish', price: 1, calls: 1, public: true } as const
      await platform.change((tx) => applyPlans(tx, fileOf(plan, first)))
      const id = await clockwork(platform, { now: born })
      const choose = () =>
        platform
          .change((tx) => changePlan(tx, id, { plan, seats: null }, testTerms))
          .catch((error: unknown) => {
            if (!(error instanceof Refusal)) throw error
          })
      await choose()
      let now = Date.parse(born)
      for (const one of steps) {
        const [before, known] = [await readSubscription(platform.db, id), await versions()]
        if (one.do === 'publish') await platform.change((tx) => applyPlans(tx, fileOf(plan, one)))
        else if (one.do === 'wait') {
          now += one.days * 24 * 3600_000
          await advance(platform, id, new Date(now).toISOString())
        } else if (one.do === 'choose') await choose()
        else {
          const write = platform.db.updateTable('planVersions').set({ price: 9 }).where('plan', '=', plan)
          await expect(write.execute()).rejects.toThrow('never changed')
          const remove = platform.db.deleteFrom('planVersions').where('plan', '=', plan)
          await expect(remove.execute()).rejects.toThrow('never changed')
        }
        const after = await versions()
        for (const [version, all] of known) expect(after.get(version)).toBe(all)
        const { plan: on } = await readSubscription(platform.db, id)
        const chosen = before.scheduled?.plan.id
        if (one.do === 'wait') expect([before.plan.id, chosen]).toContain(on.id)
        else if (one.do !== 'choose') expect(on.id).toBe(before.plan.id)
      }
    }),
    { numRuns: 12 },
  )
}, 180_000)

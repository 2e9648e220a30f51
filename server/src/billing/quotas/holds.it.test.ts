import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { advanceOnce } from '../subscriptions/advance.ts'
import { clockwork, testTerms } from '../subscriptions/test-kit.ts'
import { subscribeTo } from '../test-kit.ts'
import { concludeHold } from './hold-store.ts'
import { endHold, reserveQuota, type HoldEnd } from './holds.ts'
import { findDifferences } from './ledger.ts'

const calls = 'gateway.tool_calls'
const born = new Date('2027-01-31T12:00:00Z')
const hourMs = 3600_000
let platform: TestPlatform

beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform?.close())

type Step =
  | { do: 'reserve'; quantity: number }
  /** Ends a hold, ended or not, in several ways at once. */
  | { do: 'end'; which: number; ends: HoldEnd[] }
  /** Confirms of a hold no more than so much, several times at once. */
  | { do: 'use'; which: number; most: number[] }
  | { do: 'wait'; hours: number }
  /** Other limits and other windows from here on. */
  | { do: 'replan'; limit: number; reset: 'day' | 'week' | 'month' | 'period' }

const reset = fc.constantFrom('day' as const, 'week' as const, 'month' as const, 'period' as const)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('reserve' as const), quantity: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which: fc.nat(9),
      ends: fc.array(fc.constantFrom<HoldEnd[]>('confirmed', 'released', 'expired'), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('use' as const),
      which: fc.nat(9),
      most: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 24 * 20 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('replan' as const),
      limit: fc.integer({ min: 0, max: 30 }),
      reset,
    }),
  },
)

interface Amount {
  used: number
  held: number
}

/** What of every window is used and held. */
async function balancesOf(organizationId: string): Promise<Map<string, Amount>> {
  const rows = await platform.db
    .selectFrom('quotaBalances')
    .select(['windowStart', 'used', 'held'])
    .where('organizationId', '=', organizationId)
    .execute()
  return new Map(rows.map(({ windowStart, used, held }) => [windowStart.toISOString(), { used, held }]))
}

/** The entries that a hold left in the ledger, after the one that it began with. */
const entriesOf = async (holdId: string) =>
  (
    await platform.db
      .selectFrom('quotaLedger')
      .select(['kind', 'used', 'held', 'windowStart'])
      .where('holdId', '=', holdId)
      .orderBy('id')
      .execute()
  ).slice(1)

/** The window that changed, and by how much; there is at most one. */
function changed(before: Map<string, Amount>, after: Map<string, Amount>) {
  const differences = [...after].flatMap(([window, { used, held }]) => {
    const was = before.get(window) ?? { used: 0, held: 0 }
    const by = { used: used - was.used, held: held - was.held }
    return by.used === 0 && by.held === 0 ? [] : [{ window, ...by }]
  })
  expect(differences.length).toBeLessThanOrEqual(1)
  return differences[0] ?? null
}

test('invariant 4: a hold ends once, whoever ends it at the same time; invariant 5: what it took, or the rest of it, goes back to just where it came from, whatever the plan and the window are by then', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 5, max: 30 }),
      reset,
      fc.array(step, { minLength: 2, maxLength: 14 }),
      async (limit, first, steps) => {
        const id = await clockwork(platform, { now: born.toISOString(), timeZone: 'America/New_York' })
        const replan = (most: number, every: typeof first) =>
          subscribeTo(platform.db, id, [{ key: calls, limit: most, reset: every }])
        await replan(limit, first)
        const holds: { holdId: string; window: string; quantity: number; over: boolean }[] = []
        let now = born
        for (const one of steps) {
          const before = await balancesOf(id)
          if (one.do === 'replan') await replan(one.limit, one.reset)
          else if (one.do === 'wait') {
            now = new Date(now.getTime() + one.hours * hourMs)
            const given = { from: now, to: now }
            while (!(await platform.change((tx) => advanceOnce(tx, id, given, testTerms))));
          } else if (one.do === 'reserve') {
            const { quantity } = one
            const items = [{ key: calls, quantity }]
            const until = new Date('2100-01-01')
            const { holdId } = await platform.change((tx) => reserveQuota(tx, id, items, until))
            const taken = changed(before, await balancesOf(id))
            expect(taken && { used: taken.used, held: taken.held }).toEqual(
              holdId && { used: 0, held: quantity },
            )
            if (holdId) holds.push({ holdId, window: taken!.window, quantity, over: false })
          } else if (one.do === 'use') {
            const hold = holds[one.which % holds.length]
            if (!hold) continue
            const { holdId, window, quantity, over } = hold
            const wishes = one.most.map((most) => Math.min(most, quantity))
            const answers = await Promise.all(
              wishes.map((used) =>
                platform.change((tx) =>
                  concludeHold(tx, id, holdId, {
                    action: 'confirm',
                    items: [{ key: calls, quantity: used }],
                  }),
                ),
              ),
            )
            const back = changed(before, await balancesOf(id))
            if (over) expect(back).toBeNull()
            else {
              // One of them ended it, and only who wished the same is told that it did.
              const used = back!.used
              expect(wishes).toContain(used)
              expect(answers.map((answer) => 'id' in answer)).toEqual(wishes.map((wish) => wish === used))
              expect(back).toEqual({ window, used, held: -quantity })
              const rest = quantity - used
              const entry = { windowStart: new Date(window) }
              expect(await entriesOf(holdId)).toEqual([
                { ...entry, kind: 'confirm', used, held: -used },
                ...(rest > 0 ? [{ ...entry, kind: 'release', used: 0, held: -rest }] : []),
              ])
            }
            hold.over = true
          } else if (holds.length > 0) {
            const hold = holds[one.which % holds.length]!
            const { holdId, window, quantity, over } = hold
            const ended = await Promise.all(
              one.ends.map((end) => platform.change((tx) => endHold(tx, id, holdId, end))),
            )
            expect(ended.filter(Boolean)).toHaveLength(over ? 0 : 1)
            const back = changed(before, await balancesOf(id))
            const used = one.ends[ended.indexOf(true)] === 'confirmed' ? quantity : 0
            expect(back).toEqual(over ? null : { window, used, held: -quantity })
            hold.over = true
          }
          expect(await findDifferences(platform.db, id)).toEqual([])
        }
      },
    ),
    { numRuns: 25 },
  )
}, 120_000)

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, seedRunner, type TestPlatform } from '../../platform/testing/index.ts'
import { clockwork, testTerms } from '../subscriptions/test-kit.ts'
import { subscribeTo } from '../test-kit.ts'
import { perform, type Act } from '../testing/year/acts.ts'
import { countCalls } from './counting.ts'
import { expireHolds } from './holds.ts'
import { returnLease, takeLease } from './leases.ts'
import { findDifferences } from './ledger.ts'
import { checkQuota } from './use.ts'

const calls = 'gateway.tool_calls'
const born = new Date('2027-03-31T22:30:00Z')
const hourMs = 3600_000
let platform: TestPlatform
let runnerId: string

beforeAll(async () => {
  platform = await openTestPlatform()
  runnerId = await seedRunner(platform.db)
})
afterAll(() => platform?.close())

type Step =
  | Act
  | { do: 'lease' | 'return'; quantity: number }
  | { do: 'wait'; hours: number }
  | { do: 'drop' }

const quantity = fc.integer({ min: 1, max: 9 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('use' as const), quantity }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hold' as const), quantity, passing: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('end-hold' as const),
      end: fc.constantFrom('confirmed' as const, 'released' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('calls' as const),
      batches: fc.array(quantity, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('lease' as const, 'return' as const), quantity }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'drop' as const }) },
)

interface Twin {
  id: string
  now: Date
  /** Whether what is kept of its ledger's sums is thrown away now and then. */
  drops: boolean
  leases: string[]
}

/** Does it; what it is told. */
async function act(twin: Twin, one: Step, key: string): Promise<unknown> {
  const { db } = platform
  const { id } = twin
  switch (one.do) {
    case 'drop':
      if (twin.drops) await db.deleteFrom('quotaBalances').where('organizationId', '=', id).execute()
      return null
    case 'wait':
      twin.now = new Date(twin.now.getTime() + one.hours * hourMs)
      await db.updateTable('testClocks').set({ now: twin.now }).where('organizationId', '=', id).execute()
      return null
    case 'lease': {
      const asked = { organizationId: id, runnerId, waiting: one.quantity, expected: one.quantity }
      const answer = await platform.change((tx) => takeLease(tx, asked))
      if (answer.kind !== 'lease') return answer
      twin.leases.push(answer.id)
      return { ...answer, id: '' }
    }
    case 'return': {
      const lease = twin.leases.shift()
      if (lease) await platform.change((tx) => returnLease(tx, id, lease, one.quantity))
      return null
    }
    default: {
      const reply = await perform(platform, testTerms, { id, key: `${id}-${key}`, act: one })
      await countCalls(platform)
      await expireHolds(platform)
      return reply
    }
  }
}

test('invariant 18: balances are the sums of the ledger and nothing else: thrown away at any moment, all answers stay the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 40 }),
      fc.constantFrom('hard' as const, 'soft' as const),
      fc.constantFrom('day' as const, 'week' as const, 'month' as const),
      fc.array(step, { minLength: 2, maxLength: 16 }),
      async (limit, mode, reset, steps) => {
        const twins = await Promise.all(
          [false, true].map(async (drops): Promise<Twin> => {
            const id = await clockwork(platform, { now: born.toISOString(), timeZone: 'Asia/Kathmandu' })
            await subscribeTo(platform.db, id, [{ key: calls, limit, mode, reset }])
            return { id, now: born, drops, leases: [] }
          }),
        )
        const both = async (ask: (twin: Twin) => Promise<unknown>) => {
          const kept = await ask(twins[0]!)
          expect(await ask(twins[1]!)).toEqual(kept)
        }
        for (const [place, one] of steps.entries()) {
          await both((twin) => act(twin, one, String(place)))
          await both(({ id, now }) => checkQuota(platform.db, id, [{ key: calls, quantity: 1 }], now))
          expect(await findDifferences(platform.db, twins[0]!.id)).toEqual([])
        }
        // Thrown away and made anew by use, what is kept is what was.
        await act(twins[1]!, { do: 'drop' }, 'last')
        await both((twin) => act(twin, { do: 'use', quantity: 1 }, 'last'))
        await both(async ({ id, now }) => {
          const rows = await platform.db
            .selectFrom('quotaBalances')
            .select(['key', 'windowStart', 'windowEnd', 'used', 'held'])
            .where('organizationId', '=', id)
            .where('windowStart', '<=', now)
            .where('windowEnd', '>', now)
            .execute()
          return rows.filter(({ used, held }) => used + held > 0)
        })
      },
    ),
    { numRuns: 15 },
  )
}, 120_000)

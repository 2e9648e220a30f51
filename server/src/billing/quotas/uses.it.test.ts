import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Grant } from '@berth/contracts'
import { systemActor } from '../../platform/platform.ts'
import { openTestPlatform, seedOrganization, type TestPlatform } from '../../platform/testing/index.ts'
import { subscribeTo } from '../test-kit.ts'
import { findDifferences, lockBalances, move } from './ledger.ts'
import type { Wanted } from './decide.ts'
import { checkQuota, useQuotas } from './use.ts'
import { createQuotaUses, type QuotaUses } from './uses.ts'

const calls = 'gateway.tool_calls'
const origin = { actor: systemActor('test'), requestId: null }
/** Two processes. */
let platforms: [TestPlatform, TestPlatform]
let uses: [QuotaUses, QuotaUses]
let platform: TestPlatform

beforeAll(async () => {
  platform = await openTestPlatform()
  platforms = [platform, await openTestPlatform({ beside: platform })]
  uses = [createQuotaUses(platforms[0]), createQuotaUses(platforms[1])]
})
afterAll(async () => {
  await platforms[1].close()
  await platform.close()
})

async function organization(limit: number | null, more: Partial<Grant> = {}): Promise<string> {
  const organizationId = await seedOrganization(platform.db)
  await limitTo(organizationId, limit, more)
  return organizationId
}
const limitTo = (organizationId: string, limit: number | null, more: Partial<Grant> = {}) =>
  subscribeTo(platform.db, organizationId, [
    { key: calls, limit, mode: 'hard', reset: 'month', ...more },
    { key: 'seats', limit: 3 },
  ])

const wanting = (quantity: number): Wanted[] => [{ key: calls, quantity }]

async function usedOf(organizationId: string): Promise<number> {
  const items = [{ key: calls, quantity: 1 }]
  return (await checkQuota(platform.db, organizationId, items, new Date())).items[0]!.used
}

async function saidOf(organizationId: string): Promise<string[]> {
  const rows = await platform.db
    .selectFrom('events')
    .select('type')
    .where('organizationId', '=', organizationId)
    .where('type', 'in', ['quota.exhausted', 'quota.overage_began'])
    .execute()
  return rows.map(({ type }) => type)
}

test('callers of two processes get all there is of many organizations, and no more; each limit is said once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
      async (limits, quantities) => {
        const ids = await Promise.all(limits.map((limit) => organization(limit)))
        const allowed = new Map<string, number>()
        await Promise.all(
          ids.flatMap((id) =>
            Array.from({ length: 16 }, async (_, caller) => {
              for (const quantity of [...quantities, 1]) {
                const answer = await uses[caller % 2]!.use(id, origin, wanting(quantity))
                if (answer.allowed) allowed.set(id, (allowed.get(id) ?? 0) + quantity)
              }
            }),
          ),
        )
        for (const [index, id] of ids.entries()) {
          const limit = limits[index]!
          expect(allowed.get(id)).toBe(Math.min(limit, 16 * (quantities.reduce((a, b) => a + b) + 1)))
          expect(await usedOf(id)).toBe(allowed.get(id))
          expect(await saidOf(id)).toEqual(allowed.get(id) === limit ? ['quota.exhausted'] : [])
          expect(await findDifferences(platform.db, id)).toEqual([])
        }
      },
    ),
    { numRuns: 6 },
  )
})

test('a limit that was changed holds from the next use on, for those who remembered the one before', async () => {
  const id = await organization(10)
  expect(await uses[0].use(id, origin, wanting(5))).toMatchObject({ allowed: true })
  await limitTo(id, 5)
  expect(await uses[0].use(id, origin, wanting(1))).toMatchObject({ allowed: false, items: [{ limit: 5 }] })
  await limitTo(id, null)
  expect(await uses[0].use(id, origin, wanting(100))).toMatchObject({ allowed: true })
  await platform.db
    .updateTable('subscriptions')
    .set({ state: 'suspended' })
    .where('organizationId', '=', id)
    .execute()
  expect(await uses[0].use(id, origin, wanting(1))).toMatchObject({
    allowed: false,
    items: [{ notes: ['billing:suspended'] }],
  })
})

test("a test clock that was moved into the next window brings the next window's quota, with entries of its time", async () => {
  const id = await organization(3)
  const at = (now: string) =>
    platform.db
      .insertInto('testClocks')
      .values({ organizationId: id, now })
      .onConflict((clash) => clash.column('organizationId').doUpdateSet({ now }))
      .execute()
  await at('2031-01-05T00:00:00Z')
  expect(await uses[0].use(id, origin, wanting(3))).toMatchObject({ allowed: true })
  expect(await uses[0].use(id, origin, wanting(1))).toMatchObject({ allowed: false })
  await at('2031-03-05T00:00:00Z')
  expect(await uses[0].use(id, origin, wanting(3))).toMatchObject({ allowed: true })
  const entries = await platform.db
    .selectFrom('quotaLedger')
    .select('at')
    .where('organizationId', '=', id)
    .orderBy('id')
    .execute()
  expect(entries.map((entry) => entry.at.toISOString().slice(0, 7))).toEqual(['2031-01', '2031-03'])
})

test('a soft limit is crossed once, in the same change as the use that crosses it', async () => {
  const id = await organization(5, { mode: 'soft' })
  await Promise.all(Array.from({ length: 12 }, (_, caller) => uses[caller % 2]!.use(id, origin, wanting(1))))
  expect(await usedOf(id)).toBe(12)
  expect(await saidOf(id)).toEqual(['quota.overage_began'])
})

test('several keys are all or nothing in a group, too', async () => {
  const id = await organization(10)
  const both = (seats: number): Wanted[] => [
    { key: 'seats', quantity: seats },
    { key: calls, quantity: 4 },
  ]
  const answers = await Promise.all([4, 3, 3, 3].map((seats) => uses[0].use(id, origin, both(seats))))
  expect(answers.map(({ allowed }) => allowed)).toEqual([false, true, true, false])
  expect(answers[0]!.items.map(({ allowed }) => allowed)).toEqual([true, false])
  expect(await usedOf(id)).toBe(8)
})

test('whoever wants several balances waits for others and never in a circle, in whatever order they are named', async () => {
  const id = await organization(null)
  const windows = [1, 2, 3, 4].map((month) => ({
    key: calls,
    window: { start: new Date(Date.UTC(2001, month)), end: new Date(Date.UTC(2001, month + 1)) },
  }))
  let attempts = 0
  const take = (places: typeof windows) =>
    platform.change(async (tx) => {
      attempts++
      await lockBalances(tx, id, places)
      const used = { kind: 'consume', used: 1, held: 0 } as const
      const entries = places.map(({ key, window }) => ({ key, windowStart: window.start, ...used }))
      await move(tx, id, entries, tx.now)
    })
  const orders = [windows, windows.toReversed(), windows.slice(2), windows.slice(0, 2).toReversed()]
  await Promise.all(Array.from({ length: 40 }, (_, turn) => take(orders[turn % 4]!)))
  // A circle would have been broken by the database, and the change made again.
  expect(attempts).toBe(40)
  expect(await findDifferences(platform.db, id)).toEqual([])
})

test('groups and units of work of the same organization take turns', async () => {
  const id = await organization(40)
  const byUnit = () => platform.change((tx) => useQuotas(tx, id, [wanting(1), wanting(1)]))
  const [grouped, units] = await Promise.all([
    Promise.all(Array.from({ length: 30 }, () => uses[1].use(id, origin, wanting(1)))),
    Promise.all(Array.from({ length: 10 }, byUnit)),
  ])
  const allowed = [...grouped, ...units.flat()].filter((one) => one.allowed)
  expect(allowed).toHaveLength(40)
  expect(await usedOf(id)).toBe(40)
})

test('what one caller sends wrong is not the fault of those who wait with them', async () => {
  const [one, other] = [await organization(5), await organization(5)]
  const results = await Promise.allSettled([
    uses[0].use(one, origin, [{ key: 'a\u0000b', quantity: 1 }]),
    uses[0].use(one, origin, wanting(0)),
    uses[0].use(other, origin, wanting(5)),
  ])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  expect(await usedOf(other)).toBe(5)
})

test('what callers use together is told once for each of them, and what is denied is not', async () => {
  const id = await organization(10)
  const other = { actor: systemActor('another'), requestId: null }
  await Promise.all([
    ...[1, 2, 3].map((quantity) => uses[0].use(id, origin, wanting(quantity))),
    uses[0].use(id, origin, wanting(1)),
    uses[0].use(id, origin, wanting(100)),
    uses[0].use(id, other, wanting(2)),
  ])
  const rows = await platform.db
    .selectFrom('events')
    .select(['actor', 'payload'])
    .where('organizationId', '=', id)
    .where('type', '=', 'quota.consumed')
    .execute()
  const sums = new Map<string, number>()
  for (const { actor, payload } of rows) {
    const who = (actor as { id: string }).id
    const { quantity } = (payload as { items: { quantity: number }[] }).items[0]!
    sums.set(who, (sums.get(who) ?? 0) + quantity)
  }
  expect(sums).toEqual(
    new Map([
      [origin.actor.id, 7],
      [other.actor.id, 2],
    ]),
  )
  expect(await usedOf(id)).toBe(9)
  expect(rows.length).toBeLessThan(5)
})

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemActor } from '../../platform/platform.ts'
import { openTestPlatform, seedOrganization, type TestPlatform } from '../../platform/testing/index.ts'
import { subscribeTo } from '../test-kit.ts'
import type { Wanted } from './decide.ts'
import { endHold, expireHolds, reserveQuota, type HoldEnd } from './holds.ts'
import { findDifferences } from './ledger.ts'
import { checkQuota, useQuota, useQuotas } from './use.ts'
import { createQuotaUses } from './uses.ts'

const calls = 'gateway.tool_calls'
/** A key that is not metered, so that several are decided together. */
const seats = 'seats'
const origin = { actor: systemActor('test'), requestId: null }
let platform: TestPlatform

beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())

type Mode = 'hard' | 'soft'

async function organization(limit: number | null, mode: Mode = 'hard'): Promise<string> {
  const organizationId = await seedOrganization(platform.db)
  await subscribeTo(platform.db, organizationId, [
    { key: calls, limit, mode, reset: 'month' },
    { key: seats, limit: 3 },
    { key: 'sso', limit: 0 },
  ])
  return organizationId
}

const use = (organizationId: string, ...requests: Wanted[][]) =>
  platform.change((tx) => useQuotas(tx, organizationId, requests))
const callsWanted = (quantity: number): Wanted[] => [{ key: calls, quantity }]
const useOne = (organizationId: string, quantity: number) =>
  platform.change((tx) => useQuota(tx, organizationId, callsWanted(quantity)))

async function balanceOf(organizationId: string) {
  const [outcome] = (await checkQuota(platform.db, organizationId, [{ key: calls, quantity: 1 }], new Date()))
    .items
  return { used: outcome!.used, held: outcome!.held }
}

const ledgerOf = (organizationId: string) =>
  platform.db
    .selectFrom('quotaLedger')
    .select(['kind', 'used', 'held', 'holdId', 'windowStart'])
    .where('organizationId', '=', organizationId)
    .orderBy('id')
    .execute()

const step = fc.oneof(
  fc.record({ kind: fc.constant('use' as const), quantity: fc.integer({ min: 1, max: 6 }) }),
  fc.record({
    kind: fc.constant('reserve' as const),
    quantity: fc.integer({ min: 1, max: 6 }),
    ends: fc.array(fc.constantFrom<HoldEnd>('confirmed', 'released', 'expired'), { maxLength: 3 }),
  }),
)

test('invariant 1: however uses and holds interleave, what is used and held is within a hard limit after every entry; invariant 2: the balance is the sum of the entries; invariant 4: a hold ends once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 25 }),
      fc.array(step, { minLength: 1, maxLength: 16 }),
      async (limit, steps) => {
        const organizationId = await organization(limit)
        let [confirmed, holding] = [0, 0]
        await Promise.all(
          steps.map(async (one) => {
            if (one.kind === 'use') {
              if ((await useOne(organizationId, one.quantity)).allowed) confirmed += one.quantity
              return
            }
            const items = [{ key: calls, quantity: one.quantity }]
            const later = new Date(Date.now() + 60_000)
            const { holdId } = await platform.change((tx) => reserveQuota(tx, organizationId, items, later))
            if (holdId === null) return
            const ended = await Promise.all(
              one.ends.map((end) => platform.change((tx) => endHold(tx, organizationId, holdId, end))),
            )
            // Of all who end it at once, just one does.
            expect(ended.filter(Boolean).length).toBe(Math.min(1, one.ends.length))
            if (one.ends.length === 0) holding += one.quantity
            else if (one.ends[ended.indexOf(true)] === 'confirmed') confirmed += one.quantity
          }),
        )
        let [used, held] = [0, 0]
        for (const entry of await ledgerOf(organizationId)) {
          used += entry.used
          held += entry.held
          expect(used + held).toBeLessThanOrEqual(limit)
          expect(Math.min(used, held)).toBeGreaterThanOrEqual(0)
        }
        expect({ used, held }).toEqual({ used: confirmed, held: holding })
        expect(await balanceOf(organizationId)).toEqual({ used, held })
        expect(await findDifferences(platform.db, organizationId)).toEqual([])
      },
    ),
    { numRuns: 25 },
  )
})

test('invariant 6: requests decided together are decided as one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 30 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
      fc.nat(12),
      async (limit, quantities, cut) => {
        const requests = quantities.map((quantity) => callsWanted(quantity))
        const [whole, split] = [await organization(limit), await organization(limit)]
        const together = await use(whole, ...requests)
        const apart = [
          ...(await use(split, ...requests.slice(0, cut))),
          ...(await use(split, ...requests.slice(cut))),
        ]
        expect(apart.map(({ allowed }) => allowed)).toEqual(together.map(({ allowed }) => allowed))
        expect(await balanceOf(split)).toEqual(await balanceOf(whole))
      },
    ),
    { numRuns: 15 },
  )
})

test('callers of one hot key who wait for each other get no more than there is, each its own answer', async () => {
  const organizationId = await organization(100)
  const uses = createQuotaUses(platform)
  const answers = await Promise.all(
    Array.from({ length: 150 }, () => uses.use(organizationId, origin, callsWanted(1))),
  )
  expect(answers.filter(({ allowed }) => allowed).length).toBe(100)
  expect(await balanceOf(organizationId)).toEqual({ used: 100, held: 0 })
})

test('several keys are used all or nothing, and a key that nobody knows is denied and named', async () => {
  const organizationId = await organization(10)
  const [both] = await use(organizationId, [
    { key: calls, quantity: 4 },
    { key: seats, quantity: 5 },
  ])
  expect(both!.allowed).toBe(false)
  expect(both!.items.map(({ allowed }) => allowed)).toEqual([true, false])
  const [unknown] = await use(organizationId, [{ key: 'moon.landings', quantity: 1 }])
  expect(unknown!.items[0]).toMatchObject({
    allowed: false,
    notes: ['billing:entitlement-missing:moon.landings'],
  })
  const [off] = await use(organizationId, [{ key: 'sso', quantity: 1 }])
  expect(off!.items[0]).toMatchObject({ allowed: false, notes: ['billing:quota-exceeded:sso'] })
  expect(await ledgerOf(organizationId)).toEqual([])
})

test('a soft limit lets through and marks what is over it, and says so once', async () => {
  const organizationId = await organization(10, 'soft')
  for (const quantity of [9, 3, 3]) await useOne(organizationId, quantity)
  const { items } = await checkQuota(platform.db, organizationId, [{ key: calls, quantity: 1 }], new Date())
  expect(items[0]).toMatchObject({ allowed: true, used: 15, overage: 5, remaining: 0 })
  const said = await platform.db
    .selectFrom('events')
    .select('type')
    .where('organizationId', '=', organizationId)
    .where('type', '=', 'quota.overage_began')
    .execute()
  expect(said).toHaveLength(1)
})

test('a hold that nobody ends ends by itself, back where it came from', async () => {
  const organizationId = await organization(10)
  const items = [{ key: calls, quantity: 7 }]
  const soon = new Date(Date.now() - 1)
  const { holdId } = await platform.change((tx) => reserveQuota(tx, organizationId, items, soon))
  expect(await balanceOf(organizationId)).toEqual({ used: 0, held: 7 })
  await expireHolds(platform)
  expect(await balanceOf(organizationId)).toEqual({ used: 0, held: 0 })
  expect(await platform.change((tx) => endHold(tx, organizationId, holdId!, 'confirmed'))).toBe(false)
  const entries = await ledgerOf(organizationId)
  expect(entries.map(({ kind }) => kind)).toEqual(['hold', 'expire'])
  expect(entries[1]!.windowStart).toEqual(entries[0]!.windowStart)
})

test('what is no quantity is refused before anything is used', async () => {
  const organizationId = await organization(null)
  for (const quantity of [0, -1, 0.5, Number.NaN, 2 ** 53]) {
    await expect(useOne(organizationId, quantity)).rejects.toMatchObject({ code: 'invalid_input' })
  }
  const most = Number.MAX_SAFE_INTEGER
  expect(await useOne(organizationId, most)).toMatchObject({ allowed: true })
  expect(await useOne(organizationId, 1)).toMatchObject({ allowed: false })
})

test("one organization's use is nothing to another's", async () => {
  const [one, other] = [await organization(5), await organization(5)]
  await useOne(one, 5)
  expect(await balanceOf(other)).toEqual({ used: 0, held: 0 })
  const items = [{ key: calls, quantity: 5 }]
  const { holdId } = await platform.change((tx) => reserveQuota(tx, other, items, new Date()))
  expect(await platform.change((tx) => endHold(tx, one, holdId!, 'released'))).toBe(false)
})

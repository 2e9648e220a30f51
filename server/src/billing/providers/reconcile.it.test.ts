import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { platformOrganizationId, type Drift } from '@berth/contracts'
import { systemActor } from '../../platform/platform.ts'
import { openTestPlatform, seedOrganization, type TestPlatform } from '../../platform/testing/index.ts'
import { pageOfDrifts } from './drifts.ts'
import type { Collector } from './provider.ts'
import { reconcile, reconcileOne } from './reconcile.ts'

const origin = { actor: systemActor('test'), requestId: null }
let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform?.close())

/** What a payment provider somewhere else would find of each organization, right now. */
let found: Map<string, Drift[] | Error>
let asked: { organizationId: string; dryRun: boolean | undefined }[]
const elsewhere = () => Promise.reject(new Error('not asked for here'))
const collector: Collector = {
  name: 'elsewhere',
  verify: elsewhere,
  handle: elsewhere,
  checkout: elsewhere,
  portal: elsewhere,
  sync: async (organizationId, options) => {
    asked.push({ organizationId, dryRun: options?.dryRun })
    const answer = found.get(organizationId) ?? []
    if (answer instanceof Error) throw answer
    return answer
  },
}

beforeEach(async () => {
  found = new Map()
  asked = []
  await platform.db.deleteFrom('billingDrifts').execute()
  await platform.db.deleteFrom('billingCustomers').execute()
})

const differs = (identity: string, { repaired = false, what = `${identity} differs` } = {}): Drift => ({
  provider: collector.name,
  identity,
  organizationId: null,
  what,
  repaired,
})

async function customer(): Promise<string> {
  const organizationId = await seedOrganization(platform.db)
  const customerRef = `cus_${organizationId}`
  await platform.db
    .insertInto('billingCustomers')
    .values({ organizationId, provider: collector.name, customerRef })
    .execute()
  return organizationId
}

const all = (dryRun = false, organizationId?: string) =>
  reconcile(platform, collector, { organizationId, origin, dryRun })
const open = async () =>
  (await pageOfDrifts(platform.db, { limit: 100 })).items.map(({ identity }) => identity).toSorted()
const told = async (type: string) =>
  (
    await platform.db
      .selectFrom('events')
      .select('payload')
      .where('organizationId', '=', platformOrganizationId)
      .where('type', '=', type)
      .orderBy('seq')
      .execute()
  ).map(({ payload }) => payload as Record<string, unknown>)

test('what takes a person is kept until it is gone; what was repaired is not', async () => {
  const organizationId = await customer()
  found.set(organizationId, [differs('a'), differs('b'), differs('c', { repaired: true })])
  const { checked, items } = await all()
  expect([checked, items.length]).toEqual([1, 3])
  expect(await open()).toEqual(['a', 'b'])
  found.set(organizationId, [differs('b')])
  await all()
  expect(await open()).toEqual(['b'])
  expect((await told('drift.resolved')).at(-1)).toMatchObject({ identity: 'a', organizationId })
  expect((await told('billing.reconciled')).at(-2)).toEqual({ checked: 1, repaired: 1, open: 2 })
  found.set(organizationId, [differs('a'), differs('b')])
  await all()
  expect(await open()).toEqual(['a', 'b'])
})

test('twice is as once: a second comparison of the same changes nothing but when it was last seen', async () => {
  const organizationId = await customer()
  found.set(organizationId, [differs('a'), differs('b')])
  await all()
  const rows = () =>
    platform.db
      .selectFrom('billingDrifts')
      .select(['identity', 'what', 'firstSeenAt', 'resolvedAt'])
      .orderBy('identity')
      .execute()
  const [before, events] = [await rows(), (await told('drift.found')).length]
  await all()
  expect(await rows()).toEqual(before)
  expect(await told('drift.found')).toHaveLength(events)
})

test('of two organizations one does not resolve what the other has', async () => {
  const [first, second] = [await customer(), await customer()]
  found.set(first, [differs('first')])
  found.set(second, [differs('second')])
  await all()
  found.set(first, [])
  expect((await all(false, first)).checked).toBe(1)
  expect(await open()).toEqual(['second'])
})

test('one that cannot be compared is told as such, keeps what was known and does not hold up the others', async () => {
  const [broken, fine] = [await customer(), await customer()]
  found.set(broken, [differs('known')])
  await all()
  found.set(broken, new Error('no answer'))
  found.set(fine, [differs('other')])
  const { checked, items } = await all()
  expect(checked).toBe(2)
  expect(items.map(({ what }) => what).toSorted()).toEqual([
    'It could not be compared: no answer',
    'other differs',
  ])
  expect(await open()).toEqual(['known', `organization/${broken}/comparison`, 'other'])
  await expect(reconcileOne(platform, collector, broken, { origin })).rejects.toThrow('no answer')
  found.set(broken, [])
  await all()
  expect(await open()).toEqual(['other'])
})

test('a dry run asks for one and keeps nothing', async () => {
  const organizationId = await customer()
  found.set(organizationId, [differs('a'), differs('b', { repaired: true })])
  const events = (await told('billing.reconciled')).length
  expect((await all(true)).items).toHaveLength(2)
  expect(asked).toEqual([{ organizationId, dryRun: true }])
  expect(await open()).toEqual([])
  expect(await told('billing.reconciled')).toHaveLength(events)
})

test('the list of differences goes page by page, the newest first', async () => {
  const organizationId = await customer()
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    found.set(organizationId, [...((found.get(organizationId) as Drift[] | undefined) ?? []), differs(name)])
    await all()
  }
  const listed: string[] = []
  let cursor: string | undefined
  do {
    const page = await pageOfDrifts(platform.db, { limit: 2, cursor })
    listed.push(...page.items.map(({ identity }) => identity))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(listed).toEqual(['e', 'd', 'c', 'b', 'a'])
})

test('without a provider there is nothing to compare', async () => {
  expect(await reconcile(platform, null, { organizationId: undefined, origin, dryRun: false })).toEqual({
    checked: 0,
    items: [],
  })
})

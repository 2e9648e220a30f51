import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { newId } from '../../platform/ids.ts'
import {
  openTestPlatform,
  seedOrganization,
  seedRunner,
  type TestPlatform,
} from '../../platform/testing/index.ts'
import { subscribeTo } from '../test-kit.ts'
import { countCalls } from './counting.ts'
import { callsKey, settleDeadRunners } from './leases.ts'
import { findDifferences } from './ledger.ts'
import { createCallMeter, type CallMeter } from './meter.ts'
import { checkQuota } from './use.ts'

let platforms: [TestPlatform, TestPlatform]
let platform: TestPlatform
let organizationId: string
/** Two processes that relay calls. */
let gateways: { runnerId: string; meter: CallMeter; platform: TestPlatform }[]

beforeAll(async () => {
  platform = await openTestPlatform()
  platforms = [platform, await openTestPlatform({ beside: platform })]
})
afterAll(async () => {
  await platforms[1].close()
  await platform.close()
})
beforeEach(async () => {
  organizationId = await seedOrganization(platform.db)
  gateways = await Promise.all(
    platforms.map(async (one) => {
      const runnerId = await seedRunner(one.db)
      return { runnerId, meter: createCallMeter(one, runnerId), platform: one }
    }),
  )
})
afterEach(() => Promise.all(gateways.map(({ meter }) => meter.close())))

const limited = (limit: number | null, mode: 'hard' | 'soft' = 'hard') =>
  subscribeTo(platform.db, organizationId, [{ key: callsKey, limit, mode, reset: 'month' }])

/** As the copier leaves it of calls that were noted. */
const copied = (runnerId: string, billable: number) =>
  platform.db
    .insertInto('callBatches')
    .values({ organizationId, runnerId, count: billable, digest: Buffer.alloc(32), at: new Date(), billable })
    .execute()

async function stand() {
  const items = [{ key: callsKey, quantity: 1 }]
  const { used, held } = (await checkQuota(platform.db, organizationId, items, new Date())).items[0]!
  return { used, held }
}

/** Every entry leaves what is used and held within the limit. */
async function neverOver(limit: number): Promise<void> {
  const entries = await platform.db
    .selectFrom('quotaLedger')
    .select(['used', 'held'])
    .where('organizationId', '=', organizationId)
    .orderBy('id')
    .execute()
  let sum = 0
  for (const { used, held } of entries) {
    sum += used + held
    expect(sum).toBeLessThanOrEqual(limit)
  }
  expect(await findDifferences(platform.db, organizationId)).toEqual([])
}

/** Callers of both gateways, each one call after the other; every third call fails and does not count. */
async function hammer(callers: number, each: number) {
  let [passed, counted] = [0, 0]
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      const { meter, runnerId } = gateways[caller % 2]!
      for (let call = 0; call < each; call++) {
        if ((await meter.draw(organizationId)) !== null) continue
        passed++
        const billed = call % 3 !== 2
        if (billed) {
          counted++
          await copied(runnerId, 1)
        }
        meter.ended(organizationId, billed)
      }
    }),
  )
  return { passed, counted }
}

test('two gateways never let one call more count than the plan allows, and together all of it', async () => {
  await limited(60)
  const { counted } = await hammer(8, 30)
  expect(counted).toBeLessThanOrEqual(60)
  await Promise.all(gateways.map(({ meter }) => meter.close()))
  await countCalls(platform)
  expect(await stand()).toEqual({ used: counted, held: 0 })
  await neverOver(60)
  // What was given back is there for others, to the last one.
  gateways = gateways.map((one) => ({ ...one, meter: createCallMeter(one.platform, one.runnerId) }))
  let more = 0
  while ((await gateways[0]!.meter.draw(organizationId)) === null) {
    more++
    gateways[0]!.meter.ended(organizationId, true)
  }
  expect(counted + more).toBe(60)
})

test('a call too many is refused with the note, what to do and when they count anew', async () => {
  await limited(1)
  const { meter } = gateways[0]!
  expect(await meter.draw(organizationId)).toBeNull()
  const refusal = await meter.draw(organizationId)
  expect(refusal!.message).toContain('change the plan')
  expect(refusal!.data).toMatchObject({ notes: [`billing:quota-exceeded:${callsKey}`], limit: 1 })
  const { windowEnd, retryAfterSeconds } = refusal!.data as { windowEnd: string; retryAfterSeconds: number }
  expect(refusal!.message).toContain(windowEnd)
  expect(retryAfterSeconds).toBeGreaterThan(0)
  // A call that did not count leaves its place to another one.
  meter.ended(organizationId, false)
  await expect.poll(() => meter.draw(organizationId), { timeout: 20_000 }).toBeNull()
})

test('what a gateway that died held counts as used until all that it noted is counted', async () => {
  await limited(40)
  const { meter, runnerId } = gateways[0]!
  for (let call = 0; call < 7; call++) expect(await meter.draw(organizationId)).toBeNull()
  const before = await stand()
  expect(before.used + before.held).toBeGreaterThanOrEqual(7)
  const file = `${runnerId}.1.x.v1.calls`
  await platform.db.insertInto('callJournals').values({ file, runnerId, updatedAt: new Date() }).execute()
  await platform.db.deleteFrom('runners').where('id', '=', runnerId).execute()
  await settleDeadRunners(platform)
  expect(await stand()).toEqual(before)
  await copied(runnerId, 5)
  await platform.db.deleteFrom('callJournals').where('file', '=', file).execute()
  await settleDeadRunners(platform)
  expect(await stand()).toEqual(before)
  await countCalls(platform)
  await settleDeadRunners(platform)
  expect(await stand()).toEqual({ used: 5, held: 0 })
  await neverOver(40)
})

test('without a limit, or with a soft one, nothing is drawn and every call is counted', async () => {
  for (const [limit, mode] of [
    [null, 'hard'],
    [2, 'soft'],
  ] as const) {
    organizationId = await seedOrganization(platform.db)
    await limited(limit, mode)
    const { meter, runnerId } = gateways[0]!
    expect(await meter.draw(organizationId)).toBeNull()
    // Known now: nobody is asked.
    for (let call = 0; call < 4; call++) expect(meter.draw(organizationId)).toBeNull()
    await copied(runnerId, 5)
    await countCalls(platform)
    await countCalls(platform)
    expect(await stand()).toEqual({ used: 5, held: 0 })
  }
})

test('a change of the plan holds for the next call', async () => {
  await limited(null)
  const { meter } = gateways[0]!
  expect(await meter.draw(organizationId)).toBeNull()
  await limited(0)
  await platform.change(async (tx) => {
    tx.emit(organizationId, 'subscription.changed', {
      subscriptionId: newId('subscription'),
      plan: 'small',
      planVersion: 1,
      changes: [],
    })
  })
  await platform.feed.catchUp()
  expect(await meter.draw(organizationId)).toMatchObject({ message: expect.stringContaining('used up') })
})

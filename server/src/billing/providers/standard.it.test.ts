import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { platformOrganizationId } from '@berth/contracts'
import { openTestPlatform, seedOrganization, type TestPlatform } from '../../platform/testing/index.ts'
import { payInvoice, voidInvoice } from '../invoices/pay.ts'
import { findDifferences } from '../quotas/ledger.ts'
import { checkQuota } from '../quotas/use.ts'
import { assignPlan } from '../subscriptions/change.ts'
import { clockwork, invoicesOf, ordinary, testTerms } from '../subscriptions/test-kit.ts'
import { subscribeTo } from '../test-kit.ts'
import { pageOfDrifts, settleDrift } from './drifts.ts'
import { standardSource } from './standard.ts'
import { eventOf, inboxOf, receive, secret } from './testing/deliveries.ts'
import { drainInbox, type Sources } from './worker.ts'

const calls = 'gateway.tool_calls'
const day = 86_400_000
let platform: TestPlatform
let sources: Sources
beforeAll(async () => {
  platform = await openTestPlatform()
  sources = new Map([['standard', standardSource(platform, testTerms, secret)]])
})
afterAll(() => platform?.close())

/** Delivers events one after the other, and gives what became of the last. */
async function tell(...bodies: string[]) {
  const ids: string[] = []
  for (const body of bodies) {
    ids.push(await receive(platform.db, body))
    await drainInbox(platform, sources)
  }
  return (await inboxOf(platform.db)).find(({ eventId }) => eventId === ids.at(-1))!
}

const payment = (data: object) => eventOf('payment.recorded', data)
const usage = (data: object) => eventOf('usage.recorded', data)

/** An organization that has to pay for its plan. */
async function owing(founded = ordinary(platform)) {
  const organizationId = await founded
  await platform.change((tx) =>
    assignPlan(tx, organizationId, { plan: 'team', seats: null, trial: false, charge: true }, testTerms),
  )
  const [invoice] = await invoicesOf(platform, organizationId)
  const { number, total, currency } = invoice!
  return {
    organizationId,
    invoice: invoice!,
    told: { invoice: number!, amount: total, currency, reference: 'bank 1' },
  }
}

const driftsOf = async (organizationId: string) =>
  (await pageOfDrifts(platform.db, { limit: 100 })).items.filter(
    (one) => one.organizationId === organizationId,
  )

const eventsOf = (organizationId: string, type: string) =>
  platform.db
    .selectFrom('events')
    .select(['payload', 'actor'])
    .where('organizationId', '=', organizationId)
    .where('type', '=', type)
    .execute()

describe('a payment', () => {
  test('pays its invoice once, in the name of the provider, by its number or its id', async () => {
    for (const name of ['number', 'id'] as const) {
      const { organizationId, invoice, told } = await owing()
      const one = { ...told, invoice: invoice[name], amount: Number(told.amount), currency: 'eur' }
      const row = await tell(payment(one), payment(one), payment(told))
      expect(row).toMatchObject({ state: 'processed', organizationId })
      const [paid] = await invoicesOf(platform, organizationId)
      expect(paid).toMatchObject({ state: 'paid', paid: told.amount, reference: 'bank 1' })
      const events = await eventsOf(organizationId, 'invoice.paid')
      expect(events.map(({ actor }) => actor)).toEqual([
        { kind: 'system', id: 'billing.standard', tokenId: null },
      ])
      expect(await driftsOf(organizationId)).toEqual([])
    }
  })

  test('that is told of twice at once pays once, and neither event fails', async () => {
    const { organizationId, told } = await owing()
    for (let n = 0; n < 4; n++) await receive(platform.db, payment(told))
    await Promise.all([1, 2, 3, 4].map(() => drainInbox(platform, sources)))
    const [paid] = await invoicesOf(platform, organizationId)
    expect(paid).toMatchObject({ state: 'paid' })
    const mine = (await inboxOf(platform.db)).filter((row) => row.organizationId === organizationId)
    expect(mine.map(({ state }) => state)).toEqual(['processed', 'processed', 'processed', 'processed'])
  })

  test.each([
    ['of less', (told: object) => ({ ...told, amount: 1 }), /the invoice is for/],
    ['in another currency', (told: object) => ({ ...told, currency: 'USD' }), /the invoice is for/],
  ])('%s changes nothing and is told to operators', async (_what, change, sentence) => {
    const { organizationId, told } = await owing()
    await tell(payment(change(told)), payment(change(told)))
    const [open] = await invoicesOf(platform, organizationId)
    expect(open).toMatchObject({ state: 'open', paid: '0' })
    const drifts = await driftsOf(organizationId)
    expect(drifts.map(({ what }) => what)).toEqual([expect.stringMatching(sentence)])
  })

  test('of what is paid already, or void, is told to operators', async () => {
    const first = await owing()
    await tell(payment(first.told), payment({ ...first.told, reference: 'bank 2' }))
    expect((await driftsOf(first.organizationId))[0]?.what).toMatch(/paid before \("bank 1"\)/)
    const second = await owing()
    await platform.change((tx) => voidInvoice(tx, second.invoice.id, 'a mistake', testTerms))
    await tell(payment(second.told))
    expect((await driftsOf(second.organizationId))[0]?.what).toMatch(/the invoice is void/)
  })

  test('never pays for a test organization, neither by the number nor the id; an operator still records one by hand', async () => {
    const { organizationId, invoice, told } = await owing(clockwork(platform))
    for (const name of ['number', 'id'] as const) {
      const row = await tell(payment({ ...told, invoice: invoice[name] }))
      expect(row).toMatchObject({
        state: 'dead',
        lastError: expect.stringMatching(/of a test organization, of which nothing is ever paid/) as string,
      })
    }
    // Nor is what would not fit anyway a difference to be dealt with.
    expect(await tell(payment({ ...told, amount: 1 }))).toMatchObject({ state: 'dead' })
    expect(await driftsOf(organizationId)).toEqual([])
    expect((await invoicesOf(platform, organizationId))[0]).toMatchObject({ state: 'open', paid: '0' })
    await platform.change((tx) => payInvoice(tx, invoice.id, 'a rehearsal', testTerms))
    expect((await invoicesOf(platform, organizationId))[0]).toMatchObject({ state: 'paid' })
  })

  test('that somebody dealt with stays away unless something else is said of it', async () => {
    const { organizationId, told } = await owing()
    await tell(payment({ ...told, amount: 1 }))
    const [drift] = await driftsOf(organizationId)
    const { provider, identity } = drift!
    const given = { provider, identity, reason: 'given back' }
    await platform.change((tx) => settleDrift(tx, given))
    await expect(platform.change((tx) => settleDrift(tx, given))).rejects.toMatchObject({ code: 'not_found' })
    await tell(payment({ ...told, amount: 1 }))
    expect(await driftsOf(organizationId)).toEqual([])
    await tell(payment({ ...told, amount: 2 }))
    expect(await driftsOf(organizationId)).toHaveLength(1)
    const said = (await eventsOf(platformOrganizationId, 'drift.settled')).map(({ payload }) => payload)
    expect(said).toContainEqual(expect.objectContaining({ identity, organizationId }))
  })

  test.each([
    ['of no invoice of ours', { invoice: '999999999' }, /there is no invoice/],
    ['of nothing', { amount: 0 }, /data\.amount: must be minor units/],
    ['of a fraction', { amount: 19.5 }, /data\.amount: must be minor units/],
    ['of less than nothing', { amount: '-5' }, /data\.amount: must be minor units/],
    ['of more than there is', { amount: '9'.repeat(30) }, /data\.amount: must be minor units/],
    ['in no currency', { currency: 'EURO' }, /data\.currency: must be three letters/],
    ['without a reference', { reference: undefined }, /data\.reference/],
    ['of an invoice that is no name', { invoice: '; drop' }, /data\.invoice: must be the id or the number/],
  ])('%s is dead with a sentence', async (_what, change, sentence) => {
    const { organizationId, told } = await owing()
    const row = await tell(payment({ ...told, ...change }))
    expect(row).toMatchObject({ state: 'dead', lastError: expect.stringMatching(sentence) as string })
    expect((await invoicesOf(platform, organizationId))[0]).toMatchObject({ state: 'open' })
  })
})

async function metered(limit: number | null, mode: 'hard' | 'soft' = 'hard'): Promise<string> {
  const organizationId = await seedOrganization(platform.db)
  await subscribeTo(platform.db, organizationId, [{ key: calls, limit, mode, reset: 'day' }])
  return organizationId
}

const balancesOf = (organizationId: string) =>
  platform.db
    .selectFrom('quotaBalances')
    .select(['key', 'windowStart', 'used'])
    .where('organizationId', '=', organizationId)
    .orderBy('key')
    .orderBy('windowStart')
    .execute()

describe('use', () => {
  test('is counted once, in the window in which it took place', async () => {
    const organization = await metered(100)
    const at = (daysAgo: number) => new Date(Date.now() - daysAgo * day).toISOString()
    const one = usage({ id: 'u1', organization, key: calls, quantity: 5, at: at(0) })
    const late = usage({ id: 'u2', organization, key: calls, quantity: 7, at: at(34) })
    const row = await tell(one, one, late, late)
    expect(row).toMatchObject({ state: 'processed', organizationId: organization })
    expect((await balancesOf(organization)).map(({ used }) => used)).toEqual([7, 5])
    expect(await findDifferences(platform.db, organization)).toEqual([])
    expect(await eventsOf(organization, 'usage.recorded')).toHaveLength(2)
  })

  test('goes over a hard limit, since it happened, and that is marked', async () => {
    const organization = await metered(10)
    const at = new Date().toISOString()
    for (const [id, quantity] of [
      ['a', 8],
      ['b', 5],
      ['c', 1],
    ] as const)
      expect(await tell(usage({ id, organization, key: calls, quantity, at }))).toMatchObject({
        state: 'processed',
      })
    expect((await balancesOf(organization)).map(({ used }) => used)).toEqual([14])
    const over = (await eventsOf(organization, 'usage.recorded')).map(
      ({ payload }) => (payload as { over: number }).over,
    )
    expect(over).toEqual([0, 3, 1])
    expect(await eventsOf(organization, 'quota.overage_began')).toHaveLength(1)
    const now = await checkQuota(platform.db, organization, [{ key: calls, quantity: 1 }], new Date())
    expect(now).toMatchObject({ allowed: false, items: [{ used: 14, overage: 4, remaining: 0 }] })
    expect(await eventsOf(organization, 'quota.exhausted')).toHaveLength(1)
  })

  test('that the plan does not grant is counted by the month, all of it over', async () => {
    const organization = await seedOrganization(platform.db)
    await subscribeTo(platform.db, organization, [])
    await tell(usage({ id: 'a', organization, key: calls, quantity: 3, at: new Date().toISOString() }))
    expect((await balancesOf(organization)).map(({ used }) => used)).toEqual([3])
    const [said] = await eventsOf(organization, 'usage.recorded')
    expect(said!.payload).toMatchObject({ over: 3 })
  })

  test('of a test organization is counted by its own clock', async () => {
    const organization = await clockwork(platform, { now: '2026-01-31T09:00:00Z' })
    const fits = usage({ id: 'a', organization, key: calls, quantity: 1, at: '2026-01-31T08:00:00Z' })
    const ahead = usage({ id: 'b', organization, key: calls, quantity: 1, at: '2026-02-01T08:00:00Z' })
    expect(await tell(fits)).toMatchObject({ state: 'processed' })
    expect(await tell(ahead)).toMatchObject({ state: 'dead' })
  })

  test('that comes with the id of other use is dead and changes nothing', async () => {
    const organization = await metered(100)
    const at = new Date().toISOString()
    await tell(usage({ id: 'a', organization, key: calls, quantity: 3, at }))
    const row = await tell(usage({ id: 'a', organization, key: calls, quantity: 4, at }))
    expect(row).toMatchObject({
      state: 'dead',
      lastError:
        'data.id: "a" was counted before with another key, quantity or time. Give each use an id of its own.',
    })
    expect((await balancesOf(organization)).map(({ used }) => used)).toEqual([3])
  })

  const soon = () => new Date(Date.now() + 6 * 60_000).toISOString()
  test.each<[string, () => object, RegExp]>([
    [
      'of an unknown entitlement',
      () => ({ key: 'unicorns' }),
      /data\.key: "unicorns" is no entitlement\. Those that are: .*gateway\.tool_calls/,
    ],
    [
      'of something that is not counted by use',
      () => ({ key: 'seats' }),
      /data\.key: "seats" is not counted by use/,
    ],
    ['of less than nothing', () => ({ quantity: -1 }), /data\.quantity: must be a whole number from 1/],
    ['of nothing', () => ({ quantity: 0 }), /data\.quantity: must be a whole number from 1/],
    ['of a fraction', () => ({ quantity: 1.5 }), /data\.quantity: must be a whole number from 1/],
    [
      'of more than can be counted',
      () => ({ quantity: 1e300 }),
      /data\.quantity: must be a whole number from 1/,
    ],
    ['of words', () => ({ quantity: '5' }), /data\.quantity: must be a whole number from 1/],
    ['of the future', () => ({ at: soon() }), /data\.at: .* is more than 5 minutes ahead/],
    ['of long ago', () => ({ at: new Date(Date.now() - 36 * day).toISOString() }), /more than 35 days ago/],
    ['of no time', () => ({ at: 'yesterday' }), /data\.at/],
    [
      'of nobody',
      () => ({ organization: 'nobody-at-all' }),
      /data\.organization: there is no organization "nobody-at-all"/,
    ],
  ])('%s is dead with a sentence, and nothing is counted', async (_what, change, sentence) => {
    const organization = await metered(100)
    const right = { id: 'a', organization, key: calls, quantity: 1, at: new Date().toISOString() }
    const row = await tell(usage({ ...right, ...change() }))
    expect(row).toMatchObject({ state: 'dead', lastError: expect.stringMatching(sentence) as string })
    expect(await balancesOf(organization)).toEqual([])
    // What was dead took nothing: the id is free for the use as it should have been told.
    expect(await tell(usage(right))).toMatchObject({ state: 'processed' })
  })

  test('that comes to more than can be counted in a window is dead', async () => {
    const organization = await metered(null)
    const one = { organization, key: calls, quantity: Number.MAX_SAFE_INTEGER, at: new Date().toISOString() }
    expect(await tell(usage({ ...one, id: 'a' }))).toMatchObject({ state: 'processed' })
    expect(await tell(usage({ ...one, id: 'b', quantity: 1 }))).toMatchObject({ state: 'dead' })
  })
})

test('what Berth knows nothing of is ignored and kept', async () => {
  expect(await tell(eventOf('customer.sneezed', { loudly: true }))).toMatchObject({ state: 'ignored' })
})

test('invariant 9: deliveries in any order, any number of times, by several at once, come to the same invoices and balances', async () => {
  const now = Date.now()
  const quantities = fc.array(
    fc.record({ quantity: fc.integer({ min: 1, max: 9 }), daysAgo: fc.integer({ min: 0, max: 3 }) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  const setup = fc.record({ uses: quantities, pays: fc.boolean(), wrong: fc.boolean() })
  const property = fc.asyncProperty(
    setup,
    fc.infiniteStream(fc.nat()),
    async ({ uses, pays, wrong }, random) => {
      const { organizationId, told } = await owing()
      const bodies = [
        ...uses.map(({ quantity, daysAgo }, n) =>
          usage({
            id: `u${n}`,
            organization: organizationId,
            key: calls,
            quantity,
            at: new Date(now - daysAgo * day).toISOString(),
          }),
        ),
        ...(pays ? [payment(told)] : []),
        ...(wrong ? [payment({ ...told, amount: 1, reference: 'wrong' })] : []),
      ]
      const next = () => random.next().value as number
      // Each at least once, then some again, in an order of their own; the same event may carry another id.
      const sent = [
        ...bodies,
        ...bodies.filter(() => next() % 2 === 0),
        ...bodies.filter(() => next() % 3 === 0),
      ]
        .map((body) => ({ body, place: next() }))
        .toSorted((a, b) => a.place - b.place)
      for (const { body, place } of sent)
        await receive(platform.db, body, {
          eventId: `${organizationId} ${bodies.indexOf(body)} ${place % 2}`,
        })
      await Promise.all([drainInbox(platform, sources), drainInbox(platform, sources)])
      const [invoice] = await invoicesOf(platform, organizationId)
      expect(invoice!.state).toBe(pays ? 'paid' : 'open')
      expect(await driftsOf(organizationId)).toHaveLength(wrong ? 1 : 0)
      const used = (await balancesOf(organizationId)).reduce((sum, one) => sum + one.used, 0)
      expect(used).toBe(uses.reduce((sum, { quantity }) => sum + quantity, 0))
      expect(await eventsOf(organizationId, 'usage.recorded')).toHaveLength(uses.length)
      expect(await findDifferences(platform.db, organizationId)).toEqual([])
    },
  )
  await fc.assert(property, { numRuns: 25 })
})

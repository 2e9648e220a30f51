import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Stripe } from 'stripe'
import { beginCheckout } from '../../subscriptions/checkout.ts'
import { assignPlan, cancelSubscription, schedulePlan } from '../../subscriptions/change.ts'
import { clockwork, ordinary } from '../../subscriptions/test-kit.ts'
import { toSubscription } from '../../subscriptions/view.ts'
import { findCustomer } from '../customers.ts'
import { syncDue } from '../syncing.ts'
import { bringCheckouts } from './checkouts.ts'
import { openStripe } from './client.ts'
import { compare } from './comparison.ts'
import { secretKey, webhookSecret } from './testing/fake-stripe.ts'
import { day, hour, openStage, type Stage } from './testing/stage.ts'

// Many requests each; a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 })

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage?.close())
beforeEach(() => {
  stage.fake.fault = () => null
})

test('what takes a person is told and not rewritten, until it is gone', async () => {
  const id = await stage.paying()
  const customer = await stage.customerOf(id)
  const [paid] = await stage.invoicesOf(id)
  stage.fake.refund(paid!.reference!, 900)
  stage.fake.dispute(paid!.reference!)
  stage.fake.change(customer, { balance: -100 })
  const foreign = stage.fake.run('POST /v1/invoices', {
    path: '/v1/invoices',
    params: { customer, currency: 'eur' },
  })
  const before = stage.fake.writes().length
  const found = await stage.collector.sync(id)
  expect(found.map(({ identity }) => identity.replace(/\/[a-z]+_[^/]*/, '')).toSorted()).toEqual([
    'charge/disputed',
    'charge/refunded',
    'customer/balance',
    'invoice/unknown',
  ])
  expect(found.every(({ repaired }) => !repaired)).toBe(true)
  expect(stage.fake.writes()).toHaveLength(before)
  stage.fake.change(customer, { balance: 0 })
  stage.fake.change(foreign.id, { status: 'void' })
  expect(await stage.collector.sync(id)).toHaveLength(2)
})

test('amounts that differ are told: nothing of them is taken over', async () => {
  const id = await ordinary(stage.platform)
  await stage.change(id, { trial: true })
  await stage.pass(14 * day)
  await stage.settle()
  const [invoice] = await stage.invoicesOf(id)
  const theirs = stage.fake.things('invoice').find((one) => one.metadata.berth_invoice === invoice!.id)
  stage.fake.change(theirs.id, { total: 1, status: 'paid' })
  expect(await stage.collector.sync(id)).toMatchObject([
    { identity: `invoice/${invoice!.id}/amount`, repaired: false },
  ])
  expect(await stage.invoicesOf(id)).toMatchObject([{ state: 'open' }])
})

test('a customer that was deleted there is told of, and its card is forgotten; the next checkout makes another', async () => {
  const id = await stage.paying()
  const before = await stage.customerOf(id)
  stage.fake.deleteCustomer(before)
  expect(await stage.collector.sync(id)).toContainEqual(
    expect.objectContaining({ identity: `customer/${id}`, repaired: false }),
  )
  await expect(stage.change(id, { plan: 'business', seats: 10 })).rejects.toThrow('is paid at the checkout')
  stage.fake.payCheckout(await stage.checkout(id, { plan: 'business', seats: 10 }))
  await stage.collector.sync(id)
  expect(await stage.customerOf(id)).not.toBe(before)
  expect(await stage.now(id)).toMatchObject({ plan: { plan: 'business' } })
})

test('organizations for tests and what operators assign are never collected by Stripe', async () => {
  const clocked = await clockwork(stage.platform)
  await stage.change(clocked)
  const assigned = await ordinary(stage.platform)
  const wish = { plan: 'team', seats: null, charge: true }
  await stage.platform.change((tx) => assignPlan(tx, assigned, wish, stage.terms))
  for (const id of [clocked, assigned]) {
    expect(await stage.now(id)).toMatchObject({ provider: 'manual', plan: { plan: 'team' } })
    expect(await stage.invoicesOf(id)).toMatchObject([{ provider: 'manual', state: 'open' }])
    expect(await stage.collector.sync(id)).toEqual([])
  }
  await expect(stage.checkout(clocked, { plan: 'business', seats: 2 })).rejects.toThrow(
    'Nothing of a test organization is ever paid for real: change its plan.',
  )
  expect(await findCustomer(stage.platform.db, clocked, 'stripe')).toBeUndefined()
})

test('an outage of Stripe is waited out: nothing is lost, and it is seen', async () => {
  const id = await stage.paying()
  await stage.pass(31 * day)
  stage.fake.fault = () => 'outage'
  await stage.settle()
  const row = () =>
    stage.platform.db
      .selectFrom('billingCustomers')
      .selectAll()
      .where('organizationId', '=', id)
      .executeTakeFirstOrThrow()
  expect(await row()).toMatchObject({ attempts: 1, lastError: expect.stringContaining('Stripe is away') })
  stage.fake.fault = () => null
  await stage.settle()
  expect((await stage.invoicesOf(id)).at(-1)).toMatchObject({ state: 'open' })
  stage.clock.advance(hour)
  await syncDue(stage.platform, stage.collector)
  expect((await stage.invoicesOf(id)).at(-1)).toMatchObject({ state: 'paid' })
  expect(await row()).toMatchObject({ attempts: 0, lastError: null })
})

test('a dry run says what would be done and does nothing', async () => {
  const id = await ordinary(stage.platform)
  await stage.change(id, { trial: true })
  await stage.settle()
  await stage.pass(14 * day)
  const before = stage.fake.writes().length
  const would = await stage.collector.sync(id, { dryRun: true })
  expect(would.map(({ what }) => what)).toContainEqual(
    expect.stringMatching(/^Invoice \d+ is made at Stripe/),
  )
  expect(would.every(({ repaired }) => repaired)).toBe(true)
  expect(stage.fake.writes()).toHaveLength(before)
  expect(await stage.invoicesOf(id)).toMatchObject([{ state: 'open', payUrl: null }])
})

test('forged, stale and nonsensical events are refused, each with what is wrong', async () => {
  const event = { id: 'evt_1', object: 'event', type: 'invoice.paid', data: { object: {} } }
  const verify = ({ body, headers }: ReturnType<Stage['fake']['signed']>, other = body) =>
    stage.collector.verify(Buffer.from(other), headers)
  const signed = stage.fake.signed(event)
  expect(await verify(signed)).toEqual({ eventId: 'evt_1', type: 'invoice.paid' })
  await expect(verify(stage.fake.signed(event, { secret: 'whsec_other' }))).rejects.toThrow(
    'does not fit the body',
  )
  await expect(verify(stage.fake.signed(event, { at: new Date(Date.now() - hour) }))).rejects.toThrow(
    'five minutes old',
  )
  await expect(verify(signed, `${signed.body} `)).rejects.toThrow('does not fit the body')
  await expect(verify(stage.fake.signed({ ...event, id: 7 }))).rejects.toThrow('must be an event of Stripe')
  await expect(stage.collector.verify(Buffer.from('{}'), {})).rejects.toThrow('Stripe-Signature: is missing')
})

test('a dispute, which names what was charged alone, leads to whose it is', async () => {
  const id = await stage.paying()
  const [paid] = await stage.invoicesOf(id)
  stage.fake.dispute(paid!.reference!)
  const [dispute] = stage.fake.events.slice(-1)
  const { id: eventId, type } = dispute!
  const body = Buffer.from(stage.fake.signed(dispute).body)
  const handled = await stage.collector.handle({ eventId, type, body, receivedAt: new Date() })
  expect(handled).toEqual({ outcome: 'processed', organizationId: id })
  const told = await stage.platform.db
    .selectFrom('billingDrifts')
    .select('what')
    .where('organizationId', '=', id)
    .execute()
  expect(told).toEqual([{ what: expect.stringContaining('is disputed') }])
})

test('a checkout that has ended gives up what waited for it, not what took its place meanwhile', async () => {
  const id = await ordinary(stage.platform)
  stage.fake.expireCheckout(await stage.checkout(id))
  const { platform, terms, fake } = stage
  const settings = { secretKey, webhookSecret, api: fake.url }
  const stripe = openStripe(settings, 0)
  const comparison = compare({ stripe, platform, terms, page: () => 'https://berth.test' }, id, false)
  const customer = fake.thing(await stage.customerOf(id)) as Stripe.Customer
  await bringCheckouts(
    {
      ...comparison,
      repair: async (_, __, work) => {
        await platform.change((tx) => beginCheckout(tx, id, { plan: 'business', seats: 2 }, terms))
        return work()
      },
    },
    customer,
  )
  const { incomplete } = await toSubscription(platform.db, await stage.now(id))
  expect(incomplete).toMatchObject({ plan: { plan: 'business' }, seats: 2 })
})

test('a checkout that Stripe refuses is told of with its reason, and holds up nothing else', async () => {
  const id = await stage.paying({ plan: 'business', seats: 10 })
  await stage.platform.change((tx) => cancelSubscription(tx, id, { at: 'now' }, stage.terms))
  const kept = { organizationId: id, currency: 'EUR', amount: 4899, reason: 'a test', at: new Date() }
  await stage.platform.db.insertInto('credits').values(kept).execute()
  const [paid] = await stage.invoicesOf(id)
  stage.fake.refund(paid!.reference!, 900)
  await expect(stage.checkout(id)).rejects.toThrow('Stripe refuses the checkout of €0.01: Amount must be')
  expect(
    (await stage.collector.sync(id)).map(({ identity }) => identity.replace(/\/[a-z]+_[^/]*/, '')),
  ).toEqual(expect.arrayContaining(['checkout/refused', 'charge/refunded']))
})

test('an event of a customer that nobody here is, is ignored', async () => {
  const body = Buffer.from(
    JSON.stringify({ data: { object: { object: 'invoice', customer: 'cus_elsewhere' } } }),
  )
  const event = { eventId: 'evt_2', type: 'invoice.paid', body, receivedAt: new Date() }
  expect(await stage.collector.handle(event)).toEqual({ outcome: 'ignored', organizationId: null })
})

test('an open invoice is paid before a checkout takes the place of its subscription', async () => {
  const id = await ordinary(stage.platform)
  await stage.change(id, { trial: true })
  await stage.pass(14 * day)
  await expect(stage.checkout(id, { plan: 'business', seats: 10 })).rejects.toThrow(
    'An invoice is open. Pay it first',
  )
})

test('the portal is of the organization, with one configuration that leaves plans alone', async () => {
  const id = await stage.paying()
  const first = await stage.collector.portal(id)
  const second = await stage.collector.portal(id)
  expect([first.url, second.url]).toEqual([
    expect.stringContaining('https://'),
    expect.stringContaining('https://'),
  ])
  expect(stage.fake.things('billing_portal.configuration')).toHaveLength(1)
  const customer = await stage.customerOf(id)
  expect(stage.fake.things('billing_portal.session').every((one) => one.customer === customer)).toBe(true)
})

test('a period that ends, or another change, gives up what waits', async () => {
  const id = await stage.paying()
  stage.fake.change(await stage.customerOf(id), { invoice_settings: { default_payment_method: null } })
  await stage.collector.sync(id)
  const waits = async () => (await toSubscription(stage.platform.db, await stage.now(id))).incomplete !== null
  await stage.pass(20 * day)
  await stage.checkout(id, { plan: 'business', seats: 10 })
  expect(await waits()).toBe(true)
  await stage.pass(hour)
  expect(await waits()).toBe(true)
  await stage.platform.change((tx) => schedulePlan(tx, id, { plan: 'free', seats: null }, stage.terms))
  expect(await waits()).toBe(false)
})

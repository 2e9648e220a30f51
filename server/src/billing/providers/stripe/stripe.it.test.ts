import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { payInvoice, voidInvoice, writeOffInvoice } from '../../invoices/pay.ts'
import { creditOf } from '../../invoices/store.ts'
import { assignPlan, preview, schedulePlan, setSeats } from '../../subscriptions/change.ts'
import { abandonCheckout } from '../../subscriptions/checkout.ts'
import { clockwork, invoicesOf as issuedTo, ordinary, storyOf } from '../../subscriptions/test-kit.ts'
import { toQuote, toSubscription } from '../../subscriptions/view.ts'
import { syncDue } from '../syncing.ts'
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

/** Issued ones, in order; drafts and what became of them aside. */
const invoicesOf = async (id: string) =>
  (await issuedTo(stage.platform, id)).filter(({ number }) => number !== null)
const sync = (id: string) => stage.collector.sync(id)
const session = (id: string) => stage.fake.thing(id)

test('a checkout that is paid begins the plan, with just the invoice that was quoted; until then nothing changes', async () => {
  const id = await ordinary(stage.platform)
  await expect(stage.change(id)).rejects.toThrow('Team is paid at the checkout')
  const checkout = await stage.checkout(id)
  expect(session(checkout)).toMatchObject({ mode: 'payment', amount_total: 4900, currency: 'eur' })
  expect(await stage.now(id)).toMatchObject({ plan: { plan: 'free' }, state: 'active' })
  expect(await invoicesOf(id)).toEqual([])
  const shown = await toSubscription(stage.platform.db, await stage.now(id))
  expect(shown.incomplete).toMatchObject({ plan: { plan: 'team' }, total: '4900', trial: false })
  expect(shown.incomplete!.url).toContain(checkout)

  stage.clock.advance(2 * hour)
  stage.fake.payCheckout(checkout)
  await sync(id)
  const began = await stage.now(id)
  expect(began).toMatchObject({ plan: { plan: 'team' }, state: 'active', provider: 'stripe', period: 0 })
  expect(began.anchor).toEqual(stage.clock.now())
  const [invoice, ...others] = await invoicesOf(id)
  expect(others).toEqual([])
  expect(invoice).toMatchObject({ state: 'paid', total: '4900', paid: '4900', provider: 'stripe' })
  expect(invoice!.reference).toBe(session(checkout).payment_intent)
  expect(invoice!.lines[0]!.periodEnd).toBe(began.periodEnd.toISOString())
  expect(stage.fake.thing(await stage.customerOf(id)).metadata).toMatchObject({ organization: id })
  expect((await storyOf(stage.platform, id)).slice(-5)).toEqual([
    'subscription.checkout_began',
    'invoice.opened',
    'invoice.paid',
    'subscription.canceled',
    'subscription.started',
  ])
})

test('the same checkout asked for again is the same one; another plan replaces it, and its page is closed', async () => {
  const id = await ordinary(stage.platform)
  const first = await stage.checkout(id)
  expect(await stage.checkout(id)).toBe(first)
  const second = await stage.checkout(id, { plan: 'business', seats: 3 })
  expect(second).not.toBe(first)
  expect(session(first).status).toBe('expired')
  expect(session(second)).toMatchObject({ status: 'open', amount_total: 11_700 })
  stage.fake.payCheckout(second)
  await sync(id)
  expect(await stage.now(id)).toMatchObject({ plan: { plan: 'business' }, seats: 3 })
})

test('two checkouts asked for at once leave one that can be paid', async () => {
  const id = await ordinary(stage.platform)
  const asked = await Promise.allSettled([
    stage.checkout(id),
    stage.checkout(id, { plan: 'business', seats: 2 }),
    stage.checkout(id),
  ])
  expect(asked.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
  await stage.settle()
  const customer = await stage.customerOf(id)
  const open = stage.fake
    .things('checkout.session')
    .filter((one) => one.customer === customer && one.status === 'open')
  expect(open).toHaveLength(1)
  const { incomplete } = await toSubscription(stage.platform.db, await stage.now(id))
  expect(incomplete!.url).toBe(open[0].url)
})

test('given up or expired, nothing is owed and the page is closed', async () => {
  const id = await ordinary(stage.platform)
  const first = await stage.checkout(id)
  await stage.platform.change((tx) => abandonCheckout(tx, id, stage.terms))
  await stage.settle()
  expect(session(first).status).toBe('expired')
  const second = await stage.checkout(id)
  await stage.pass(23 * hour)
  expect((await toSubscription(stage.platform.db, await stage.now(id))).incomplete).toBeNull()
  await stage.settle()
  expect(session(second).status).toBe('expired')
  expect(await invoicesOf(id)).toEqual([])
  expect(await stage.now(id)).toMatchObject({ plan: { plan: 'free' }, state: 'active' })
  await expect(stage.platform.change((tx) => abandonCheckout(tx, id, stage.terms))).rejects.toThrow(
    'No change of plan waits',
  )
})

test('money that comes for what had been given up is kept as credit, once, and told', async () => {
  const id = await ordinary(stage.platform)
  const checkout = await stage.checkout(id)
  stage.fake.payCheckout(checkout)
  await stage.platform.change((tx) => abandonCheckout(tx, id, stage.terms))
  for (let times = 0; times < 3; times++)
    expect(await sync(id)).toContainEqual(
      expect.objectContaining({ repaired: false, what: expect.stringContaining('had been given up') }),
    )
  expect(await stage.now(id)).toMatchObject({ plan: { plan: 'free' } })
  expect(await creditOf(stage.platform.db, id, 'EUR')).toBe(4900n)
  expect(await storyOf(stage.platform, id)).toContain('invoice.paid_late')
})

test('a trial at the checkout leaves a card, from which its end is collected', async () => {
  const id = await ordinary(stage.platform)
  const checkout = await stage.checkout(id, { trial: true })
  expect(session(checkout)).toMatchObject({ mode: 'setup' })
  stage.fake.payCheckout(checkout)
  await sync(id)
  expect(await stage.now(id)).toMatchObject({ state: 'trialing', plan: { plan: 'team' }, provider: 'stripe' })
  expect(await invoicesOf(id)).toEqual([])
  await stage.pass(14 * day)
  expect(await stage.now(id)).toMatchObject({ state: 'active', period: 0 })
  expect(await invoicesOf(id)).toMatchObject([{ state: 'open', total: '4900' }])
  await stage.settle()
  expect(await invoicesOf(id)).toMatchObject([{ state: 'paid', total: '4900' }])
})

test('a trial begins without a card, too; its end is then paid on the page of the invoice', async () => {
  const id = await ordinary(stage.platform)
  await stage.change(id, { trial: true })
  await stage.pass(14 * day)
  await stage.settle()
  const [invoice] = await invoicesOf(id)
  expect(invoice).toMatchObject({ state: 'open', provider: 'stripe' })
  expect(stage.letters.findLast(({ organizationId }) => organizationId === id)!.notice).toMatchObject({
    kind: 'payable',
    url: invoice!.payUrl,
  })
  stage.fake.payOnPage(invoice!.payUrl!.split('/').at(-1)!)
  await sync(id)
  expect(await invoicesOf(id)).toMatchObject([{ state: 'paid' }])
})

test('renewals and upgrades are collected from the card that is kept', async () => {
  const id = await stage.paying()
  const at = stage.clock.now()
  const quoted = await toQuote(
    stage.platform.db,
    await stage.now(id),
    await preview(stage.platform.db, await stage.now(id), { plan: 'business', seats: 10 }, at),
    stage.terms,
  )
  expect(quoted.checkout).toBe(false)
  await stage.change(id, { plan: 'business', seats: 10 })
  await stage.settle()
  expect(await invoicesOf(id)).toMatchObject([{ state: 'paid' }, { state: 'paid', total: quoted.total }])
  await stage.pass(31 * day)
  await stage.settle()
  expect((await invoicesOf(id)).at(-1)).toMatchObject({ state: 'paid', total: '39000' })
  await stage.platform.change((tx) => setSeats(tx, id, { seats: 12 }, stage.terms))
  await stage.settle()
  expect((await invoicesOf(id)).every(({ state }) => state === 'paid')).toBe(true)
})

test('what a checkout in the middle of a period cost is what the next upgrade gives back of', async () => {
  const id = await stage.paying()
  const customer = await stage.customerOf(id)
  stage.fake.change(customer, { invoice_settings: { default_payment_method: null } })
  await sync(id)
  await stage.pass(10 * day)
  const checkout = await stage.checkout(id, { plan: 'business', seats: 10 })
  stage.fake.payCheckout(checkout)
  await sync(id)
  const upgraded = await stage.now(id)
  expect(upgraded).toMatchObject({ plan: { plan: 'business' }, seats: 10, period: 0 })
  const twelve = await preview(
    stage.platform.db,
    upgraded,
    { plan: 'business', seats: 12 },
    stage.clock.now(),
  )
  const [unused, more] = twelve.lines
  // Ten seats are given back and twelve charged for the same time: what is due is the share of two.
  expect(Number(twelve.total) * 5).toBeCloseTo(Number(-unused!.amount), -2)
  expect(more!.amount).toBeGreaterThan(-unused!.amount)
})

test('an expired card: written of once an attempt, overdue by our own clock, healed by paying on the page', async () => {
  const id = await stage.paying()
  const customer = await stage.customerOf(id)
  stage.fake.cardAnswers(customer, 'expired_card')
  await stage.pass(31 * day)
  await stage.settle()
  const [, invoice] = await invoicesOf(id)
  expect(invoice).toMatchObject({ state: 'open' })
  const failures = () =>
    stage.letters.filter((one) => one.organizationId === id && one.notice.kind === 'payment-failed').length
  expect(failures()).toBe(1)
  await sync(id)
  expect(failures()).toBe(1)
  const ref = invoice!.payUrl!.split('/').at(-1)!
  stage.fake.retry(ref)
  await sync(id)
  expect(failures()).toBe(2)
  await stage.pass(14 * day)
  expect(await stage.now(id)).toMatchObject({ state: 'past_due' })
  stage.fake.payOnPage(ref)
  await sync(id)
  expect(await stage.now(id)).toMatchObject({ state: 'active', plan: { plan: 'team' } })
})

test('a new card is tried for what is open, once', async () => {
  const id = await stage.paying()
  const customer = await stage.customerOf(id)
  stage.fake.cardAnswers(customer, 'card_declined')
  await stage.pass(31 * day)
  await stage.settle()
  expect((await invoicesOf(id)).at(-1)).toMatchObject({ state: 'open' })
  stage.fake.changeCard(customer, { last4: '1881' })
  await sync(id)
  expect((await invoicesOf(id)).at(-1)).toMatchObject({ state: 'paid' })
  expect(
    await stage.platform.db
      .selectFrom('billingCustomers')
      .select('paymentMethod')
      .where('organizationId', '=', id)
      .execute(),
  ).toEqual([{ paymentMethod: 'visa ending in 1881' }])
})

test('with Stripe silent for good, grace ends and it falls back by our own clock', async () => {
  const id = await stage.paying()
  await stage.pass(31 * day)
  await stage.pass(14 * day)
  expect(await stage.now(id)).toMatchObject({ state: 'past_due' })
  await stage.pass(14 * day)
  expect(await stage.now(id)).toMatchObject({ state: 'active', plan: { plan: 'free' }, provider: 'manual' })
})

test('what operators record here is closed there: paid, void, written off', async () => {
  const ways = [
    ['paid', (one: string) => stage.platform.change((tx) => payInvoice(tx, one, 'bank', stage.terms))],
    ['void', (one: string) => stage.platform.change((tx) => voidInvoice(tx, one, 'x', stage.terms))],
    [
      'uncollectible',
      (one: string) => stage.platform.change((tx) => writeOffInvoice(tx, one, 'x', stage.terms)),
    ],
  ] as const
  for (const [state, way] of ways) {
    const id = await ordinary(stage.platform)
    await stage.change(id, { trial: true })
    await stage.pass(14 * day)
    await stage.settle()
    const [invoice] = await invoicesOf(id)
    await way(invoice!.id)
    await stage.settle()
    const theirs = stage.fake.things('invoice').find((one) => one.metadata.berth_invoice === invoice!.id)
    expect(theirs.status).toBe(state)
    expect(await sync(id)).toEqual([])
    expect(await invoicesOf(id)).toMatchObject([{ state }])
  }
})

test('what takes a person is told and not rewritten, until it is gone', async () => {
  const id = await stage.paying()
  const customer = await stage.customerOf(id)
  const [paid] = await invoicesOf(id)
  stage.fake.refund(paid!.reference!, 900)
  stage.fake.dispute(paid!.reference!)
  stage.fake.change(customer, { balance: -100 })
  const foreign = stage.fake.run('POST /v1/invoices', {
    path: '/v1/invoices',
    params: { customer, currency: 'eur' },
  })
  const before = stage.fake.writes().length
  const found = await sync(id)
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
  expect(await sync(id)).toHaveLength(2)
})

test('amounts that differ are told: nothing of them is taken over', async () => {
  const id = await ordinary(stage.platform)
  await stage.change(id, { trial: true })
  await stage.pass(14 * day)
  await stage.settle()
  const [invoice] = await invoicesOf(id)
  const theirs = stage.fake.things('invoice').find((one) => one.metadata.berth_invoice === invoice!.id)
  stage.fake.change(theirs.id, { total: 1, status: 'paid' })
  expect(await sync(id)).toMatchObject([{ identity: `invoice/${invoice!.id}/amount`, repaired: false }])
  expect(await invoicesOf(id)).toMatchObject([{ state: 'open' }])
})

test('a customer that was deleted there is told of; the next checkout makes another', async () => {
  const id = await stage.paying()
  const before = await stage.customerOf(id)
  stage.fake.deleteCustomer(before)
  expect(await sync(id)).toMatchObject([{ identity: `customer/${id}`, repaired: false }])
  await stage.platform.db
    .updateTable('billingCustomers')
    .set({ paymentMethod: null })
    .where('organizationId', '=', id)
    .execute()
  stage.fake.payCheckout(await stage.checkout(id, { plan: 'business', seats: 10 }))
  await sync(id)
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
    expect(await invoicesOf(id)).toMatchObject([{ provider: 'manual', state: 'open' }])
    expect(await sync(id)).toEqual([])
  }
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
  expect((await invoicesOf(id)).at(-1)).toMatchObject({ state: 'open' })
  stage.clock.advance(hour)
  await syncDue(stage.platform, stage.collector)
  expect((await invoicesOf(id)).at(-1)).toMatchObject({ state: 'paid' })
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
  expect(await invoicesOf(id)).toMatchObject([{ state: 'open', payUrl: null }])
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
  await sync(id)
  const waits = async () => (await toSubscription(stage.platform.db, await stage.now(id))).incomplete !== null
  await stage.pass(30 * day)
  await stage.checkout(id, { plan: 'business', seats: 10 })
  expect(await waits()).toBe(true)
  await stage.pass(hour)
  expect(await waits()).toBe(true)
  await stage.platform.change((tx) => schedulePlan(tx, id, { plan: 'free', seats: null }, stage.terms))
  expect(await waits()).toBe(false)
})

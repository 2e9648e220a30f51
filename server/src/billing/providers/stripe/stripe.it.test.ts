import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { payInvoice, voidInvoice, writeOffInvoice } from '../../invoices/pay.ts'
import { creditOf } from '../../invoices/store.ts'
import { preview, setSeats } from '../../subscriptions/change.ts'
import { abandonCheckout } from '../../subscriptions/checkout.ts'
import { ordinary, storyOf } from '../../subscriptions/test-kit.ts'
import { toQuote, toSubscription } from '../../subscriptions/view.ts'
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

const session = (id: string) => stage.fake.thing(id)

test('a checkout that is paid begins the plan, with just the invoice that was quoted; until then nothing changes', async () => {
  const id = await ordinary(stage.platform)
  await expect(stage.change(id)).rejects.toThrow('Team is paid at the checkout')
  const checkout = await stage.checkout(id)
  expect(session(checkout)).toMatchObject({ mode: 'payment', amount_total: 4900, currency: 'eur' })
  expect(await stage.now(id)).toMatchObject({ plan: { plan: 'free' }, state: 'active' })
  expect(await stage.invoicesOf(id)).toEqual([])
  const shown = await toSubscription(stage.platform.db, await stage.now(id))
  expect(shown.incomplete).toMatchObject({ plan: { plan: 'team' }, total: '4900', trial: false })
  expect(shown.incomplete!.url).toContain(checkout)

  stage.clock.advance(2 * hour)
  stage.fake.payCheckout(checkout)
  await stage.collector.sync(id)
  const began = await stage.now(id)
  expect(began).toMatchObject({ plan: { plan: 'team' }, state: 'active', provider: 'stripe', period: 0 })
  expect(began.anchor).toEqual(stage.clock.now())
  const [invoice, ...others] = await stage.invoicesOf(id)
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
  await stage.collector.sync(id)
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
  expect(await stage.invoicesOf(id)).toEqual([])
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
    expect(await stage.collector.sync(id)).toContainEqual(
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
  await stage.collector.sync(id)
  expect(await stage.now(id)).toMatchObject({ state: 'trialing', plan: { plan: 'team' }, provider: 'stripe' })
  expect(await stage.invoicesOf(id)).toEqual([])
  await stage.pass(14 * day)
  expect(await stage.now(id)).toMatchObject({ state: 'active', period: 0 })
  expect(await stage.invoicesOf(id)).toMatchObject([{ state: 'open', total: '4900' }])
  await stage.settle()
  expect(await stage.invoicesOf(id)).toMatchObject([{ state: 'paid', total: '4900' }])
})

test('a trial begins without a card, too; its end is then paid on the page of the invoice', async () => {
  const id = await ordinary(stage.platform)
  await stage.change(id, { trial: true })
  await stage.pass(14 * day)
  await stage.settle()
  const [invoice] = await stage.invoicesOf(id)
  expect(invoice).toMatchObject({ state: 'open', provider: 'stripe' })
  expect(stage.letters.findLast(({ organizationId }) => organizationId === id)!.notice).toMatchObject({
    kind: 'payable',
    url: invoice!.payUrl,
  })
  stage.fake.payOnPage(invoice!.payUrl!.split('/').at(-1)!)
  await stage.collector.sync(id)
  expect(await stage.invoicesOf(id)).toMatchObject([{ state: 'paid' }])
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
  expect(await stage.invoicesOf(id)).toMatchObject([
    { state: 'paid' },
    { state: 'paid', total: quoted.total },
  ])
  await stage.pass(31 * day)
  await stage.settle()
  expect((await stage.invoicesOf(id)).at(-1)).toMatchObject({ state: 'paid', total: '39000' })
  await stage.platform.change((tx) => setSeats(tx, id, { seats: 12 }, stage.terms))
  await stage.settle()
  expect((await stage.invoicesOf(id)).every(({ state }) => state === 'paid')).toBe(true)
})

test('what a checkout in the middle of a period cost is what the next upgrade gives back of', async () => {
  const id = await stage.paying()
  const customer = await stage.customerOf(id)
  stage.fake.change(customer, { invoice_settings: { default_payment_method: null } })
  await stage.collector.sync(id)
  await stage.pass(10 * day)
  const checkout = await stage.checkout(id, { plan: 'business', seats: 10 })
  stage.fake.payCheckout(checkout)
  await stage.collector.sync(id)
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
  const [, invoice] = await stage.invoicesOf(id)
  expect(invoice).toMatchObject({ state: 'open' })
  const failures = () =>
    stage.letters.filter((one) => one.organizationId === id && one.notice.kind === 'payment-failed').length
  expect(failures()).toBe(1)
  await stage.collector.sync(id)
  expect(failures()).toBe(1)
  const ref = invoice!.payUrl!.split('/').at(-1)!
  stage.fake.retry(ref)
  await stage.collector.sync(id)
  expect(failures()).toBe(2)
  await stage.pass(14 * day)
  expect(await stage.now(id)).toMatchObject({ state: 'past_due' })
  stage.fake.payOnPage(ref)
  await stage.collector.sync(id)
  expect(await stage.now(id)).toMatchObject({ state: 'active', plan: { plan: 'team' } })
})

test('a new card is tried for what is open, once', async () => {
  const id = await stage.paying()
  const customer = await stage.customerOf(id)
  stage.fake.cardAnswers(customer, 'card_declined')
  await stage.pass(31 * day)
  await stage.settle()
  expect((await stage.invoicesOf(id)).at(-1)).toMatchObject({ state: 'open' })
  stage.fake.changeCard(customer, { last4: '1881' })
  await stage.collector.sync(id)
  expect((await stage.invoicesOf(id)).at(-1)).toMatchObject({ state: 'paid' })
  expect(
    await stage.platform.db
      .selectFrom('billingCustomers')
      .select('paymentMethod')
      .where('organizationId', '=', id)
      .execute(),
  ).toEqual([{ paymentMethod: 'Visa ending in 1881' }])
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
    const [invoice] = await stage.invoicesOf(id)
    await way(invoice!.id)
    await stage.settle()
    const theirs = stage.fake.things('invoice').find((one) => one.metadata.berth_invoice === invoice!.id)
    expect(theirs.status).toBe(state)
    expect(await stage.collector.sync(id)).toEqual([])
    expect(await stage.invoicesOf(id)).toMatchObject([{ state }])
  }
})

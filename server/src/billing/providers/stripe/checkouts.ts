/** Changes of plan that wait for their first payment, and their checkouts at Stripe. */
import { sql } from 'kysely'
import { Stripe } from 'stripe'
import { formatMoney } from '@berth/contracts'
import type { Tx } from '../../../platform/mutate.ts'
import { lockInvoice } from '../../invoices/store.ts'
import { completeCheckout } from '../../subscriptions/checkout.ts'
import { checkoutCloses } from '../../subscriptions/due.ts'
import { dropIncomplete } from '../../subscriptions/end.ts'
import type { Held } from '../../subscriptions/model.ts'
import { lockLive, subscriptionById } from '../../subscriptions/store.ts'
import { findCustomer } from '../customers.ts'
import { idOf, stripeAmount } from './client.ts'
import { name, origin, type Comparison } from './comparison.ts'
import { useMethod } from './customer.ts'

const dayMs = 24 * 3600_000

interface Ours {
  id: string
  state: string
  total: string
  currency: string
  reference: string | null
  subscriptionId: string
  providerRef: string | null
  payUrl: string | null
}

/** Brings checkouts up to date; the customer with the card that was left at one. */
export async function bringCheckouts(
  comparison: Comparison,
  customer: Stripe.Customer,
): Promise<Stripe.Customer> {
  const ours = await checkoutsOf(comparison)
  if (ours.size === 0) return customer
  let now = customer
  const sessions = await sessionsOf(comparison, customer)
  for (const session of sessions) {
    const one = ours.get(session.metadata?.['berth_invoice'] ?? '')
    if (one) now = await bringOne(comparison, now, one, session)
  }
  const waiting = [...ours.values()].find(({ state }) => state === 'draft')
  if (waiting) await makeSession(comparison, customer, waiting, sessions)
  return now
}

async function checkoutsOf({ platform, organizationId }: Comparison): Promise<Map<string, Ours>> {
  const { rows } = await sql<Ours>`
    select id, state, total::text, currency, reference, subscription_id, provider_ref, pay_url from invoices
    where organization_id = ${organizationId} and provider = ${name} and purpose like 'checkout:%'`.execute(
    platform.db,
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Those of which something may have become since the last whole comparison: none is open for more than a day. */
async function sessionsOf(
  { stripe, platform, organizationId }: Comparison,
  { id: customer }: Stripe.Customer,
) {
  const known = await findCustomer(platform.db, organizationId, name)
  const since = (known?.syncedAt ?? platform.clock.now()).getTime() - 7 * dayMs
  const created = { gte: Math.floor(since / 1000) }
  const expand = ['data.payment_intent', 'data.setup_intent']
  const found: Stripe.Checkout.Session[] = []
  for await (const session of stripe.checkout.sessions.list({ customer, created, limit: 100, expand }))
    found.push(session)
  return found
}

async function bringOne(
  comparison: Comparison,
  customer: Stripe.Customer,
  one: Ours,
  session: Stripe.Checkout.Session,
): Promise<Stripe.Customer> {
  const { stripe, organizationId, platform, repair, report } = comparison
  const identity = `checkout/${one.id}`
  const waits = one.state === 'draft'
  if (session.status === 'open') {
    if (!waits)
      await repair(`${identity}/expired`, 'A checkout that was given up is closed.', () =>
        stripe.checkout.sessions.expire(session.id),
      )
    return customer
  }
  if (session.status === 'expired') {
    if (waits)
      await repair(identity, 'Its checkout has expired: the change of plan is given up.', () =>
        platform.mutate(origin, (tx) => giveUp(tx, organizationId, one.id)),
      )
    return customer
  }
  if (session.payment_status === 'unpaid') return customer
  const { reference, method, amount } = whatCame(session)
  if (amount !== stripeAmount(BigInt(one.total), one.currency)) {
    const due = formatMoney(one.total, one.currency)
    report(`${identity}/amount`, `Checkout ${session.id} collected ${amount} where ${due} was due.`)
    return customer
  }
  if (one.state === 'paid') return customer
  if (!waits && one.reference !== null) return reportLate(comparison, customer, one)
  const settled = waits && method ? await useMethod(comparison, customer, method) : customer
  const what = waits
    ? 'The checkout is done: the change of plan takes place.'
    : 'Late money is kept as credit.'
  const became = await repair(identity, what, () =>
    platform.mutate(origin, (tx) => completeCheckout(tx, one.id, reference, comparison.terms)),
  )
  return became === 'late' ? reportLate(comparison, settled, { ...one, reference }) : settled
}

/** Another change may have taken its place meanwhile: that one still waits. */
async function giveUp(tx: Tx, organizationId: string, invoiceId: string): Promise<void> {
  await lockLive(tx, organizationId)
  const { state } = await lockInvoice(tx.db, invoiceId)
  if (state === 'draft') await dropIncomplete(tx, organizationId, tx.now, 'expired')
}

/** What a checkout that is done left: what it is called, the card, how much. */
function whatCame(session: Stripe.Checkout.Session) {
  const intent = session.payment_intent ?? session.setup_intent
  const method = typeof intent === 'string' ? null : idOf(intent?.payment_method)
  const amount = session.mode === 'payment' ? (session.amount_total ?? 0) : 0
  return { reference: idOf(intent) ?? session.id, method, amount }
}

function reportLate(
  { report }: Comparison,
  customer: Stripe.Customer,
  { id, total, currency, reference }: Ours,
): Stripe.Customer {
  if (total !== '0')
    report(
      `checkout/${id}/late`,
      `${formatMoney(total, currency)} came (${reference}) for a change of plan that had been given up. It is kept as credit; leave it so, or give it back at Stripe and take the credit back.`,
    )
  return customer
}

/** What is told where Stripe does not make a checkout. */
export const refusalIdentity = (invoiceId: string): string => `checkout/${invoiceId}/refused`

/** Makes the checkout where a draft is paid, once for each, and notes where it is. */
async function makeSession(
  comparison: Comparison,
  customer: Stripe.Customer,
  one: Ours,
  sessions: Stripe.Checkout.Session[],
): Promise<void> {
  const { platform, repair, report } = comparison
  const there = sessions.find(({ metadata }) => metadata?.['berth_invoice'] === one.id)
  if (there && there.status !== 'open') return
  if (there && one.providerRef === there.id && one.payUrl !== null) return
  const waiting = await subscriptionById(platform.db, one.subscriptionId)
  if (waiting?.state !== 'incomplete' || checkoutCloses(waiting) <= platform.clock.now()) return
  // Such as an amount below the least that a card pays: no other try mends it, and all else goes on.
  const refused = (error: Error): null => {
    if (!(error instanceof Stripe.errors.StripeInvalidRequestError) || error.statusCode !== 400) throw error
    const due = formatMoney(one.total, one.currency)
    report(refusalIdentity(one.id), `Stripe refuses the checkout of ${due}: ${error.message}`)
    return null
  }
  await repair(`checkout/${one.id}`, 'Its checkout is made at Stripe.', async () => {
    const session = there ?? (await createSession(comparison, customer, one, waiting).catch(refused))
    if (!session) return
    await platform.mutate(origin, async (tx) => {
      await tx.db
        .updateTable('invoices')
        .set({ providerRef: session.id, payUrl: session.url })
        .where('id', '=', one.id)
        .execute()
    })
  })
}

function createSession(
  { stripe, organizationId, page }: Comparison,
  customer: Stripe.Customer,
  { id, total, currency }: Ours,
  waiting: Held,
): Promise<Stripe.Checkout.Session> {
  const amount = stripeAmount(BigInt(total), currency)
  const metadata = { organization: organizationId, berth_invoice: id }
  const description = `Berth: ${waiting.plan.name}`
  const back = page(organizationId)
  const shared: Stripe.Checkout.SessionCreateParams = {
    customer: customer.id,
    client_reference_id: id,
    metadata,
    // Cards alone say at once whether they pay; what takes days would come after the change was given up.
    allowed_payment_method_types: ['card'],
    expires_at: Math.floor(checkoutCloses(waiting).getTime() / 1000),
    success_url: `${back}?checkout=done`,
    cancel_url: `${back}?checkout=canceled`,
  }
  const price = { currency: currency.toLowerCase(), unit_amount: amount, product_data: { name: description } }
  const mode: Stripe.Checkout.SessionCreateParams =
    amount > 0
      ? {
          mode: 'payment',
          adaptive_pricing: { enabled: false },
          line_items: [{ quantity: 1, price_data: price }],
          payment_intent_data: { setup_future_usage: 'off_session', description, metadata },
        }
      : { mode: 'setup', setup_intent_data: { description, metadata } }
  return stripe.checkout.sessions.create(
    { ...shared, ...mode },
    { idempotencyKey: `berth/checkout/${id}/${customer.id}` },
  )
}

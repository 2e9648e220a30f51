/** An organization as Stripe knows it: its name, an owner's address, what it is subscribed to. */
import { sql } from 'kysely'
import type { Stripe } from 'stripe'
import type { Queryable } from '../../../platform/db/database.ts'
import { findSubscription } from '../../subscriptions/store.ts'
import { findCustomer } from '../customers.ts'
import { name, origin, type Comparison } from './comparison.ts'

const expand = ['invoice_settings.default_payment_method']

interface Target {
  name: string
  email: string
  metadata: Record<string, string>
}

/** What it is to be like there. Empty metadata is none. */
async function targetOf(db: Queryable, organizationId: string): Promise<Target> {
  const { rows } = await sql<{ name: string; email: string | null }>`
    select o.name, (select u.email from members m join users u on u.id = m.user_id
      where m.organization_id = o.id and m.role = 'owner' and u.state = 'active' order by m.id limit 1) as email
    from organizations o where o.id = ${organizationId}`.execute(db)
  const live = await findSubscription(db, organizationId)
  return {
    name: rows[0]!.name.slice(0, 250),
    email: rows[0]!.email ?? '',
    metadata: {
      organization: organizationId,
      subscription: live?.id ?? '',
      plan: live ? `${live.plan.plan}@${live.plan.version}` : '',
      state: live?.state ?? 'canceled',
      seats: live?.seats?.toString() ?? '',
    },
  }
}

/**
 * The organization's customer, made if there is none. `renew`: one that was deleted there is replaced. Null: there is none
 * yet (in a dry run), or it was deleted, which is told.
 */
export async function bringCustomer(
  comparison: Comparison,
  { renew = false } = {},
): Promise<Stripe.Customer | null> {
  const { platform, organizationId, repair, report } = comparison
  const { db } = platform
  const known = await findCustomer(db, organizationId, name)
  const identity = `customer/${organizationId}`
  const ref = known?.customerRef ?? null
  const there = ref === null ? null : await comparison.stripe.customers.retrieve(ref, { expand })
  if (there?.deleted && !renew) {
    report(
      identity,
      `The customer ${ref} was deleted at Stripe: nothing is collected until the next checkout.`,
    )
    return null
  }
  if (there && !there.deleted) return there
  return repair(identity, 'It becomes a customer at Stripe.', () => makeCustomer(comparison, ref))
}

/**
 * Looks for one that was made and then not noted, since idempotency keys are forgotten after a day; and says nothing in it
 * that may change before it is made again.
 */
async function makeCustomer({ stripe, platform, organizationId }: Comparison, before: string | null) {
  const query = `metadata['organization']:'${organizationId}'`
  const { data } = await stripe.customers.search({ query, limit: 10 })
  const idempotencyKey = `berth/customer/${organizationId}/${before ?? ''}`
  const made =
    data.find(({ id }) => id !== before) ??
    (await stripe.customers.create({ metadata: { organization: organizationId } }, { idempotencyKey }))
  await platform.mutate(origin, async (tx) => {
    await tx.db
      .insertInto('billingCustomers')
      .values({ organizationId, provider: name, customerRef: made.id })
      .onConflict((clash) =>
        clash.columns(['organizationId', 'provider']).doUpdateSet({ customerRef: made.id }),
      )
      .execute()
  })
  return stripe.customers.retrieve(made.id, { expand }) as Promise<Stripe.Customer>
}

/** Says at Stripe who the organization is and what it is subscribed to, once all else is as it should be. */
export async function bringDetails(comparison: Comparison, customer: Stripe.Customer): Promise<void> {
  const { stripe, platform, organizationId, repair, report } = comparison
  const target = await targetOf(platform.db, organizationId)
  if (customer.balance !== 0)
    report(
      `customer/${organizationId}/balance`,
      `The customer ${customer.id} has a balance of ${customer.balance} at Stripe, which changes what its invoices collect. Set it to 0; credit is kept in Berth.`,
    )
  const { metadata } = customer
  const same =
    (customer.name ?? '') === target.name &&
    (customer.email ?? '') === target.email &&
    Object.entries(target.metadata).every(([key, value]) => (metadata[key] ?? '') === value)
  if (same) return
  const what = 'Its name, address or plan at Stripe is brought up to date.'
  await repair(`customer/${organizationId}/details`, what, () =>
    stripe.customers.update(customer.id, { ...target }),
  )
}

/** Takes a means of payment for all that is collected from now on. */
export async function useMethod(
  { stripe, organizationId, repair }: Comparison,
  customer: Stripe.Customer,
  method: string,
): Promise<Stripe.Customer> {
  if (methodRef(customer) === method) return customer
  const updated = await repair(
    `customer/${organizationId}/method`,
    'The card that was left at the checkout is used from now on.',
    () =>
      stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method }, expand }),
  )
  return updated ?? customer
}

export function methodRef({ invoice_settings: { default_payment_method: method } }: Stripe.Customer) {
  return typeof method === 'string' ? method : (method?.id ?? null)
}

/** What Stripe calls the brands of cards, as they call themselves. */
const brands: Record<string, string> = {
  amex: 'American Express',
  cartes_bancaires: 'Cartes Bancaires',
  diners: 'Diners Club',
  discover: 'Discover',
  eftpos_au: 'eftpos',
  jcb: 'JCB',
  link: 'Link',
  mastercard: 'Mastercard',
  unionpay: 'UnionPay',
  visa: 'Visa',
}

/** In words, like "Visa ending in 4242". */
function wordsOf({ invoice_settings: { default_payment_method: method } }: Stripe.Customer): string | null {
  if (!method || typeof method === 'string') return method
  return method.card
    ? `${brands[method.card.brand] ?? 'card'} ending in ${method.card.last4}`
    : method.type.replaceAll('_', ' ')
}

/** Keeps what its means of payment is; without a customer there is none. */
export async function keepMethod(comparison: Comparison, customer: Stripe.Customer | null): Promise<void> {
  const { platform, organizationId, repair } = comparison
  const method = customer && wordsOf(customer)
  const known = await findCustomer(platform.db, organizationId, name)
  if (!known || known.paymentMethod === method) return
  await repair(`customer/${organizationId}/method-here`, 'Its means of payment is noted here.', () =>
    platform.mutate(origin, async (tx) => {
      await tx.db
        .updateTable('billingCustomers')
        .set({ paymentMethod: method })
        .where('organizationId', '=', organizationId)
        .where('provider', '=', name)
        .execute()
      tx.emit(organizationId, 'payment.method_changed', { provider: name, method })
    }),
  )
}

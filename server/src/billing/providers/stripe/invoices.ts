/** Berth's invoices and those at Stripe that collect them. */
import { sql } from 'kysely'
import type { Stripe } from 'stripe'
import { formatMoney } from '@berth/contracts'
import { payInvoice } from '../../invoices/pay.ts'
import { lockInvoice, numberOf } from '../../invoices/store.ts'
import { lockLive } from '../../subscriptions/store.ts'
import { idOf, stripeAmount } from './client.ts'
import { collect } from './collect.ts'
import { name, origin, type Comparison } from './comparison.ts'

export interface Ours {
  id: string
  series: string
  number: number
  state: string
  total: string
  currency: string
  reference: string | null
  subscriptionId: string
  triedWith: string | null
  failedTries: number
}

export async function bringInvoices(comparison: Comparison, customer: Stripe.Customer): Promise<void> {
  const { rows } = await sql<Ours>`
    select id, series, number, state, total::text, currency, reference, subscription_id, tried_with, failed_tries
    from invoices where organization_id = ${comparison.organizationId} and provider = ${name}
      and number is not null and total > 0 and purpose not like 'checkout:%' order by number`.execute(
    comparison.platform.db,
  )
  const theirs = await invoicesOf(comparison, customer)
  const known = new Map<string, Stripe.Invoice>()
  const ours = new Set(rows.map(({ id }) => id))
  // The oldest of several for one is it; they come newest first.
  for (const one of theirs.toReversed()) {
    const id = one.metadata?.['berth_invoice'] ?? ''
    if (ours.has(id) && !known.has(id)) known.set(id, one)
    else if (one.status !== 'void')
      comparison.report(
        `invoice/${one.id}/unknown`,
        `Invoice ${one.number ?? one.id} at Stripe is none of Berth's. Void it there, or leave it if it is meant to be.`,
      )
  }
  for (const one of rows) await bringOne(comparison, customer, one, known.get(one.id) ?? null)
}

async function invoicesOf(
  { stripe }: Comparison,
  { id: customer }: Stripe.Customer,
): Promise<Stripe.Invoice[]> {
  const found: Stripe.Invoice[] = []
  const expand = ['data.payments']
  for await (const one of stripe.invoices.list({ customer, limit: 100, expand })) found.push(one)
  return found
}

async function bringOne(
  comparison: Comparison,
  customer: Stripe.Customer,
  ours: Ours,
  found: Stripe.Invoice | null,
): Promise<void> {
  const { stripe, repair, report } = comparison
  const identity = `invoice/${ours.id}`
  const words = `Invoice ${numberOf(ours.series, ours.number)}`
  let theirs = found
  if (ours.state === 'open' && (!theirs || theirs.status === 'draft'))
    theirs = await repair(`${identity}/made`, `${words} is made at Stripe.`, () =>
      make(comparison, customer, ours, found),
    )
  if (!theirs) return
  if (theirs.status === 'draft') {
    if (ours.state !== 'open')
      await repair(
        `${identity}/draft`,
        `What was begun of it at Stripe is deleted: ${words} is settled.`,
        () => stripe.invoices.del(theirs.id),
      )
    return
  }
  if (!sameAmount(ours, theirs)) {
    const due = formatMoney(ours.total, ours.currency)
    const there = `${theirs.total} (in minor units of ${theirs.currency.toUpperCase()})`
    return report(
      `${identity}/amount`,
      `${words} is over ${due}, and over ${there} at Stripe (${theirs.id}).`,
    )
  }
  if (theirs.status === 'paid') return bringPaid(comparison, ours, theirs)
  if (theirs.status === 'void') {
    if (ours.state === 'open')
      report(
        `${identity}/void`,
        `${words} is open, and ${theirs.id} was voided at Stripe. Void it here, too, or record how it was paid.`,
      )
    return
  }
  if (ours.state === 'paid') {
    const what = `${words} was paid here: it is closed at Stripe.`
    return void (await repair(`${identity}/settled`, what, () =>
      stripe.invoices.pay(theirs.id, { paid_out_of_band: true }),
    ))
  }
  if (ours.state === 'void') {
    const what = `${words} is void here: it is voided at Stripe.`
    return void (await repair(`${identity}/voided`, what, () => stripe.invoices.voidInvoice(theirs.id)))
  }
  if (ours.state === 'uncollectible') {
    if (theirs.status === 'open')
      await repair(`${identity}/written-off`, `${words} was written off here: it is at Stripe, too.`, () =>
        stripe.invoices.markUncollectible(theirs.id),
      )
    return
  }
  if (theirs.status === 'uncollectible')
    return report(
      `${identity}/written-off`,
      `${words} is open, and ${theirs.id} was written off at Stripe. Write it off here, too, or record how it was paid.`,
    )
  const after = await collect(comparison, customer, ours, theirs)
  if (after?.status === 'paid') await bringPaid(comparison, ours, after)
}

const sameAmount = ({ total, currency }: Ours, theirs: Stripe.Invoice): boolean =>
  theirs.currency.toUpperCase() === currency && theirs.total === stripeAmount(BigInt(total), currency)

/** What paid an invoice at Stripe; null: somebody said so there. */
function paymentOf({ payments }: Stripe.Invoice): string | null {
  const paid = payments?.data.find(({ status }) => status === 'paid')
  return idOf(paid?.payment.payment_intent)
}

async function bringPaid(comparison: Comparison, ours: Ours, theirs: Stripe.Invoice): Promise<void> {
  const { platform, terms, organizationId, repair, report } = comparison
  const words = `Invoice ${numberOf(ours.series, ours.number)}`
  const payment = paymentOf(theirs)
  if (ours.state === 'void') {
    const what = `${words} is void, and was paid at Stripe (${payment ?? theirs.id}). Give it back there.`
    return report(`invoice/${ours.id}/void`, what)
  }
  if (ours.state === 'paid') {
    if (payment !== null && payment !== ours.reference)
      report(
        `invoice/${ours.id}/twice`,
        `${words} was paid here ("${ours.reference}") and at Stripe (${payment}). Give one of them back.`,
      )
    return
  }
  await repair(`invoice/${ours.id}`, `${words} was paid at Stripe.`, () =>
    platform.mutate(origin, async (tx) => {
      await lockLive(tx, organizationId)
      const { state } = await lockInvoice(tx.db, ours.id)
      if (state === 'open' || state === 'uncollectible')
        await payInvoice(tx, ours.id, payment ?? theirs.id, terms)
    }),
  )
}

/** Makes an invoice there, or goes on with one that was begun. Null: it comes out different, which is told. */
async function make(
  { stripe, platform, organizationId, report }: Comparison,
  { id: customer, invoice_settings: { default_payment_method: method } }: Stripe.Customer,
  ours: Ours,
  begun: Stripe.Invoice | null,
): Promise<Stripe.Invoice | null> {
  const currency = ours.currency.toLowerCase()
  const key = `berth/invoice/${ours.id}/${customer}`
  const { id } =
    begun ??
    (await stripe.invoices.create(
      {
        customer,
        currency,
        auto_advance: false,
        collection_method: 'charge_automatically',
        pending_invoice_items_behavior: 'exclude',
        description: `Invoice ${numberOf(ours.series, ours.number)}`,
        metadata: {
          organization: organizationId,
          berth_invoice: ours.id,
          berth_number: numberOf(ours.series, ours.number),
        },
      },
      { idempotencyKey: key },
    ))
  const lines = await linesOf(platform.db, ours.id)
  const there = new Set<string>()
  for await (const item of stripe.invoiceItems.list({ invoice: id, limit: 100 }))
    there.add(item.metadata?.['berth_line'] ?? '')
  for (const { place, description, amount } of lines)
    if (!there.has(String(place)))
      await stripe.invoiceItems.create(
        {
          customer,
          invoice: id,
          currency,
          amount: stripeAmount(BigInt(amount), ours.currency),
          description,
          metadata: { berth_line: String(place) },
        },
        { idempotencyKey: `${key}/${place}` },
      )
  const draft = await stripe.invoices.retrieve(id)
  if (draft.status === 'draft' && !sameAmount(ours, draft)) {
    const due = formatMoney(ours.total, ours.currency)
    report(
      `invoice/${ours.id}/amount`,
      `Invoice ${numberOf(ours.series, ours.number)} is over ${due}, and its draft ${id} at Stripe over ${draft.total}. Mend or delete it there.`,
    )
    return null
  }
  if (draft.status !== 'draft') return stripe.invoices.retrieve(id, { expand: ['payments'] })
  // Tried again by Stripe, as the account's settings say, where there is something to try.
  return stripe.invoices.finalizeInvoice(id, { auto_advance: method !== null, expand: ['payments'] })
}

async function linesOf(db: Comparison['platform']['db'], invoiceId: string) {
  const { rows } = await sql<{ place: number; description: string; amount: string }>`
    select place, case when quantity > 1 then quantity || ' × ' || description else description end as description,
      amount::text
    from invoice_lines where invoice_id = ${invoiceId} order by place`.execute(db)
  return rows
}

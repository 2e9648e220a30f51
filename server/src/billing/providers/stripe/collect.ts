/** Collecting an open invoice: from the card that is kept, or on its page. */
import type { Stripe } from 'stripe'
import type { Tx } from '../../../platform/mutate.ts'
import { numberOf } from '../../invoices/store.ts'
import type { Notice } from '../../subscriptions/model.ts'
import { subscriptionById } from '../../subscriptions/store.ts'
import { origin, type Comparison } from './comparison.ts'
import { methodRef } from './customer.ts'
import type { Ours } from './invoices.ts'

/** What stands for the means of payment where there is none. */
const none = 'none'

/** Tries a card once for each invoice; Stripe tries again by itself. The invoice as it is then; null: nothing was done. */
export async function collect(
  comparison: Comparison,
  customer: Stripe.Customer,
  ours: Ours,
  theirs: Stripe.Invoice,
): Promise<Stripe.Invoice | null> {
  const { repair } = comparison
  const identity = `invoice/${ours.id}/collected`
  const words = `Invoice ${numberOf(ours.series, ours.number)}`
  const method = methodRef(customer)
  // Tried, and then not noted: it is not tried twice.
  const tried = ours.triedWith ?? (theirs.attempt_count > 0 ? method : null)
  if (method !== null && tried !== method)
    return repair(identity, `${words} is collected from the card.`, () =>
      tryCard(comparison, ours, theirs, method),
    )
  if (ours.triedWith === null || theirs.attempt_count > ours.failedTries)
    await repair(identity, `How far ${words} is collected is noted here.`, () =>
      note(comparison, ours, theirs, { method, reason: null }),
    )
  return null
}

async function tryCard(
  comparison: Comparison,
  ours: Ours,
  { id }: Stripe.Invoice,
  method: string,
): Promise<Stripe.Invoice> {
  const { stripe } = comparison
  const expand = ['payments']
  try {
    return await stripe.invoices.pay(
      id,
      { payment_method: method, off_session: true, expand },
      { idempotencyKey: `berth/pay/${id}/${method}` },
    )
  } catch (error) {
    // 402: the card was asked, and did not pay.
    if ((error as { statusCode?: number }).statusCode !== 402) throw error
    const after = await stripe.invoices.retrieve(id, { expand })
    if (after.status === 'open')
      await note(comparison, ours, after, { method, reason: (error as Error).message })
    return after
  }
}

/** Notes where an open invoice is paid and what was tried, and writes of it where that is news. */
function note(
  { platform, terms, organizationId }: Comparison,
  ours: Ours,
  theirs: Stripe.Invoice,
  { method, reason }: { method: string | null; reason: string | null },
): Promise<void> {
  return platform.mutate(origin, async (tx) => {
    const url = theirs.hosted_invoice_url ?? null
    const tries = theirs.attempt_count
    const failed = reason !== null || tries > ours.failedTries
    await tx.db
      .updateTable('invoices')
      .set({ triedWith: method ?? none, failedTries: tries, payUrl: url, providerRef: theirs.id })
      .where('id', '=', ours.id)
      .execute()
    const named = { invoiceId: ours.id, number: numberOf(ours.series, ours.number) }
    if (ours.triedWith === null && url !== null) tx.emit(organizationId, 'invoice.payable', named)
    const what = reason ?? 'Stripe could not collect it.'
    if (failed) tx.emit(organizationId, 'invoice.payment_failed', { ...named, tries, reason: what })
    const kind = failed ? 'payment-failed' : 'payable'
    if (url !== null && (failed || ours.triedWith === null))
      await tell(tx, ours, terms.tell, { kind, number: named.number, url })
  })
}

async function tell(
  tx: Tx,
  { subscriptionId }: Ours,
  write: Comparison['terms']['tell'],
  notice: Notice,
): Promise<void> {
  const one = await subscriptionById(tx.db, subscriptionId)
  if (one) await write(tx, one, notice)
}

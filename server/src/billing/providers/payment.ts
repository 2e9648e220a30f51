/** What a provider says was paid. */
import { formatMoney, type Invoice } from '@berth/contracts'
import { sha256 } from '../../platform/crypto.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { payInvoice } from '../invoices/pay.ts'
import { isCalled, lockInvoice, readInvoice } from '../invoices/store.ts'
import type { Terms } from '../subscriptions/model.ts'
import { lockLive } from '../subscriptions/store.ts'
import { noteDrift } from './drifts.ts'

interface Payment {
  /** The id or the number of an invoice. */
  invoice: string
  amount: bigint
  currency: string
  /** What it is called where it was paid. */
  reference: string
}

/**
 * Records a payment that a provider tells of, once; gives whose invoice it is. What does not fit the invoice changes
 * nothing: it is a difference that takes a person. Throws `not_found`, and `invalid_state` for test organizations.
 */
export async function recordPayment(
  tx: Tx,
  provider: string,
  payment: Payment,
  terms: Terms,
): Promise<string> {
  const { id, organizationId, kind } = await findInvoice(tx, payment.invoice)
  if (kind === 'test')
    throw new Refusal(
      'invalid_state',
      `data.invoice: ${payment.invoice} is of a test organization, of which nothing is ever paid for real. If the money came, give it back; to rehearse a payment, an operator records it by hand.`,
    )
  // In the order in which everybody holds them.
  await lockLive(tx, organizationId)
  await lockInvoice(tx.db, id)
  const invoice = await readInvoice(tx.db, id)
  const what = differenceOf(invoice, payment)
  if (what !== null) {
    const identity = `invoice/${id}/payment/${sha256(payment.reference).toString('base64url').slice(0, 16)}`
    await noteDrift(tx, { provider, identity, organizationId, what })
  } else if (invoice.state !== 'paid') await payInvoice(tx, id, payment.reference, terms)
  return organizationId
}

async function findInvoice(tx: Tx, ref: string) {
  const found = await tx.db
    .selectFrom('invoices as i')
    .innerJoin('organizations as o', 'o.id', 'i.organizationId')
    .select(['i.id', 'i.organizationId', 'o.kind'])
    .where(isCalled(ref))
    .executeTakeFirst()
  if (!found) throw new Refusal('not_found', `data.invoice: there is no invoice ${ref}.`)
  return found
}

/** How a payment does not fit its invoice, as a sentence; null: it fits, or it is the one that was recorded. */
function differenceOf(invoice: Invoice, { amount, currency, reference }: Payment): string | null {
  const paid = formatMoney(amount.toString(), currency)
  const said = `Payment "${reference}" of ${paid} for invoice ${invoice.number ?? invoice.id}`
  if (BigInt(invoice.total) !== amount || invoice.currency !== currency)
    return `${said}: the invoice is for ${formatMoney(invoice.total, invoice.currency)}. Record it by hand if it settles the invoice, or give it back.`
  if (invoice.state === 'paid' && invoice.reference !== reference)
    return `${said}: it was paid before ("${invoice.reference}"). Give one of them back.`
  if (invoice.state === 'void' || invoice.state === 'draft')
    return `${said}: the invoice is ${invoice.state === 'void' ? 'void' : 'a draft'}, so nothing is owed for it. Give it back.`
  return null
}

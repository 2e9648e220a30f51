import { sql } from 'kysely'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { sum } from '../money.ts'
import { daysAfter, type Held } from '../subscriptions/model.ts'
import type { Line } from '../subscriptions/quote.ts'
import { numberOf } from './store.ts'

const money = (amount: bigint) => sql<number>`${amount.toString()}::bigint`

/**
 * Issues an invoice for a subscription that is held. `purpose` says what for: a second one for the same fails. What is
 * less than nothing is kept as credit; where nothing is due, it is paid at once.
 */
export async function issueInvoice(
  tx: Tx,
  one: Held,
  { purpose, lines, at }: { purpose: string; lines: Line[]; at: Date },
): Promise<void> {
  if (lines.length === 0) return
  const { organizationId, plan } = one
  const { currency } = plan
  const all = [...lines, ...kept(sum(lines.map(({ amount }) => amount)))]
  const total = sum(all.map(({ amount }) => amount))
  // The counter stays locked until this is committed: numbers have no gaps, also where work is undone.
  const { last: number } = await tx.db
    .updateTable('invoiceNumbers')
    .set((eb) => ({ last: eb('last', '+', 1) }))
    .returning('last')
    .executeTakeFirstOrThrow()
  const id = newId('invoice')
  const dueAt = daysAfter(at, plan.dueDays, one.timeZone)
  const paid = total === 0n
  await tx.db
    .insertInto('invoices')
    .values({
      id,
      organizationId,
      subscriptionId: one.id,
      purpose,
      provider: one.provider,
      number,
      state: paid ? 'paid' : 'open',
      currency,
      total: money(total),
      paid: 0,
      issuedAt: at,
      dueAt,
      paidAt: paid ? at : null,
      createdAt: at,
    })
    .execute()
  await tx.db
    .insertInto('invoiceLines')
    .values(
      all.map((line, place) => ({
        ...line,
        invoiceId: id,
        place,
        quantity: money(line.quantity),
        unitAmount: money(line.unitAmount),
        amount: money(line.amount),
      })),
    )
    .execute()
  const moved = sum(all.filter(({ kind }) => kind === 'credit').map(({ amount }) => amount))
  if (moved !== 0n) await moveCredit(tx, { organizationId, currency, amount: moved, invoiceId: id, at })
  tx.emit(
    organizationId,
    'invoice.opened',
    {
      invoiceId: id,
      number: numberOf(number),
      subscriptionId: one.id,
      total: total.toString(),
      currency,
      dueAt: dueAt.toISOString(),
    },
    at,
  )
  if (!paid) return
  const nothing = { total: '0', currency, reference: 'nothing was due' }
  tx.emit(organizationId, 'invoice.paid', { invoiceId: id, number: numberOf(number), ...nothing }, at)
}

/** What of an invoice is less than nothing, kept for the next ones. */
function kept(total: bigint): Line[] {
  if (total >= 0n) return []
  return [
    {
      kind: 'credit',
      description: 'Kept as credit',
      quantity: 1n,
      unitAmount: -total,
      amount: -total,
      periodStart: null,
      periodEnd: null,
    },
  ]
}

/** Moves what is kept for an organization: up, or down where it was set off. */
export async function moveCredit(
  tx: Tx,
  given: { organizationId: string; currency: string; amount: bigint; invoiceId: string; at: Date },
): Promise<void> {
  const { organizationId, currency, amount, invoiceId, at } = given
  await tx.db
    .insertInto('credits')
    .values({
      organizationId,
      currency,
      amount: money(amount),
      invoiceId,
      reason: amount < 0n ? 'set off against an invoice' : 'given back',
      at,
    })
    .execute()
}

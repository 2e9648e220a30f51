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
  const { id, total } = await draftInvoice(tx, one, { purpose, lines, at })
  const dueAt = daysAfter(at, one.plan.dueDays, one.timeZone)
  await finalize(tx, { id, at, dueAt, paidBy: total === 0n ? 'nothing was due' : null })
}

/** Makes an invoice that nobody owes yet. */
export async function draftInvoice(
  tx: Tx,
  { id: subscriptionId, organizationId, provider, plan }: Held,
  { purpose, lines, at }: { purpose: string; lines: Line[]; at: Date },
): Promise<{ id: string; total: bigint }> {
  const all = [...lines, ...kept(sum(lines.map(({ amount }) => amount)))]
  const total = sum(all.map(({ amount }) => amount))
  const id = newId('invoice')
  const { currency } = plan
  const series = sql<string>`
    (select case when kind = 'test' then 'test' else 'standard' end from organizations where id = ${organizationId})`
  const draft = { id, organizationId, subscriptionId, purpose, provider, currency, series }
  await tx.db
    .insertInto('invoices')
    .values({ ...draft, state: 'draft', total: money(total), paid: 0, createdAt: at })
    .execute()
  const rows = all.map((line, place) => ({
    ...line,
    invoiceId: id,
    place,
    quantity: money(line.quantity),
    unitAmount: money(line.unitAmount),
    amount: money(line.amount),
  }))
  if (rows.length > 0) await tx.db.insertInto('invoiceLines').values(rows).execute()
  return { id, total }
}

/** Gives a draft its number: from now on it is owed, or paid at once by what `paidBy` says. */
export async function finalize(
  tx: Tx,
  { id, at, dueAt, paidBy }: { id: string; at: Date; dueAt: Date; paidBy: string | null },
): Promise<void> {
  // The counter stays locked until this is committed: numbers have no gaps, also where work is undone.
  const { series, number } = await tx.db
    .updateTable('invoiceNumbers')
    .set((eb) => ({ last: eb('last', '+', 1) }))
    .where('series', '=', (eb) => eb.selectFrom('invoices').select('series').where('id', '=', id))
    .returning(['series', 'last as number'])
    .executeTakeFirstOrThrow()
  const row = await tx.db
    .updateTable('invoices')
    .set({ number, state: 'open', issuedAt: at, dueAt })
    .where('id', '=', id)
    .returning(['organizationId', 'subscriptionId', 'currency', sql<string>`total::text`.as('total')])
    .executeTakeFirstOrThrow()
  const { organizationId, subscriptionId, currency, total } = row
  const credits = await tx.db
    .selectFrom('invoiceLines')
    .select(sql<string>`coalesce(sum(amount), 0)::text`.as('moved'))
    .where('invoiceId', '=', id)
    .where('kind', '=', 'credit')
    .executeTakeFirstOrThrow()
  const amount = BigInt(credits.moved)
  if (amount !== 0n) await moveCredit(tx, { organizationId, currency, amount, invoiceId: id, at })
  const named = { invoiceId: id, number: numberOf(series, number) }
  const opened = { ...named, subscriptionId, total, currency, dueAt: dueAt.toISOString() }
  tx.emit(organizationId, 'invoice.opened', opened, at)
  if (paidBy === null) return
  await tx.db
    .updateTable('invoices')
    .set({ state: 'paid', paid: sql`total`, paidAt: at, reference: total === '0' ? null : paidBy })
    .where('id', '=', id)
    .execute()
  tx.emit(organizationId, 'invoice.paid', { ...named, total, currency, reference: paidBy }, at)
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
  given: {
    organizationId: string
    currency: string
    amount: bigint
    invoiceId: string
    at: Date
    reason?: string
  },
): Promise<void> {
  const { organizationId, currency, amount, invoiceId, at } = given
  await tx.db
    .insertInto('credits')
    .values({
      organizationId,
      currency,
      amount: money(amount),
      invoiceId,
      reason: given.reason ?? (amount < 0n ? 'set off against an invoice' : 'given back'),
      at,
    })
    .execute()
}

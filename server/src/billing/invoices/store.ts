import { sql, type RawBuilder, type Selectable } from 'kysely'
import type { Invoice, InvoiceState } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Invoices } from '../../platform/db/schema.generated.ts'
import { afterCursor, cutPage } from '../../platform/page.ts'
import { notFound } from '../../platform/problem.ts'
import type { Held } from '../subscriptions/model.ts'
import type { Line } from '../subscriptions/quote.ts'

type Row = Omit<Selectable<Invoices>, 'total' | 'paid'> & { total: string; paid: string }

const testMark = 'TEST-'

/** What an invoice is called: test organizations have a series of their own. */
export const numberOf = (series: string, number: number): string =>
  `${series === 'test' ? testMark : ''}${String(number).padStart(6, '0')}`

/** What `numberOf` made; null: it made none like it. */
function parseNumber(text: string): { series: string; number: number } | null {
  const [, mark, digits] = /^(TEST-)?(\d{1,15})$/.exec(text) ?? []
  return digits === undefined ? null : { series: mark ? 'test' : 'standard', number: Number(digits) }
}

/** The invoice `i` that has this id or this number. */
export function isCalled(ref: string): RawBuilder<boolean> {
  const numbered = parseNumber(ref)
  if (!numbered) return sql<boolean>`i.id = ${ref}`
  return sql<boolean>`(i.series, i.number) = (${numbered.series}, ${numbered.number})`
}

const select = (db: Queryable) =>
  db
    .selectFrom('invoices as i')
    .selectAll('i')
    .select([sql<string>`i.total::text`.as('total'), sql<string>`i.paid::text`.as('paid')])

export const toLine = (line: Line): Invoice['lines'][number] => ({
  ...line,
  quantity: Number(line.quantity),
  unitAmount: line.unitAmount.toString(),
  amount: line.amount.toString(),
  periodStart: line.periodStart?.toISOString() ?? null,
  periodEnd: line.periodEnd?.toISOString() ?? null,
})

async function toInvoices(db: Queryable, rows: Row[]): Promise<Invoice[]> {
  const lines = await db
    .selectFrom('invoiceLines as l')
    .selectAll('l')
    .select([
      sql<string>`l.unit_amount::text`.as('unitAmount'),
      sql<string>`l.amount::text`.as('amount'),
      sql<string>`l.quantity::text`.as('quantity'),
    ])
    .where('l.invoiceId', 'in', [...rows.map(({ id }) => id), ''])
    .orderBy('l.place')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    organizationId: row.organizationId,
    subscriptionId: row.subscriptionId,
    number: row.number === null ? null : numberOf(row.series, row.number),
    state: row.state as InvoiceState,
    currency: row.currency,
    lines: lines
      .filter(({ invoiceId }) => invoiceId === row.id)
      .map((line) => ({
        kind: line.kind as Line['kind'],
        description: line.description,
        quantity: Number(line.quantity),
        unitAmount: line.unitAmount,
        amount: line.amount,
        periodStart: line.periodStart?.toISOString() ?? null,
        periodEnd: line.periodEnd?.toISOString() ?? null,
      })),
    total: row.total,
    paid: row.paid,
    issuedAt: row.issuedAt?.toISOString() ?? null,
    dueAt: row.dueAt?.toISOString() ?? null,
    paidAt: row.paidAt?.toISOString() ?? null,
    reference: row.reference,
    provider: row.provider,
    payUrl: row.payUrl,
    createdAt: row.createdAt.toISOString(),
  }))
}

interface Filter {
  state?: InvoiceState | undefined
  cursor?: string | undefined
  limit: number
}

export async function pageOfInvoices(db: Queryable, organizationId: string, filter: Filter) {
  const before = afterCursor(filter.cursor)
  // Drafts wait at a checkout; they are invoices once they have a number.
  let query = select(db).where('i.organizationId', '=', organizationId).where('i.number', 'is not', null)
  if (filter.state) query = query.where('i.state', '=', filter.state)
  // By number, which is also the order of their issue; times can be a test clock's. Before test organizations had a series
  // of their own, they took numbers of the standard one, which comes first by name, too.
  if (before !== null) {
    const { series, number } = parseNumber(before) ?? { series: '', number: 0 }
    query = query.where(sql<boolean>`(i.series, i.number) < (${series}, ${number})`)
  }
  const rows = await query
    .orderBy('i.series', 'desc')
    .orderBy('i.number', 'desc')
    .limit(filter.limit + 1)
    .execute()
  const { items, nextCursor } = cutPage(
    rows,
    filter.limit,
    (row) => numberOf(row.series, row.number!),
    (row) => row,
  )
  return { items: await toInvoices(db, items), nextCursor }
}

/** One invoice by its id or number, of the organization if one is named. Throws `not_found`. */
export async function readInvoice(db: Queryable, ref: string, organizationId?: string): Promise<Invoice> {
  let query = select(db).where(isCalled(ref))
  if (organizationId !== undefined) query = query.where('i.organizationId', '=', organizationId)
  const [invoice] = await toInvoices(db, await query.execute())
  if (!invoice) throw notFound('invoice')
  return invoice
}

/** Holds an invoice until the unit of work ends. */
export async function lockInvoice(db: Queryable, id: string): Promise<Row> {
  const row = await select(db).where('i.id', '=', id).forUpdate().executeTakeFirst()
  if (!row) throw notFound('invoice')
  return row
}

/** What is kept for an organization in a currency. */
export async function creditOf(db: Queryable, organizationId: string, currency: string): Promise<bigint> {
  const { rows } = await sql<{ sum: string }>`
    select coalesce(sum(amount), 0)::text as sum from credits
    where organization_id = ${organizationId} and currency = ${currency}`.execute(db)
  return BigInt(rows[0]!.sum)
}

/** The invoices of an organization that are overdue, oldest first: of what has ended those that nobody wrote off. */
export async function overdueOf(
  db: Queryable,
  one: Held,
): Promise<{ number: string; total: bigint; currency: string }[]> {
  const { rows } = await sql<{ series: string; number: number; total: string; currency: string }>`
    select series, number, total::text, currency from invoices
    where organization_id = ${one.organizationId}
      and (state = 'open' or state = 'uncollectible' and subscription_id = ${one.id})
      and due_at <= coalesce((select now from test_clocks where organization_id = ${one.organizationId}), now())
    order by due_at, series, number`.execute(db)
  return rows.map(({ series, number, total, currency }) => ({
    number: numberOf(series, number),
    total: BigInt(total),
    currency,
  }))
}

/**
 * What was invoiced for the present period of a subscription and is not void, and what of it was paid. One that took
 * another's place at the checkout may go on with its period: so it is asked of the organization.
 */
export async function billedFor(db: Queryable, one: Held): Promise<{ billed: bigint; paid: bigint }> {
  const { rows } = await sql<{ billed: string; paid: string }>`
    select coalesce(sum(l.amount), 0)::text as billed,
      coalesce(sum(l.amount) filter (where i.state = 'paid'), 0)::text as paid
    from invoices i join invoice_lines l on l.invoice_id = i.id
    where i.organization_id = ${one.organizationId} and i.state in ('open', 'paid')
      and l.kind <> 'credit' and l.period_end = ${one.periodEnd}`.execute(db)
  return { billed: BigInt(rows[0]!.billed), paid: BigInt(rows[0]!.paid) }
}

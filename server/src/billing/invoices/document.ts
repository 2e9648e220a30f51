/** What stands on an invoice, whatever it is shown as. */
import { formatMoney, type Invoice } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'

export interface InvoiceDocument {
  title: string
  /** Name and value, such as `Due` and a date. */
  facts: [name: string, value: string][]
  lines: { description: string; period: string; quantity: string; unit: string; amount: string }[]
  total: string
  /** What is left to do, or why nothing is. */
  standing: string
}

export async function documentOf(db: Queryable, invoice: Invoice): Promise<InvoiceDocument> {
  const { organization, timeZone } = await db
    .selectFrom('subscriptions as s')
    .innerJoin('organizations as o', 'o.id', 's.organizationId')
    .select(['o.name as organization', 's.timeZone'])
    .where('s.id', '=', invoice.subscriptionId)
    .executeTakeFirstOrThrow()
  const day = (at: string | null) => (at === null ? '–' : dayIn(timeZone, at))
  const money = (amount: string) => formatMoney(amount, invoice.currency)
  return {
    title: `Invoice ${invoice.number ?? '(draft)'}`,
    facts: [
      ['For', organization],
      // Its name may change, and be written in letters that the PDF's font does not have.
      ['Customer', invoice.organizationId],
      ['Issued', day(invoice.issuedAt)],
      ['Due', day(invoice.dueAt)],
      ...(invoice.paidAt ? ([['Paid', day(invoice.paidAt)]] satisfies [string, string][]) : []),
      ['Dates', `as of ${timeZone}`],
    ],
    lines: invoice.lines.map((line) => ({
      description: line.description,
      period: line.periodStart && line.periodEnd ? `${day(line.periodStart)} to ${day(line.periodEnd)}` : '',
      quantity: String(line.quantity),
      unit: money(line.unitAmount),
      amount: money(line.amount),
    })),
    total: money(invoice.total),
    standing: standings[invoice.state](day(invoice.dueAt)),
  }
}

const standings: Record<Invoice['state'], (due: string) => string> = {
  draft: () => 'This is a draft, and nothing is due yet.',
  open: (due) => `To be paid by ${due}.`,
  paid: () => 'It is paid.',
  void: () => 'It is void: nothing is owed for it.',
  uncollectible: () => 'It was not paid, and is no longer collected.',
}

/** The day it is in a time zone, as YYYY-MM-DD. */
const dayIn = (timeZone: string, at: string) =>
  new Intl.DateTimeFormat('en-CA', { timeZone }).format(new Date(at))

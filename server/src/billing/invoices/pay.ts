import { invoiceMachine, refusalOf, type Invoice, type InvoiceState } from '@berth/contracts'
import { sql } from 'kysely'
import { nowOf } from '../clock.ts'
import type { Tx } from '../../platform/mutate.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { named, type Held, type Terms } from '../subscriptions/model.ts'
import { wakeCollector } from '../providers/customers.ts'
import { dropIncomplete } from '../subscriptions/end.ts'
import { beginPeriod, catchUp, graceEnd } from '../subscriptions/steps.ts'
import { lockLive, saveSubscription, unpaidSince } from '../subscriptions/store.ts'
import { moveCredit } from './issue.ts'
import { isCalled, lockInvoice, numberOf, readInvoice } from './store.ts'

/**
 * Records that an invoice was paid in full; what waited for it goes on. `ref`: its id or its number. Throws `not_found`,
 * `invalid_state`.
 */
export async function payInvoice(tx: Tx, ref: string, reference: string, terms: Terms): Promise<Invoice> {
  return settle(tx, ref, 'pay', terms, async (row, at) => {
    await tx.db
      .updateTable('invoices')
      .set({ state: 'paid', paid: sql`total`, paidAt: at, reference })
      .where('id', '=', row.id)
      .execute()
    const { organizationId, total, currency } = row
    tx.emit(organizationId, 'invoice.paid', { ...calledOf(row), total, currency, reference }, at)
  })
}

/** Voids an unpaid invoice: nothing is owed for it, and credit that was set off comes back. */
export async function voidInvoice(tx: Tx, ref: string, reason: string, terms: Terms): Promise<Invoice> {
  return settle(tx, ref, 'void', terms, async (row, at) => {
    const { organizationId, currency, state } = row
    // A draft is what a change of plan waits for at the checkout: nobody pays that any more.
    if (state === 'draft') {
      await dropIncomplete(tx, organizationId, at, 'asked')
      return
    }
    await tx.db.updateTable('invoices').set({ state: 'void' }).where('id', '=', row.id).execute()
    const { rows } = await sql<{ amount: string }>`
      select (-coalesce(sum(amount), 0))::text as amount from credits where invoice_id = ${row.id}`.execute(
      tx.db,
    )
    const amount = BigInt(rows[0]!.amount)
    if (amount !== 0n) await moveCredit(tx, { organizationId, currency, amount, invoiceId: row.id, at })
    tx.emit(organizationId, 'invoice.voided', { ...calledOf(row), reason }, at)
  })
}

/** Gives up collecting an invoice. The subscription goes on as if it were unpaid. */
export async function writeOffInvoice(tx: Tx, ref: string, reason: string, terms: Terms): Promise<Invoice> {
  return settle(tx, ref, 'write-off', terms, async (row, at) => {
    await tx.db.updateTable('invoices').set({ state: 'uncollectible' }).where('id', '=', row.id).execute()
    tx.emit(row.organizationId, 'invoice.written_off', { ...calledOf(row), reason }, at)
  })
}

type Action = (typeof invoiceMachine.edges)[number]['action']
type Row = Awaited<ReturnType<typeof lockInvoice>>

/** Only what has a number is settled. */
const calledOf = ({ id, series, number }: Row) => ({ invoiceId: id, number: numberOf(series, number!) })

/** The subscription is held first, and everything that fell due before has happened: a payment is late or it is not. */
async function settle(
  tx: Tx,
  ref: string,
  action: Action,
  terms: Terms,
  write: (row: Row, at: Date) => Promise<void>,
): Promise<Invoice> {
  const known = await tx.db
    .selectFrom('invoices as i')
    .select(['i.id', 'i.organizationId'])
    .where(isCalled(ref))
    .executeTakeFirst()
  if (!known) throw notFound('invoice')
  const { id, organizationId } = known
  const at = await nowOf(tx, organizationId)
  const live = await lockLive(tx, organizationId)
  const one = live && (await catchUp(tx, live, at, terms))
  const row = await lockInvoice(tx.db, id)
  const refusal = refusalOf(invoiceMachine, row.state as InvoiceState, action)
  if (refusal) throw new Refusal('invalid_state', refusal)
  await write(row, at)
  await wakeCollector(tx, { organizationId, provider: row.provider })
  if (one?.id === row.subscriptionId) await heal(tx, one, at, terms)
  return readInvoice(tx.db, id)
}

/** A subscription whose overdue invoices are settled goes on by itself. */
async function heal(tx: Tx, one: Held, at: Date, terms: Terms): Promise<void> {
  const since = await unpaidSince(tx.db, one.id)
  const overdue = since !== null && since <= at
  if (overdue || (one.state !== 'past_due' && one.state !== 'suspended')) {
    const later = overdue && one.state === 'past_due' && since > one.pastDueSince!
    const moved = later
      ? { pastDueSince: since, graceEndsAt: graceEnd(one, since, terms), warnedDays: null }
      : {}
    await saveSubscription(tx, { ...one, ...moved })
    return
  }
  const previous = one.state
  const well: Held = {
    ...one,
    state: 'active',
    pastDueSince: null,
    graceEndsAt: null,
    warnedDays: null,
  }
  tx.emit(one.organizationId, 'subscription.resumed', { ...named(one), previous }, at)
  // Nothing was billed while it was suspended: a new period begins, unless the paid one still goes on.
  if (at >= one.periodEnd) await beginPeriod(tx, { ...well, anchor: at, period: 0 }, at)
  else await saveSubscription(tx, well)
}

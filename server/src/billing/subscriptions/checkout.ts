/** Changes of plan that wait for their first payment: begun, completed, given up. */
import { sql } from 'kysely'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { nowOf } from '../clock.ts'
import { draftInvoice, finalize, moveCredit } from '../invoices/issue.ts'
import { lockInvoice } from '../invoices/store.ts'
import { take, wishFor, type PlanWish } from './change.ts'
import { demandReal } from './collecting.ts'
import { checkoutCloses, checkoutEnd } from './due.ts'
import { dropIncomplete, markEnded } from './end.ts'
import { named, type Held, type Terms } from './model.ts'
import { sayOverLimit } from './over-limit.ts'
import { goesOnTrying, keepsPeriod, quote, standingAfter, type PlannedChange } from './quote.ts'
import { catchUp } from './steps.ts'
import { findIncomplete, insertSubscription, lockLive, saveSubscription } from './store.ts'

const purposeOf = (subscriptionId: string) => `checkout:${subscriptionId}`

/** A checkout of a payment provider is open for half an hour at least. */
const leastMs = 90 * 60_000

/**
 * Begins a change of plan that takes place once it is paid: beside the live subscription, which stays as it is, one that
 * is incomplete, with the draft of its invoice. Asked for the same again, it is the same one; anything else replaces it.
 */
export async function beginCheckout(
  tx: Tx,
  organizationId: string,
  wish: PlanWish,
  terms: Terms,
): Promise<{ invoiceId: string }> {
  if (terms.provider === 'manual')
    throw new Refusal('invalid_state', 'No payment provider is set up here: plans change without a checkout.')
  await demandReal(tx.db, organizationId, 'change its plan.')
  const { one, now } = await take(tx, organizationId, terms)
  const planned = quote(one, await wishFor(tx.db, one, wish), now)
  const standing = planned.now
  if (!standing)
    throw new Refusal(
      'invalid_state',
      `${planned.plan.name} costs less than ${one.plan.name}: it begins at the end of the period, without a checkout.`,
    )
  if (goesOnTrying(one, planned.plan))
    throw new Refusal(
      'invalid_state',
      `Nothing is to be paid before the trial of ${planned.plan.name} ends: change the seats without a checkout.`,
    )
  if (planned.plan.price === 0n)
    throw new Refusal('invalid_state', `${planned.plan.name} costs nothing: choose it without a checkout.`)
  await demandSettled(tx, one)
  const before = await waitingOf(tx, organizationId)
  if (before && isSame(before, planned)) return { invoiceId: before.invoiceId }
  await dropIncomplete(tx, organizationId, now, 'replaced')
  const { plan, seats } = planned
  const { id: _, version: __, dueAt: ___, ...rest } = one
  const clean = { scheduled: null, cancelAtPeriodEnd: false, warnedDays: null, endedAt: null, startedAt: now }
  const provider = { provider: terms.provider, providerRef: null }
  const fresh = { ...rest, ...clean, ...standing, ...provider, plan, seats, state: 'incomplete' as const }
  const end = checkoutEnd(fresh)
  if (end.getTime() - now.getTime() < leastMs)
    throw new Refusal('invalid_state', `The period ends at ${end.toISOString()}. Change the plan after that.`)
  const waiting = await insertSubscription(tx, fresh)
  const draft = { purpose: purposeOf(waiting.id), lines: planned.lines, at: now }
  const { id: invoiceId, total } = await draftInvoice(tx, waiting, draft)
  const said = {
    total: total.toString(),
    currency: plan.currency,
    expiresAt: checkoutCloses(fresh).toISOString(),
  }
  tx.emit(organizationId, 'subscription.checkout_began', { ...named(waiting), ...said }, now)
  return { invoiceId }
}

/** What is owed for the subscription that is to be replaced would be left behind. */
async function demandSettled(tx: Tx, { id }: Held): Promise<void> {
  const open = await tx.db
    .selectFrom('invoices')
    .select('number')
    .where('subscriptionId', '=', id)
    .where('state', '=', 'open')
    .orderBy('number')
    .executeTakeFirst()
  if (open)
    throw new Refusal('invalid_state', 'An invoice is open. Pay it first; then the plan can be changed.')
}

/** What waits, with the draft of its invoice. */
async function waitingOf(tx: Tx, organizationId: string) {
  const one = await findIncomplete(tx.db, organizationId, { lock: true })
  if (!one) return null
  const { rows } = await sql<{ id: string; total: string }>`
    select id, total::text from invoices where subscription_id = ${one.id} and state = 'draft'`.execute(tx.db)
  return { one, invoiceId: rows[0]!.id, total: rows[0]!.total }
}

function isSame(
  { one, total }: { one: Held; total: string },
  { plan, seats, now, total: due }: PlannedChange,
): boolean {
  const sameTrial = (one.trialEndsAt !== null) === (now?.state === 'trialing')
  const least = due < 0n ? 0n : due
  return one.plan.id === plan.id && one.seats === seats && sameTrial && total === least.toString()
}

/** Gives up what waits for its first payment. Throws `invalid_state` where nothing does. */
export async function abandonCheckout(tx: Tx, organizationId: string, terms: Terms): Promise<void> {
  const { now } = await take(tx, organizationId, terms)
  if (!(await dropIncomplete(tx, organizationId, now, 'asked')))
    throw new Refusal('invalid_state', 'No change of plan waits for its first payment.')
}

/**
 * Records that a checkout was paid, or a card left there: the change that waited for it takes place, with just the invoice
 * that was quoted. Where it had been given up meanwhile, what was paid is kept as credit. Safe to repeat.
 */
export async function completeCheckout(
  tx: Tx,
  invoiceId: string,
  reference: string,
  terms: Terms,
): Promise<'done' | 'late'> {
  const { organizationId } = await lockless(tx, invoiceId)
  const live = await lockLive(tx, organizationId)
  const at = await nowOf(tx, organizationId)
  const one = live && (await catchUp(tx, live, at, terms))
  const row = await lockInvoice(tx.db, invoiceId)
  if (row.state === 'paid') return 'done'
  const waiting = row.state === 'draft' ? await findIncomplete(tx.db, organizationId, { lock: true }) : null
  if (!one || !waiting) {
    const given = {
      organizationId,
      invoiceId,
      at,
      reference,
      currency: row.currency,
      total: BigInt(row.total),
    }
    if (row.reference === null) await keepLate(tx, given)
    return 'late'
  }
  const { plan } = waiting
  const trial = waiting.trialEndsAt !== null
  const standing = standingAfter(one, { plan, trial }, at)
  const { periodStart, periodEnd } = standing
  if (!keepsPeriod(one, plan))
    await tx.db
      .updateTable('invoiceLines')
      .set({ periodStart, periodEnd })
      .where('invoiceId', '=', invoiceId)
      .where('kind', '=', 'plan')
      .execute()
  if (await hasLines(tx, invoiceId)) await finalize(tx, { id: invoiceId, at, dueAt: at, paidBy: reference })
  else
    await tx.db
      .updateTable('invoices')
      .set({ state: 'void', reference })
      .where('id', '=', invoiceId)
      .execute()
  if (trial)
    await tx.db.insertInto('trials').values({ organizationId, plan: plan.plan, startedAt: at }).execute()
  await markEnded(tx, one, at, 'replaced')
  const begun = await saveSubscription(tx, { ...waiting, ...standing, startedAt: at })
  tx.emit(organizationId, 'subscription.started', named(begun), at)
  await sayOverLimit(tx, begun, at)
  return 'done'
}

const lockless = (tx: Tx, invoiceId: string) =>
  tx.db.selectFrom('invoices').select('organizationId').where('id', '=', invoiceId).executeTakeFirstOrThrow()

async function hasLines(tx: Tx, invoiceId: string): Promise<boolean> {
  const line = await tx.db
    .selectFrom('invoiceLines')
    .select('place')
    .where('invoiceId', '=', invoiceId)
    .limit(1)
    .executeTakeFirst()
  return line !== undefined
}

interface Late {
  organizationId: string
  invoiceId: string
  at: Date
  reference: string
  currency: string
  total: bigint
}

/** Money that came for what nobody waits for any more is the organization's. */
async function keepLate(tx: Tx, { organizationId, invoiceId, at, reference, currency, total }: Late) {
  await tx.db.updateTable('invoices').set({ state: 'void', reference }).where('id', '=', invoiceId).execute()
  if (total === 0n) return
  const reason = 'paid for a change of plan that had been given up'
  await moveCredit(tx, { organizationId, currency, amount: total, invoiceId, at, reason })
  const said = { invoiceId, total: total.toString(), currency, reference }
  tx.emit(organizationId, 'invoice.paid_late', said, at)
}

/** Subscriptions and quotes as the API shows them. */
import { sql } from 'kysely'
import type { Quote, Subscription } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import { afterCursor, cutPage } from '../../platform/page.ts'
import { creditOf, toLine } from '../invoices/store.ts'
import { toPlanVersion } from '../plans/store.ts'
import { needsCheckout } from './collecting.ts'
import { aheadOf, checkoutCloses } from './due.ts'
import type { Held, Terms } from './model.ts'
import { limitIn, overLimitsOf } from './over-limit.ts'
import { isUnpaid, type PlannedChange } from './quote.ts'
import { findIncomplete, unpaidSince, withPlans } from './store.ts'

const iso = (at: Date | null): string | null => at?.toISOString() ?? null

export async function toSubscription(db: Queryable, one: Held): Promise<Subscription> {
  const live = one.endedAt === null
  const ahead = live ? aheadOf(one, await unpaidSince(db, one.id)) : []
  const credit = await creditOf(db, one.organizationId, one.plan.currency)
  return {
    id: one.id,
    organizationId: one.organizationId,
    state: one.state,
    plan: toPlanVersion(one.plan),
    seats: one.seats,
    provider: one.provider,
    incomplete: live ? await waitingView(db, one.organizationId) : null,
    timeZone: one.timeZone,
    anchor: one.anchor.toISOString(),
    period: { number: one.period, start: one.periodStart.toISOString(), end: one.periodEnd.toISOString() },
    trialEndsAt: iso(one.trialEndsAt),
    pastDueSince: iso(one.pastDueSince),
    graceEndsAt: iso(one.graceEndsAt),
    cancelAtPeriodEnd: one.cancelAtPeriodEnd,
    scheduled: one.scheduled && {
      plan: toPlanVersion(one.scheduled.plan),
      seats: one.scheduled.seats,
      at: one.periodEnd.toISOString(),
    },
    ahead: ahead.map(({ at, what }) => ({ at: at.toISOString(), what })),
    credit: credit.toString(),
    currency: one.plan.currency,
    overLimits: live ? await overLimitsOf(db, one.organizationId, one) : [],
    overLimitUntil: iso(one.overLimitUntil),
    version: one.version,
    startedAt: one.startedAt.toISOString(),
    endedAt: iso(one.endedAt),
  }
}

/** The change of plan that waits for its first payment beside a live subscription. */
async function waitingView(db: Queryable, organizationId: string): Promise<Subscription['incomplete']> {
  const one = await findIncomplete(db, organizationId)
  if (!one) return null
  const draft = await db
    .selectFrom('invoices')
    .select(['payUrl', sql<string>`total::text`.as('total')])
    .where('subscriptionId', '=', one.id)
    .where('state', '=', 'draft')
    .executeTakeFirst()
  return {
    id: one.id,
    plan: toPlanVersion(one.plan),
    seats: one.seats,
    trial: one.trialEndsAt !== null,
    total: draft?.total ?? '0',
    url: draft?.payUrl ?? null,
    expiresAt: checkoutCloses(one).toISOString(),
  }
}

export async function toQuote(
  db: Queryable,
  one: Held,
  planned: PlannedChange,
  terms: Terms,
): Promise<Quote> {
  const overLimits = await overLimitsOf(db, one.organizationId, planned)
  return {
    at: planned.at.toISOString(),
    expectedVersion: one.version,
    kind: planned.now ? 'now' : 'period-end',
    effectiveAt: planned.effectiveAt.toISOString(),
    lines: planned.lines.map(toLine),
    total: planned.total.toString(),
    currency: planned.plan.currency,
    trialEndsAt: iso(planned.now?.trialEndsAt ?? null),
    next: planned.next && { at: planned.next.at.toISOString(), total: planned.next.total.toString() },
    overLimits,
    checkout: !planned.seatsAlone && (await needsCheckout(db, planned, one.organizationId, terms)),
    notes: notesOf(one, planned),
  }
}

/** What is good to know before, as sentences. */
function notesOf(one: Held, planned: PlannedChange): string[] {
  const { now, total, plan, seats, effectiveAt, seatsAlone } = planned
  const { scheduled, cancelAtPeriodEnd } = one
  const moved = scheduled && scheduled.plan.id !== (seatsAlone ? one.plan.id : plan.id)
  const stays = seatsAlone && now
  const seatLimit = limitIn({ plan, seats }, 'seats')
  return [
    ...(now ? [] : [`Until ${effectiveAt.toISOString()} everything stays as it is.`]),
    ...(isUnpaid(one) ? ['What is overdue stays owed.'] : []),
    ...(total < 0n ? ['What is given back is kept as credit for the next invoices.'] : []),
    ...(moved
      ? [`The change to ${scheduled.plan.name} that is scheduled ${seatsAlone ? 'stays' : 'is replaced'}.`]
      : []),
    ...(cancelAtPeriodEnd ? [stays ? 'The cancellation stays.' : 'The cancellation is taken back.'] : []),
    ...(seatLimit === null ? [] : [`${plan.name} has ${seatLimit} seat${seatLimit === 1 ? '' : 's'}.`]),
  ]
}

/** Every subscription an organization ever had, newest first. */
export async function pageOfSubscriptions(
  db: Queryable,
  organizationId: string,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
) {
  const after = Number(afterCursor(cursor) ?? 0) || 0
  // Few an organization, and of one instant where a trial took another's place: counted, not compared.
  const rows = await db
    .selectFrom('subscriptions')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .orderBy(sql`ended_at is null`, 'desc')
    .orderBy('endedAt', 'desc')
    .orderBy('startedAt', 'desc')
    .orderBy('id', 'desc')
    .offset(after)
    .limit(limit + 1)
    .execute()
  const held = await withPlans(db, rows)
  const page = cutPage(
    held,
    limit,
    () => String(after + limit),
    (one) => one,
  )
  const items: Subscription[] = []
  for (const one of page.items) items.push(await toSubscription(db, one))
  return { ...page, items }
}

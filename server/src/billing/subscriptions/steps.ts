/** What the clock does to subscriptions: one step at a time, in order, each at the time it fell due. */
import type { Tx } from '../../platform/mutate.ts'
import { issueInvoice } from '../invoices/issue.ts'
import { creditOf } from '../invoices/store.ts'
import { landingPlan, newestPlan, type Plan } from '../plans/store.ts'
import { periodOf } from '../time/periods.ts'
import { providerFor } from './collecting.ts'
import { nextDue, type Due } from './due.ts'
import { dropIncomplete, markEnded } from './end.ts'
import { anchorOf, daysAfter, named, priceOf, type Held, type Terms } from './model.ts'
import { sayOverLimit } from './over-limit.ts'
import { keepsPeriod, periodLine, setOff } from './quote.ts'
import { insertSubscription, saveSubscription, unpaidSince } from './store.ts'

/** Takes every step that fell due until `now`; what is live afterwards, null where the organization is closed. */
export async function catchUp(tx: Tx, one: Held, now: Date, terms: Terms): Promise<Held | null> {
  let held: Held | null = one
  while (held) {
    const due = nextDue(held, await unpaidSince(tx.db, held.id))
    if (!due || due.at > now) return held
    held = await takeStep(tx, held, due, terms)
  }
  return null
}

/** Takes the one step that is next. */
export async function takeStep(tx: Tx, one: Held, due: Due, terms: Terms): Promise<Held | null> {
  const { organizationId, plan } = one
  const { at } = due
  // What waits for its first payment was quoted for how things were; a free plan's next period changes nothing of it.
  if (due.what !== 'warn' && due.what !== 'expire' && plan.price > 0n)
    await dropIncomplete(tx, organizationId, at, 'replaced')
  switch (due.what) {
    case 'warn': {
      const endsAt = one.state === 'trialing' ? one.trialEndsAt! : one.graceEndsAt!
      const shown = { ...named(one), days: due.days }
      if (one.state === 'trialing')
        tx.emit(organizationId, 'subscription.trial_ending', { ...shown, endsAt: endsAt.toISOString() }, at)
      else
        tx.emit(
          organizationId,
          'subscription.grace_warning',
          { ...shown, graceEndsAt: endsAt.toISOString() },
          at,
        )
      const kind = one.state === 'trialing' ? 'trial-ending' : 'grace-warning'
      await terms.tell(tx, one, { kind, endsAt, days: due.days })
      return saveSubscription(tx, { ...one, warnedDays: due.days })
    }
    case 'overdue': {
      const graceEndsAt = graceEnd(one, at, terms)
      const late = { ...one, state: 'past_due' as const, pastDueSince: at, graceEndsAt, warnedDays: null }
      const payload = { ...named(one), graceEndsAt: graceEndsAt.toISOString() }
      tx.emit(organizationId, 'subscription.past_due', payload, at)
      await terms.tell(tx, late, { kind: 'past-due', endsAt: graceEndsAt })
      return saveSubscription(tx, late)
    }
    case 'lapse': {
      if (plan.fallback !== null) {
        await terms.tell(tx, one, { kind: 'fell-back' })
        return endSubscription(tx, one, at, 'unpaid')
      }
      tx.emit(organizationId, 'subscription.suspended', named(one), at)
      await terms.tell(tx, one, { kind: 'suspended' })
      return saveSubscription(tx, { ...one, state: 'suspended', warnedDays: null })
    }
    case 'expire':
      await dropIncomplete(tx, organizationId, at, 'expired')
      return null
    case 'trial-end':
    case 'period-end':
  }
  return endPeriod(tx, one, at, terms)
}

export const graceEnd = (one: Held, overdueSince: Date, terms: Terms): Date =>
  daysAfter(overdueSince, one.plan.graceDays ?? terms.graceDays, one.timeZone)

async function endPeriod(tx: Tx, one: Held, at: Date, terms: Terms): Promise<Held | null> {
  const { organizationId, scheduled, state } = one
  if (one.cancelAtPeriodEnd) return endSubscription(tx, one, at, 'asked')
  if (await isClosed(tx, organizationId)) return endSubscription(tx, one, at, 'closed')
  const plan = scheduled?.plan ?? one.plan
  const seats = scheduled ? scheduled.seats : one.seats
  const keeps = keepsPeriod(one, plan)
  const counted = { anchor: keeps ? one.anchor : at, period: keeps ? one.period + 1 : 0 }
  const trialOver = { state: 'active' as const, trialEndsAt: null, warnedDays: null }
  const chosen = one.plan.price === 0n
  const provider = scheduled
    ? await providerFor(tx.db, one, plan, terms, { operator: !chosen })
    : one.provider
  const over = state === 'trialing' ? trialOver : {}
  const next = await beginPeriod(
    tx,
    { ...one, ...counted, plan, seats, provider, scheduled: null, ...over },
    at,
  )
  if (state === 'trialing') tx.emit(organizationId, 'subscription.trial_ended', named(one), at)
  if (scheduled) sayChanged(tx, one, next, at)
  const period = { start: next.periodStart.toISOString(), end: next.periodEnd.toISOString() }
  tx.emit(organizationId, 'subscription.renewed', { ...named(next), ...period }, at)
  if (scheduled) await sayOverLimit(tx, next, at)
  return next
}

/** Begins the period that a subscription's anchor and number say, with its invoice. */
export async function beginPeriod(tx: Tx, one: Held, at: Date): Promise<Held> {
  const { start, end } = periodOf(anchorOf(one, one.plan), one.period)
  const next = { ...one, periodStart: start, periodEnd: end }
  const { plan, seats } = next
  if (plan.price > 0n) {
    const credit = await creditOf(tx.db, next.organizationId, plan.currency)
    const lines = [periodLine(plan, seats, next), ...setOff(priceOf(plan, seats), credit)]
    await issueInvoice(tx, next, { purpose: `period:${start.toISOString()}`, lines, at })
  }
  return saveSubscription(tx, next)
}

/** Says in the log how a subscription differs from what it was. */
export function sayChanged(tx: Tx, before: Held, after: Held, at: Date): void {
  const pairs: [string, unknown, unknown][] = [
    ['plan', before.plan.plan, after.plan.plan],
    ['planVersion', before.plan.version, after.plan.version],
    ['seats', before.seats, after.seats],
  ]
  const changes = pairs
    .filter(([, previous, current]) => previous !== current)
    .map(([field, previous, current]) => ({ field, previous, current }))
  tx.emit(after.organizationId, 'subscription.changed', { ...named(after), changes }, at)
}

/**
 * Ends a subscription. The organization lands on the plan it falls back to, unless another subscription takes its place
 * or the organization is closed.
 */
export async function endSubscription(
  tx: Tx,
  one: Held,
  at: Date,
  reason: 'asked' | 'unpaid' | 'closed',
): Promise<Held | null> {
  await dropIncomplete(tx, one.organizationId, at, reason === 'closed' ? 'closed' : 'replaced')
  await markEnded(tx, one, at, reason)
  if (reason === 'closed' || (await isClosed(tx, one.organizationId))) return null
  const landed = await beginOn(tx, one, await newestPlan(tx.db, one.plan.fallback ?? landingPlan), at)
  tx.emit(one.organizationId, 'subscription.fell_back', { ...named(landed), previous: one.id }, at)
  await sayOverLimit(tx, landed, at)
  return landed
}

/** A new subscription in the place of one that has ended: on a free plan, from its first period. */
async function beginOn(tx: Tx, before: Held, plan: Plan, at: Date): Promise<Held> {
  const { timeZone } = await tx.db
    .selectFrom('organizations')
    .select('timeZone')
    .where('id', '=', before.organizationId)
    .executeTakeFirstOrThrow()
  const { start, end } = periodOf({ anchor: at, timeZone, interval: plan.interval }, 0)
  const begun = await insertSubscription(tx, {
    organizationId: before.organizationId,
    state: 'active',
    plan,
    seats: null,
    provider: 'manual',
    providerRef: null,
    timeZone,
    anchor: at,
    period: 0,
    periodStart: start,
    periodEnd: end,
    trialEndsAt: null,
    pastDueSince: null,
    graceEndsAt: null,
    warnedDays: null,
    cancelAtPeriodEnd: false,
    scheduled: null,
    overLimitUntil: before.overLimitUntil,
    startedAt: at,
    endedAt: null,
  })
  tx.emit(begun.organizationId, 'subscription.started', named(begun), at)
  return begun
}

async function isClosed(tx: Tx, organizationId: string): Promise<boolean> {
  const row = await tx.db
    .selectFrom('organizations')
    .select('state')
    .where('id', '=', organizationId)
    .executeTakeFirstOrThrow()
  return row.state === 'closed'
}

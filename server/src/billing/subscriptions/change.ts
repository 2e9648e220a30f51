/** What an organization does with its subscription. */
import type { Tx } from '../../platform/mutate.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { nowOf } from '../clock.ts'
import { issueInvoice } from '../invoices/issue.ts'
import { billedFor, creditOf, overdueOf } from '../invoices/store.ts'
import { landingPlan, newestPlans, type Plan } from '../plans/store.ts'
import { countTaken } from '../quotas/room.ts'
import { demandNoCheckout, providerFor } from './collecting.ts'
import { named, priceOf, type Held, type Terms } from './model.ts'
import { sayOverLimit } from './over-limit.ts'
import { goesOnTrying, isUnpaid, quote, type PlannedChange, type Wish } from './quote.ts'
import { dropIncomplete, markEnded } from './end.ts'
import { catchUp, endSubscription, sayChanged } from './steps.ts'
import { hadTrial, insertSubscription, lockSubscription, refuseStale, saveSubscription } from './store.ts'

const quoteGoodMs = 15 * 60_000

/** Holds the subscription, with everything done that fell due until now. Throws `not_found`, `version_conflict`. */
export async function take(
  tx: Tx,
  organizationId: string,
  terms: Terms,
  expectedVersion?: number,
): Promise<{ one: Held; now: Date }> {
  const locked = await lockSubscription(tx, organizationId)
  const now = await nowOf(tx, organizationId)
  const one = await catchUp(tx, locked, now, terms)
  if (!one) throw notFound('subscription')
  refuseStale(one, expectedVersion)
  return { one, now }
}

export interface PlanWish {
  plan: string
  seats: number | null
  trial?: boolean
}

/** The newest version of a plan that organizations may choose; operators may choose any. */
async function chosen(db: Queryable, slug: string, anyPlan: boolean): Promise<Plan> {
  const all = (await newestPlans(db)).filter((plan) => plan.public || anyPlan)
  const plan = all.find((one) => one.plan === slug)
  if (plan) return plan
  const names = all.map((one) => one.plan).join(', ')
  throw new Refusal('not_found', `There is no plan "${slug}" to choose; there are ${names}.`)
}

/** The wish with all that its quote depends on. */
export async function wishFor(
  db: Queryable,
  one: Held,
  { plan: slug, seats: asked, trial = false }: PlanWish,
  { operator = false } = {},
): Promise<Wish> {
  const plan = await chosen(db, slug, operator)
  const seats = await seatsFor(db, one, plan, asked)
  return { ...(await around(db, one, plan)), plan, seats, trial, atOnce: operator }
}

async function around(db: Queryable, one: Held, plan: Plan) {
  const { organizationId } = one
  return {
    ...(await billedFor(db, one)),
    credit: await creditOf(db, organizationId, plan.currency),
    trialUsed: await hadTrial(db, organizationId, plan.plan),
    overdue: await overdueOf(db, one),
  }
}

async function seatsFor(db: Queryable, one: Held, plan: Plan, asked: number | null): Promise<number | null> {
  if (plan.per !== 'seat') {
    if (asked === null) return null
    throw new Refusal('invalid_input', `${plan.name} is not priced by seat: leave the seats out.`, {
      errors: [{ path: 'seats', message: 'must be left out' }],
    })
  }
  const used = await countTaken(db, one.organizationId, 'seats')
  if (asked === null) return plan.plan === one.plan.plan && one.seats ? one.seats : Math.max(1, used)
  if (asked < used)
    throw new Refusal(
      'invalid_state',
      `${used} seats are in use, by members and open invitations. Keep at least ${used}, or remove some first.`,
    )
  return asked
}

/** What a change of plan would cost and bring now; without a plan: what other seats of the present one would. */
export async function preview(
  db: Queryable,
  one: Held,
  { plan, seats, trial }: Partial<PlanWish>,
  at: Date,
): Promise<PlannedChange> {
  if (plan !== undefined) return quote(one, await wishFor(db, one, { plan, seats: seats ?? null, trial }), at)
  if (seats != null && !trial) return quoteSeats(db, one, seats, at)
  throw new Refusal('invalid_input', 'plan: name one, or else the seats alone, without a trial.', {
    errors: [{ path: 'plan', message: 'is needed, unless the seats alone are changed' }],
  })
}

/** What other seats cost and bring, of the plan in the version that the organization has; what is scheduled stays. */
async function quoteSeats(db: Queryable, one: Held, seats: number, at: Date): Promise<PlannedChange> {
  const { plan, scheduled, cancelAtPeriodEnd } = one
  await seatsFor(db, one, plan, seats)
  const wish = { ...(await around(db, one, plan)), plan, seats, trial: false }
  const planned = { ...quote(one, wish, at), seatsAlone: true }
  if (!planned.now && scheduled && scheduled.plan.per !== 'seat')
    throw new Refusal(
      'invalid_state',
      `At the end of the period it changes to ${scheduled.plan.name}, which is not priced by seat.`,
    )
  if (planned.now && cancelAtPeriodEnd) return { ...planned, next: null }
  if (!scheduled) return planned
  const then = planned.now ? scheduled : { plan: scheduled.plan, seats }
  const total = priceOf(then.plan, then.seats)
  const next = total > 0n ? { at: one.periodEnd, total } : null
  return planned.now ? { ...planned, next } : { ...planned, ...then, next }
}

/** The instant that a quote was for, if it still holds. */
function quotedFor(one: Held, now: Date, quotedAt: string | undefined, expectedVersion?: number): Date {
  if (quotedAt === undefined) return now
  if (expectedVersion === undefined)
    throw new Refusal('invalid_input', 'expectedVersion: send along the one of the preview.', {
      errors: [{ path: 'expectedVersion', message: 'is needed with quotedAt' }],
    })
  const at = new Date(quotedAt)
  if (at > now || now.getTime() - at.getTime() > quoteGoodMs || at < one.periodStart)
    throw new Refusal('invalid_state', 'This preview is too old to be kept to. Ask for a new one.')
  return at
}

interface Asked {
  quotedAt?: string | undefined
  expectedVersion?: number | undefined
}

/** Changes the plan: an upgrade now, a downgrade at the end of the period. */
export async function changePlan(
  tx: Tx,
  organizationId: string,
  { quotedAt, expectedVersion, ...wish }: PlanWish & Asked,
  terms: Terms,
): Promise<void> {
  const { one, now } = await take(tx, organizationId, terms, expectedVersion)
  const at = quotedFor(one, now, quotedAt, expectedVersion)
  const planned = quote(one, await wishFor(tx.db, one, wish), at)
  await demandNoCheckout(tx.db, planned, organizationId, terms)
  await apply(tx, one, planned, { provider: await providerFor(tx.db, one, planned.plan, terms) })
}

/** Puts an organization on a plan at once, as operators may. */
export async function assignPlan(
  tx: Tx,
  organizationId: string,
  { charge, ...wish }: PlanWish & { charge: boolean },
  terms: Terms,
): Promise<void> {
  const { one, now } = await take(tx, organizationId, terms)
  const planned = quote(one, await wishFor(tx.db, one, wish, { operator: true }), now)
  const provider = await providerFor(tx.db, one, planned.plan, terms, { operator: true })
  await apply(tx, one, charge ? planned : { ...planned, lines: [] }, { provider })
}

/** Does what a quote says. */
async function apply(
  tx: Tx,
  one: Held,
  planned: PlannedChange,
  { provider }: { provider: string },
): Promise<Held> {
  const { plan, seats, now, at, lines, seatsAlone = false } = planned
  if (!now) return put(tx, one, { plan, seats }, at)
  const { organizationId } = one
  await dropIncomplete(tx, organizationId, at, 'replaced')
  await issueInvoice(tx, { ...one, plan, provider }, { purpose: `change:${one.version}`, lines, at })
  const triesFirst = now.state === 'trialing' && !goesOnTrying(one, plan)
  if (triesFirst)
    await tx.db.insertInto('trials').values({ organizationId, plan: plan.plan, startedAt: at }).execute()
  // What is overdue stays with the subscription that it is of.
  if (triesFirst || isUnpaid(one)) {
    await markEnded(tx, one, at, 'replaced')
    const { id: _, version: __, dueAt: ___, ...rest } = one
    const clean = {
      scheduled: null,
      cancelAtPeriodEnd: false,
      warnedDays: null,
      pastDueSince: null,
      graceEndsAt: null,
      endedAt: null,
      startedAt: at,
    }
    const begun = await insertSubscription(tx, { ...rest, ...clean, ...now, plan, seats, provider })
    tx.emit(organizationId, 'subscription.started', named(begun), at)
    await sayOverLimit(tx, begun, at)
    return begun
  }
  const ahead = seatsAlone ? {} : { scheduled: null, cancelAtPeriodEnd: false }
  const changed = await saveSubscription(tx, {
    ...one,
    ...now,
    ...ahead,
    plan,
    seats,
    provider,
    warnedDays: null,
  })
  sayChanged(tx, one, changed, at)
  await sayOverLimit(tx, changed, at)
  return changed
}

/** Puts a change off to the end of the period, in the place of what was put off before. */
async function put(tx: Tx, one: Held, scheduled: NonNullable<Held['scheduled']>, at: Date): Promise<Held> {
  if (one.state === 'suspended' || one.state === 'incomplete')
    throw new Refusal(
      'invalid_state',
      `It is ${one.state}: there is no period whose end could be waited for.`,
    )
  const { organizationId, periodEnd } = one
  await dropIncomplete(tx, organizationId, at, 'replaced')
  if (one.cancelAtPeriodEnd) tx.emit(organizationId, 'subscription.cancel_withdrawn', named(one), at)
  const { plan, seats } = scheduled
  const said = { toPlan: plan.plan, toVersion: plan.version, seats, at: periodEnd.toISOString() }
  tx.emit(organizationId, 'subscription.scheduled', { ...named(one), ...said }, at)
  return saveSubscription(tx, { ...one, scheduled, cancelAtPeriodEnd: false })
}

export async function schedulePlan(
  tx: Tx,
  organizationId: string,
  wish: PlanWish & Asked,
  terms: Terms,
): Promise<void> {
  const { one, now } = await take(tx, organizationId, terms, wish.expectedVersion)
  const { plan, seats } = await wishFor(tx.db, one, wish)
  if (plan.id === one.plan.id && seats === one.seats)
    throw new Refusal('invalid_state', `The organization is on ${plan.name} already.`)
  await put(tx, one, { plan, seats }, now)
}

export async function unschedule(tx: Tx, organizationId: string, terms: Terms): Promise<void> {
  const { one, now } = await take(tx, organizationId, terms)
  if (!one.scheduled) throw new Refusal('invalid_state', 'No change is scheduled.')
  tx.emit(organizationId, 'subscription.unscheduled', named(one), now)
  await saveSubscription(tx, { ...one, scheduled: null })
}

/** More seats now, fewer at the end of the period. A plan that is scheduled stays so. */
export async function setSeats(
  tx: Tx,
  organizationId: string,
  { seats, quotedAt, expectedVersion }: Asked & { seats: number },
  terms: Terms,
): Promise<void> {
  const { one, now } = await take(tx, organizationId, terms, expectedVersion)
  const planned = await quoteSeats(tx.db, one, seats, quotedFor(one, now, quotedAt, expectedVersion))
  await apply(tx, one, planned, { provider: one.provider })
}

/** Cancels now, or at the end of the period; the organization lands on the fallback plan. */
export async function cancelSubscription(
  tx: Tx,
  organizationId: string,
  { at, expectedVersion }: { at: 'now' | 'period-end'; expectedVersion?: number | undefined },
  terms: Terms,
): Promise<void> {
  const { one, now } = await take(tx, organizationId, terms, expectedVersion)
  if (one.plan.price === 0n && one.plan.plan === (one.plan.fallback ?? landingPlan))
    throw new Refusal('invalid_state', `${one.plan.name} is where organizations land: it cannot be canceled.`)
  if (at === 'now') return void (await endSubscription(tx, one, now, 'asked'))
  if (one.state === 'suspended' || one.state === 'incomplete')
    throw new Refusal('invalid_state', `It is ${one.state}: cancel it now, there is no period to wait for.`)
  if (one.cancelAtPeriodEnd)
    throw new Refusal('invalid_state', `It is canceled for ${one.periodEnd.toISOString()} already.`)
  await dropIncomplete(tx, organizationId, now, 'replaced')
  if (one.scheduled) tx.emit(organizationId, 'subscription.unscheduled', named(one), now)
  const said = { ...named(one), at: one.periodEnd.toISOString() }
  tx.emit(organizationId, 'subscription.cancel_scheduled', said, now)
  await saveSubscription(tx, { ...one, cancelAtPeriodEnd: true, scheduled: null })
}

/** Takes back a cancellation at the end of the period. */
export async function withdrawCancellation(tx: Tx, organizationId: string, terms: Terms): Promise<void> {
  const { one, now } = await take(tx, organizationId, terms)
  if (!one.cancelAtPeriodEnd) throw new Refusal('invalid_state', 'It is not canceled.')
  tx.emit(organizationId, 'subscription.cancel_withdrawn', named(one), now)
  await saveSubscription(tx, { ...one, cancelAtPeriodEnd: false })
}

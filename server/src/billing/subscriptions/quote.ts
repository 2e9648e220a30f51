/** What a change would cost and bring. Pure: the same subscription, wish and instant give the same quote. */
import { formatMoney } from '@berth/contracts'
import { Refusal } from '../../platform/problem.ts'
import { chargeFor, creditFor, least, shareLeft, sum } from '../money.ts'
import type { Plan } from '../plans/store.ts'
import { periodOf } from '../time/periods.ts'
import { daysAfter, priceOf, type Held } from './model.ts'

export interface Line {
  kind: 'plan' | 'proration' | 'unused' | 'credit'
  description: string
  quantity: bigint
  unitAmount: bigint
  amount: bigint
  periodStart: Date | null
  periodEnd: Date | null
}

/** What is wished for, with all that the quote depends on. */
export interface Wish {
  plan: Plan
  seats: number | null
  trial: boolean
  /** Whether the organization had the trial of this plan before. */
  trialUsed: boolean
  /** What was invoiced for the present period and is not void, and what of it was paid. */
  billed: bigint
  paid: bigint
  /** What is kept for the organization in the currency of the plan. */
  credit: bigint
  /** Operators change plans at once, also downwards. */
  atOnce?: boolean
  /** Invoices that are overdue, oldest first, also of subscriptions that have ended. */
  overdue?: { number: string; total: bigint; currency: string }[]
}

/** Where a subscription stands from the change on. */
export interface Standing {
  state: 'trialing' | 'active'
  anchor: Date
  period: number
  periodStart: Date
  periodEnd: Date
  trialEndsAt: Date | null
}

export interface PlannedChange {
  at: Date
  effectiveAt: Date
  plan: Plan
  seats: number | null
  lines: Line[]
  /** The sum of the lines. */
  total: bigint
  /** Null: it takes place at the end of the period. */
  now: Standing | null
  next: { at: Date; total: bigint } | null
  /** The seats alone change: what is scheduled stays. */
  seatsAlone?: boolean
}

/** Throws `invalid_state` where there is nothing to change, or it is not possible. */
export function quote(one: Held, wish: Wish, at: Date): PlannedChange {
  refuse(one, wish)
  const { plan, seats } = wish
  const price = priceOf(plan, seats)
  if (!takesPlaceNow(one, wish)) {
    const next = price > 0n ? { at: one.periodEnd, total: price } : null
    return { at, effectiveAt: one.periodEnd, plan, seats, lines: [], total: 0n, now: null, next }
  }
  const now = standingAfter(one, wish, at)
  const charges = now.state === 'trialing' ? [] : chargesOf(one, wish, at, now)
  const charged = sum(charges.map(({ amount }) => amount))
  const lines = [...unusedOf(one, wish, at, charged), ...charges]
  const owed = sum(lines.map(({ amount }) => amount))
  lines.push(...setOff(owed, wish.credit))
  const next = price > 0n ? { at: now.periodEnd, total: price } : null
  return { at, effectiveAt: at, plan, seats, lines, total: sum(lines.map(({ amount }) => amount)), now, next }
}

/** Nothing more is had before what is overdue is paid. Such a subscription is left, but never goes on by a change. */
export const isUnpaid = ({ state }: Pick<Held, 'state'>): boolean =>
  state === 'past_due' || state === 'suspended'

function refuse(one: Held, wish: Wish): void {
  const { plan, seats, trial, trialUsed } = wish
  if (one.state === 'canceled') throw new Refusal('invalid_state', 'This subscription has ended.')
  if (plan.id === one.plan.id && seats === one.seats)
    throw new Refusal(
      'invalid_state',
      `The organization is on ${plan.name}${seats === null ? '' : ` with ${seats} seats`} already.`,
    )
  const isFree = plan.price === 0n && !trial
  const overdue = wish.overdue ?? []
  // Who leaves with an invoice open and comes back would otherwise go on for ever without paying.
  const owes = isUnpaid(one) || (overdue.length > 0 && !wish.atOnce)
  if (owes && !isFree && takesPlaceNow(one, wish)) throw new Refusal('invalid_state', payFirst(one, overdue))
  if (!trial) return
  if (plan.trialDays === 0)
    throw new Refusal('invalid_state', `${plan.name} has no trial. Ask for it without.`)
  if (trialUsed)
    throw new Refusal(
      'invalid_state',
      `The organization had its trial of ${plan.name}: there is one an organization and plan. Ask for it without.`,
    )
}

function payFirst({ state, plan: { price } }: Held, overdue: NonNullable<Wish['overdue']>): string {
  const amount = [...Map.groupBy(overdue, ({ currency }) => currency)]
    .map(([currency, some]) => formatMoney(sum(some.map(({ total }) => total)).toString(), currency))
    .join(' and ')
  const numbers = overdue.map(({ number }) => number).join(', ')
  const what =
    overdue.length > 1
      ? `Invoices ${numbers} over ${amount} in all are`
      : `Invoice ${numbers} over ${amount} is`
  const till =
    state === 'suspended'
      ? ' A plan that costs nothing begins at once, also before that.'
      : price > 0n
        ? ' A cheaper plan can be chosen before that: it begins with the next period.'
        : ''
  return `${what} overdue. Pay that first; then the plan can be changed.${till}`
}

const perYear = (plan: Plan, seats: number | null) =>
  priceOf(plan, seats) * (plan.interval === 'month' ? 12n : 1n)

/** Upgrades take place now, everything else at the end of the period. */
function takesPlaceNow(one: Held, { plan, seats, trial, atOnce }: Wish): boolean {
  // What is suspended has no period whose end could be waited for.
  if (atOnce || trial || one.plan.price === 0n || one.state === 'suspended') return true
  // What was paid in one currency cannot be set off against another.
  if (plan.currency !== one.plan.currency) return false
  return perYear(plan, seats) > perYear(one.plan, one.seats)
}

/** Another number of seats while a plan is tried: the trial goes on, and nothing is charged before it ends. */
export const goesOnTrying = (one: Held, plan: Plan): boolean =>
  one.state === 'trialing' && one.plan.plan === plan.plan

export function standingAfter(one: Held, { plan, trial }: Pick<Wish, 'plan' | 'trial'>, at: Date): Standing {
  const { timeZone } = one
  if (trial) {
    const trialEndsAt = daysAfter(at, plan.trialDays, timeZone)
    return {
      state: 'trialing',
      anchor: trialEndsAt,
      period: -1,
      periodStart: at,
      periodEnd: trialEndsAt,
      trialEndsAt,
    }
  }
  const { anchor, period, periodStart, periodEnd, trialEndsAt } = one
  const stays = { anchor, period, periodStart, periodEnd }
  if (goesOnTrying(one, plan)) return { ...stays, state: 'trialing', trialEndsAt }
  if (keepsPeriod(one, plan)) return { ...stays, state: 'active', trialEndsAt: null }
  const { start, end } = periodOf({ anchor: at, timeZone, interval: plan.interval }, 0)
  return { state: 'active', anchor: at, period: 0, periodStart: start, periodEnd: end, trialEndsAt: null }
}

/** Plans that are paid at the same interval share their periods; with any other a new one begins. */
export const keepsPeriod = (one: Held, plan: Plan): boolean =>
  one.state !== 'trialing' &&
  one.plan.price > 0n === plan.price > 0n &&
  one.plan.interval === plan.interval &&
  one.plan.currency === plan.currency

function chargesOf(one: Held, { plan, seats }: Wish, at: Date, now: Standing): Line[] {
  if (plan.price === 0n) return []
  if (!keepsPeriod(one, plan)) return [periodLine(plan, seats, now)]
  const amount = chargeFor(
    priceOf(plan, seats),
    shareLeft({ start: one.periodStart, end: one.periodEnd }, at),
  )
  return [
    {
      kind: 'proration',
      description: `${titleOf(plan, seats)}, for what is left of the period`,
      quantity: 1n,
      unitAmount: amount,
      amount,
      periodStart: at,
      periodEnd: one.periodEnd,
    },
  ]
}

/** A whole period of a plan. */
export function periodLine(
  plan: Plan,
  seats: number | null,
  { periodStart, periodEnd }: Pick<Standing, 'periodStart' | 'periodEnd'>,
): Line {
  return {
    kind: 'plan',
    description: titleOf(plan, null),
    quantity: plan.per === 'seat' ? BigInt(seats ?? 1) : 1n,
    unitAmount: plan.price,
    amount: priceOf(plan, seats),
    periodStart,
    periodEnd,
  }
}

/**
 * What is given back of the period that is left: never more than was paid for it. What is still open may be set off
 * against the charges of the same change, so that nothing is billed twice.
 */
function unusedOf(one: Held, { billed, paid, plan }: Wish, at: Date, charged: bigint): Line[] {
  if (
    one.plan.price === 0n ||
    one.state === 'trialing' ||
    isUnpaid(one) ||
    one.plan.currency !== plan.currency
  )
    return []
  const share = shareLeft({ start: one.periodStart, end: one.periodEnd }, at)
  const most = least(billed, paid > charged ? paid : charged)
  const credit = least(creditFor(priceOf(one.plan, one.seats), share), most)
  if (credit <= 0n) return []
  return [
    {
      kind: 'unused',
      description: `${titleOf(one.plan, one.seats)}, unused`,
      quantity: 1n,
      unitAmount: -credit,
      amount: -credit,
      periodStart: at,
      periodEnd: one.periodEnd,
    },
  ]
}

/** What is kept for the organization, set off against what it owes. */
export function setOff(owed: bigint, credit: bigint): Line[] {
  const amount = -least(credit, owed)
  if (amount >= 0n) return []
  return [
    {
      kind: 'credit',
      description: 'Credit',
      quantity: 1n,
      unitAmount: amount,
      amount,
      periodStart: null,
      periodEnd: null,
    },
  ]
}

const titleOf = (plan: Plan, seats: number | null) =>
  plan.per === 'seat' && seats !== null ? `${plan.name}, ${seats} seat${seats === 1 ? '' : 's'}` : plan.name

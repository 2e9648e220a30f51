import type { SubscriptionState } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import type { Plan } from '../plans/store.ts'
import { instant, zoned, type Anchor } from '../time/periods.ts'

/** A subscription as the server works with it. */
export interface Held {
  id: string
  organizationId: string
  state: SubscriptionState
  plan: Plan
  seats: number | null
  provider: string
  providerRef: string | null
  timeZone: string
  anchor: Date
  /** From 0; -1 while on trial, which comes before the first period. */
  period: number
  periodStart: Date
  periodEnd: Date
  trialEndsAt: Date | null
  pastDueSince: Date | null
  graceEndsAt: Date | null
  /** The last of the warning days that was warned of. */
  warnedDays: number | null
  cancelAtPeriodEnd: boolean
  scheduled: { plan: Plan; seats: number | null } | null
  overLimitUntil: Date | null
  dueAt: Date | null
  version: number
  startedAt: Date
  endedAt: Date | null
}

/** What people of the organization are written about. */
export type Notice =
  | { kind: 'trial-ending' | 'grace-warning'; endsAt: Date; days: number }
  | { kind: 'past-due'; endsAt: Date }
  | { kind: 'suspended' | 'fell-back' }
  | { kind: 'payable' | 'payment-failed'; number: string; url: string }

/**
 * What the installation brings along: how long grace is where a plan does not say, who collects what organizations choose
 * by themselves (`manual`: operators record payments), and how people are told.
 */
export interface Terms {
  graceDays: number
  provider: string
  tell(tx: Tx, one: Held, notice: Notice): Promise<void>
}

/** What a period of a plan costs. */
export const priceOf = (plan: Plan, seats: number | null): bigint =>
  plan.per === 'seat' ? plan.price * BigInt(seats ?? 1) : plan.price

/** What its periods are counted from. */
export const anchorOf = (one: Pick<Held, 'anchor' | 'timeZone'>, plan: Plan): Anchor => ({
  anchor: one.anchor,
  timeZone: one.timeZone,
  interval: plan.interval,
})

/** So many calendar days later, by the subscription's own calendar. */
export const daysAfter = (at: Date, days: number, timeZone: string): Date =>
  instant(zoned(at, timeZone).add({ days }))

/** What the log calls it. */
export const named = ({ id, plan }: Pick<Held, 'id' | 'plan'>) => ({
  subscriptionId: id,
  plan: plan.plan,
  planVersion: plan.version,
})

import type { PlanVersion, Subscription } from '@berth/contracts'
import { dayOf, titleOf } from './words.ts'

/** So long before its end a trial is spoken of. */
const trialMs = 7 * 86_400_000

interface Matter {
  tone: 'wait' | 'bad'
  what: string
  next: string
}

/** What of a subscription somebody must know on every page; null: nothing. */
export function matterOf(
  subscription: Pick<
    Subscription,
    'state' | 'plan' | 'timeZone' | 'graceEndsAt' | 'trialEndsAt' | 'cancelAtPeriodEnd' | 'overLimits'
  > & { overLimitUntil: string | null },
  now: number,
): Matter | null {
  const { state, plan, timeZone, graceEndsAt, trialEndsAt, overLimits, overLimitUntil } = subscription
  if (state === 'suspended')
    return {
      tone: 'bad',
      what: `${plan.name} is not paid, so servers are stopped.`,
      next: 'Pay the open invoice: they resume by themselves.',
    }
  if (state === 'incomplete')
    return {
      tone: 'bad',
      what: `${plan.name} waits for its first payment, and nothing runs until then.`,
      next: 'Pay the open invoice.',
    }
  if (state === 'past_due' && graceEndsAt)
    return {
      tone: 'wait',
      what: 'An invoice is overdue.',
      next: `Pay it by ${dayOf(graceEndsAt, timeZone)}, or ${
        plan.fallback
          ? `the organization falls back to the plan ${plan.fallback}`
          : 'the organization is suspended and servers stop'
      }.`,
    }
  if (state === 'trialing' && trialEndsAt && Date.parse(trialEndsAt) - now <= trialMs)
    return {
      tone: 'wait',
      what: `The trial of ${plan.name} ends on ${dayOf(trialEndsAt, timeZone)}.`,
      next: subscription.cancelAtPeriodEnd
        ? 'It is canceled and goes no further.'
        : 'It is paid for from then on, unless it is changed or canceled before.',
    }
  const stopped = overLimits.find(({ stops }) => stops.length > 0)
  if (stopped && !(overLimitUntil && Date.parse(overLimitUntil) > now))
    return {
      tone: 'wait',
      what: `${titleOf(stopped.key)}: ${stopped.used} run, and ${plan.name} grants ${stopped.limit}.`,
      next: 'The newest servers stop; stop others, or choose a larger plan.',
    }
  return null
}

type Priced = Pick<PlanVersion, 'price' | 'interval' | 'per'>

/** What stands against a change to a plan, or to other seats, while an invoice is overdue; null: nothing. */
export function overdueRefusal(
  { state, plan }: { state: Subscription['state']; plan: Priced },
  to: Priced,
): string | null {
  if (state === 'suspended' && BigInt(to.price) > 0n)
    return 'An invoice is overdue: pay it first. Only a plan that is free of charge can be chosen before.'
  if (state === 'past_due' && isDearer(to, plan))
    return 'An invoice is overdue: pay it first. Only a cheaper plan can be chosen before.'
  return null
}

const perYear = ({ price, interval }: Priced) => BigInt(price) * (interval === 'month' ? 12n : 1n)

/** How plans that are priced by the seat compare with others is told by the preview. */
const isDearer = (to: Priced, than: Priced): boolean => to.per === than.per && perYear(to) > perYear(than)

import type { Subscription } from '@berth/contracts'
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

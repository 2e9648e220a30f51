/** Whether a subscription gives access: a pure function of its state and the organization's time. */

/** `grace`: unpaid, and access goes on for now. `missing`: there is none, or it has not begun. */
export type Standing = 'access' | 'grace' | 'suspended' | 'missing'

export interface SubscriptionFacts {
  /** Null: there is no live subscription. */
  state: string | null
  /** Its grace is over by the organization's time. */
  graceOver: boolean
  /** Whether it lands on another plan when it is not paid. */
  fallsBack: boolean
}

/** Once grace is over, a plan without a fallback gives nothing; one with a fallback is about to become that. */
export function standingOf({ state, graceOver, fallsBack }: SubscriptionFacts): Standing {
  if (state === 'trialing' || state === 'active') return 'access'
  if (state === 'past_due') return graceOver && !fallsBack ? 'suspended' : 'grace'
  return state === 'suspended' ? 'suspended' : 'missing'
}

/** What stands against whoever has no access, in words. */
export const noAccess = {
  suspended: {
    note: 'billing:suspended',
    sentence: 'The subscription is suspended: an invoice was not paid in time.',
    next: 'It goes on by itself once the invoice is paid.',
  },
  missing: {
    note: 'billing:subscription-missing',
    sentence: 'The organization has no subscription that has begun.',
    next: 'Choose a plan, or complete the first payment.',
  },
} as const

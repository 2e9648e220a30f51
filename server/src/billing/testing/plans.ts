import type { Plan } from '../plans/store.ts'

/** A plan for tests that need nothing else. */
export const planNamed = (given: Partial<Plan>): Plan => ({
  id: `plv_${given.plan ?? 'x'}_${given.version ?? 1}`,
  plan: 'x',
  version: 1,
  name: given.plan ?? 'x',
  description: '',
  price: 0n,
  currency: 'EUR',
  per: 'organization',
  interval: 'month',
  trialDays: 0,
  dueDays: 14,
  graceDays: null,
  fallback: null,
  grants: [],
  public: true,
  publishedAt: new Date(0),
  ...given,
})

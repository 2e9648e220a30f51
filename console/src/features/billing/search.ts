import { z } from 'zod'

/** What the URL of the billing page says: the plan one is about to change to, or what else is about to be done, how a checkout ended that one comes back from, the hold that is about to be confirmed, and how calls are split. */
export const billingSearch = z.object({
  change: z.string().max(100).optional().catch(undefined),
  ask: z.enum(['seats', 'cancel']).optional().catch(undefined),
  checkout: z.enum(['done', 'canceled']).optional().catch(undefined),
  hold: z.string().max(100).optional().catch(undefined),
  by: z.enum(['day', 'tool', 'deployment', 'principal']).optional().catch(undefined),
})

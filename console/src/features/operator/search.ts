import { liveSubscriptionState, mailState, platformRole, userState, webhookState } from '@berth/contracts'
import { z } from 'zod'

const text = z.string().max(100).optional().catch(undefined)

/** What the URLs of the operators' pages say: what is looked for, and which row is open. */
export const organizationsSearch = z.object({
  q: text,
  state: z.enum(['active', 'suspended', 'closed']).optional().catch(undefined),
  kind: z.enum(['standard', 'test']).optional().catch(undefined),
  open: text,
})
export const billedSearch = z.object({
  tab: z.enum(['webhooks', 'drift']).optional().catch(undefined),
  webhook: webhookState.optional().catch(undefined),
  q: text,
  state: liveSubscriptionState.optional().catch(undefined),
  plan: text,
  open: text,
  ask: z.enum(['plans', 'test', 'reconcile']).optional().catch(undefined),
})
export const usersSearch = z.object({
  q: text,
  state: userState.optional().catch(undefined),
  role: platformRole.optional().catch(undefined),
  open: text,
})
export const tiersSearch = z.object({ create: z.boolean().optional().catch(undefined), edit: text })
export const runnersSearch = z.object({ open: text })
export const outboxSearch = z.object({ state: mailState.optional().catch(undefined), open: text })

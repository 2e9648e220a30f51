import { z } from 'zod'
import { endpoint } from '../endpoint.ts'
import { organizationRef, timestamp } from '../ids.ts'
import { quantity } from './plans.ts'

/** How a call ended that counts as one: a server answered it, or its caller withdrew it on the way. */
export const billedOutcomes = ['ok', 'tool_error', 'error', 'cancelled'] as const

/** What a check or a use of quota came to. */
export const billingQuotaOutcome = z.object({
  allowed: z.boolean(),
  entitlementKey: z.string(),
  limit: quantity.nullable().describe('Null: as much as you like'),
  used: quantity,
  held: quantity.describe('Reserved, or handed to gateways in leases, and not used yet'),
  remaining: quantity.nullable(),
  overage: quantity.describe(
    'Used over the limit: of a hard one only what took place elsewhere, or before it was lowered',
  ),
  window: z.object({ start: timestamp, end: timestamp }).nullable().describe('Metered only'),
  notes: z.array(z.string()),
})
export type BillingQuotaOutcome = z.infer<typeof billingQuotaOutcome>

const ofOrganization = z.object({ organizationId: organizationRef })
const read = { kind: 'organization', permission: 'billing:read' } as const

/** So much of a key. */
export const wantedQuota = z.object({
  /** Any text: a key that no plan knows is denied and named. */
  key: z.string().min(1).max(100),
  quantity: quantity.min(1).default(1),
})

/** Whether so much may be used, and how each key stands. */
export const quotaCheck = z.object({ allowed: z.boolean(), items: z.array(billingQuotaOutcome) })

export const quotaEndpoints = {
  usage: endpoint({
    id: 'billing.usage',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/usage',
    tag: 'billing',
    summary: 'What is used of each entitlement now',
    access: read,
    params: ofOrganization,
    response: z.object({ items: z.array(billingQuotaOutcome) }),
  }),
  breakdown: endpoint({
    id: 'billing.usage-breakdown',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/usage/breakdown',
    tag: 'billing',
    summary: 'Tool calls by tool, deployment, member or day',
    access: read,
    params: ofOrganization,
    query: z.object({
      by: z.enum(['tool', 'deployment', 'principal', 'day']).default('day'),
      from: timestamp.optional().describe('Default: the start of the present window'),
      to: timestamp.optional(),
    }),
    response: z.object({
      from: timestamp,
      to: timestamp,
      items: z.array(
        z.object({ key: z.string(), name: z.string().nullable(), calls: quantity, errors: quantity }),
      ),
    }),
  }),
  check: endpoint({
    id: 'billing.check-quota',
    example: { body: { items: [{ key: 'gateway.tool_calls', quantity: 10 }] } },
    method: 'POST',
    path: '/api/billing/organizations/:organizationId/quotas/check',
    tag: 'billing',
    summary: 'Whether so much may be used; with `record`, uses it: all of it or nothing',
    description:
      'Without `record` nothing is changed, and `billing:read` is enough. With `record`, which takes `billing:write`, metered keys are used at once, under the `Idempotency-Key` if one is given.',
    access: read,
    params: ofOrganization,
    body: z.object({ items: z.array(wantedQuota).min(1).max(20), record: z.boolean().default(false) }),
    response: quotaCheck,
    idempotent: true,
  }),
}

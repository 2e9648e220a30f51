import { z } from 'zod'
import { actor } from '../actor.ts'
import { endpoint } from '../endpoint.ts'
import { idOf, organizationRef, timestamp } from '../ids.ts'
import { pageOf, pageQuery } from '../pagination.ts'
import { quantity } from './plans.ts'
import { quotaCheck, wantedQuota } from './quotas.ts'

export const quotaHoldState = z.enum(['held', 'confirmed', 'released', 'expired'])
export type QuotaHoldState = z.infer<typeof quotaHoldState>

/** Quota that is reserved for something that takes a while. */
export const quotaHold = z.object({
  id: idOf('hold'),
  state: quotaHoldState,
  items: z.array(
    z.object({
      key: z.string(),
      quantity: quantity.describe('Held when it was reserved'),
      used: quantity
        .nullable()
        .describe('What of it was used; the rest went back. Null: that is not known yet'),
      window: z
        .object({ start: timestamp, end: timestamp })
        .describe('Where it was taken from, is used, and goes back to'),
    }),
  ),
  by: actor.nullable().describe('Who reserved it'),
  createdAt: timestamp,
  expiresAt: timestamp.describe('When it ends by itself, by the clock on the wall'),
  endedAt: timestamp.nullable(),
})
export type QuotaHold = z.infer<typeof quotaHold>

export const longestHoldSeconds = 86_400
const seconds = `must be whole seconds from 1 to ${longestHoldSeconds}`

const ofOrganization = z.object({ organizationId: organizationRef })
const one = ofOrganization.extend({ holdId: idOf('hold') })
const read = { kind: 'organization', permission: 'billing:read' } as const
const write = { kind: 'organization', permission: 'billing:write' } as const

/** Quota for what takes a while: held before it, and confirmed or released after it. */
export const holdEndpoints = {
  reserve: endpoint({
    id: 'billing.reserve-quota',
    example: { body: { items: [{ key: 'gateway.tool_calls', quantity: 10 }], expiresInSeconds: 600 } },
    method: 'POST',
    path: '/api/billing/organizations/:organizationId/quotas/holds',
    tag: 'billing',
    summary: 'Hold quota for something that takes a while: all of it or nothing',
    description:
      'Nobody else can use what is held. Confirm the hold with what was used, or release it; left alone, it ends at `expiresAt` and everything goes back. Only metered keys can be held.',
    access: write,
    params: ofOrganization,
    body: z.object({
      items: z.array(wantedQuota).min(1).max(20),
      expiresInSeconds: z
        .number({ error: seconds })
        .int(seconds)
        .min(1, seconds)
        .max(longestHoldSeconds, seconds)
        .default(900),
    }),
    response: quotaCheck.extend({ hold: quotaHold.nullable().describe('Null: it is not allowed') }),
    idempotent: true,
  }),
  list: endpoint({
    id: 'billing.holds',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/quotas/holds',
    tag: 'billing',
    summary: 'The holds of an organization: what is held first, then the newest',
    access: read,
    params: ofOrganization,
    query: pageQuery.extend({ state: quotaHoldState.optional() }),
    response: pageOf(quotaHold),
  }),
  get: endpoint({
    id: 'billing.hold',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/quotas/holds/:holdId',
    tag: 'billing',
    summary: 'One hold',
    access: read,
    params: one,
    response: quotaHold,
  }),
  confirm: endpoint({
    id: 'billing.confirm-hold',
    example: { body: { items: [{ key: 'gateway.tool_calls', quantity: 7 }] } },
    method: 'POST',
    path: '/api/billing/organizations/:organizationId/quotas/holds/:holdId/confirm',
    tag: 'billing',
    summary: 'Use what is held, or less of it; the rest goes back to where it came from',
    description:
      'Without `items` all of it is used; of a key that they leave out, nothing. Sent again it changes nothing. A hold that ended in another way is refused, which says how and when it did.',
    access: write,
    params: one,
    body: z.object({
      items: z
        .array(wantedQuota.extend({ quantity: quantity.min(1) }))
        .min(1)
        .max(20)
        .optional(),
    }),
    response: quotaHold,
  }),
  release: endpoint({
    id: 'billing.release-hold',
    method: 'POST',
    path: '/api/billing/organizations/:organizationId/quotas/holds/:holdId/release',
    tag: 'billing',
    summary: 'Give back all that is held, to where it came from',
    description:
      'Sent again it changes nothing. A hold that ended in another way is refused, which says how and when it did.',
    access: write,
    params: one,
    response: quotaHold,
  }),
}

import { z } from 'zod'
import { endpoint } from '../endpoint.ts'
import { idOf, organizationRef, timestamp } from '../ids.ts'
import { pageOf, pageQuery } from '../pagination.ts'

export const webhook = z.object({
  id: idOf('webhook'),
  provider: z.string(),
  eventId: z.string(),
  type: z.string(),
  state: z.enum(['received', 'processed', 'ignored', 'dead']),
  attempts: z.number().int(),
  lastError: z.string().nullable(),
  receivedAt: timestamp,
  processedAt: timestamp.nullable(),
})

/** Where what the payment provider says differs from what is here. */
export const drift = z.object({
  identity: z.string().describe('Of the thing, stable over runs'),
  organizationId: idOf('organization').nullable(),
  what: z.string().describe('As a sentence'),
  repaired: z.boolean().describe('false: it takes a person'),
})

const operator = { kind: 'platform', role: 'operator' } as const
const write = { kind: 'organization', permission: 'billing:write' } as const
const ofOrganization = z.object({ organizationId: organizationRef })
const link = z.object({ url: z.url(), expiresAt: timestamp.nullable() })

export const providerEndpoints = {
  receive: endpoint({
    id: 'billing.receive-webhook',
    method: 'POST',
    path: '/api/webhooks/billing/:provider',
    tag: 'billing',
    summary: 'Where a payment provider sends its events; the signature over the raw body is the key',
    access: { kind: 'public' },
    params: z.object({ provider: z.string().max(40) }),
  }),
  checkout: endpoint({
    id: 'billing.checkout',
    example: { body: { plan: 'team' } },
    method: 'POST',
    path: '/api/billing/organizations/:organizationId/checkout',
    tag: 'billing',
    summary: 'A link to pay for a plan, where a payment provider is set up',
    access: write,
    params: ofOrganization,
    body: z.object({ plan: z.string(), seats: z.number().int().min(1).nullable().default(null) }),
    response: link,
  }),
  portal: endpoint({
    id: 'billing.portal',
    method: 'POST',
    path: '/api/billing/organizations/:organizationId/portal',
    tag: 'billing',
    summary: "A link to the payment provider's pages: cards, receipts",
    access: write,
    params: ofOrganization,
    response: link,
  }),
  listWebhooks: endpoint({
    id: 'billing.webhooks',
    method: 'GET',
    path: '/api/operator/billing/webhooks',
    tag: 'operator',
    summary: 'What payment providers sent, newest first',
    access: operator,
    query: pageQuery.extend({ state: webhook.shape.state.optional() }),
    response: pageOf(webhook),
  }),
  retryWebhook: endpoint({
    id: 'billing.retry-webhook',
    method: 'POST',
    path: '/api/operator/billing/webhooks/:webhookId/retry',
    tag: 'operator',
    summary: 'Try a dead webhook again',
    access: operator,
    params: z.object({ webhookId: idOf('webhook') }),
    response: webhook,
  }),
  reconcile: endpoint({
    id: 'billing.reconcile',
    example: { body: { dryRun: true } },
    method: 'POST',
    path: '/api/operator/billing/reconcile',
    tag: 'operator',
    summary: 'Compare subscriptions with the payment provider, repair what can be, report the rest',
    access: operator,
    body: z.object({ organizationId: organizationRef.optional(), dryRun: z.boolean().default(false) }),
    response: z.object({ checked: z.number().int(), items: z.array(drift) }),
  }),
}

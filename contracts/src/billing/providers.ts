import { z } from 'zod'
import { endpoint } from '../endpoint.ts'
import { idOf, organizationRef, slug, timestamp } from '../ids.ts'
import { pageOf, pageQuery } from '../pagination.ts'

export const webhookState = z.enum(['received', 'processed', 'ignored', 'dead'])

/** An event of a payment provider, as it stands in the inbox. */
export const webhook = z.object({
  id: idOf('webhook'),
  provider: z.string(),
  eventId: z.string().describe("The provider's own id of it"),
  type: z.string(),
  state: webhookState,
  organizationId: idOf('organization').nullable().describe('Whose it is, once that is known'),
  attempts: z.number().int(),
  lastError: z.string().nullable(),
  receivedAt: timestamp,
  nextTryAt: timestamp.nullable(),
  processedAt: timestamp.nullable(),
})
export type Webhook = z.infer<typeof webhook>

/** Where what the payment provider says differs from what is here. */
export const drift = z.object({
  provider: z.string(),
  identity: z.string().describe('Of the thing, stable over runs'),
  organizationId: idOf('organization').nullable(),
  what: z.string().describe('As a sentence'),
  repaired: z.boolean().describe('false: it takes a person'),
})
export type Drift = z.infer<typeof drift>

const operator = { kind: 'platform', role: 'operator' } as const
const write = { kind: 'organization', permission: 'billing:write' } as const
const ofOrganization = z.object({ organizationId: organizationRef })
const link = z.object({ url: z.url(), expiresAt: timestamp.nullable() })

/** What payment providers send, and where they differ from what is here. */
export const providerEndpoints = {
  receive: endpoint({
    id: 'billing.receive-webhook',
    method: 'POST',
    path: '/api/webhooks/billing/:provider',
    tag: 'billing',
    summary: 'Where a payment provider sends its events; the signature over the raw body is the key',
    description:
      'Answered once the event is kept, before anything of it is done; sent again, it is answered alike and kept once. `standard` takes the headers of Standard Webhooks, as in the samples; `stripe` takes its own.',
    access: { kind: 'public' },
    signed: true,
    example: {
      headers: {
        'webhook-id': '$WEBHOOK_ID',
        'webhook-timestamp': '$WEBHOOK_TIMESTAMP',
        'webhook-signature': '$WEBHOOK_SIGNATURE',
      },
      body: '$EVENT',
    },
    params: z.object({ provider: z.string().max(40) }),
    body: z.unknown().describe('As the provider signed it'),
  }),
  listWebhooks: endpoint({
    id: 'billing.webhooks',
    method: 'GET',
    path: '/api/operator/billing/webhooks',
    tag: 'operator',
    summary: 'What payment providers sent: what is dead first, then the newest',
    access: operator,
    query: pageQuery.extend({ state: webhookState.optional() }),
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
  listDrifts: endpoint({
    id: 'billing.drifts',
    method: 'GET',
    path: '/api/operator/billing/drifts',
    tag: 'operator',
    summary: 'Where a payment provider differs from what is here and it takes a person, newest first',
    access: operator,
    query: pageQuery,
    response: pageOf(
      drift.omit({ repaired: true }).extend({ firstSeenAt: timestamp, lastSeenAt: timestamp }),
    ),
  }),
  settleDrift: endpoint({
    id: 'billing.settle-drift',
    example: { body: { provider: 'standard', identity: '$IDENTITY', reason: 'given back to the customer' } },
    method: 'POST',
    path: '/api/operator/billing/drifts/settle',
    tag: 'operator',
    summary: 'Say that a difference was dealt with; it stays away as long as it does not change',
    access: operator,
    body: z.object({ provider: z.string(), identity: z.string(), reason: z.string().trim().min(1).max(400) }),
  }),
  reconcile: endpoint({
    id: 'billing.reconcile',
    example: { body: { dryRun: true } },
    method: 'POST',
    path: '/api/operator/billing/reconcile',
    tag: 'operator',
    summary: 'Compare organizations with the payment provider, repair what can be, report the rest',
    access: operator,
    body: z.object({ organizationId: organizationRef.optional(), dryRun: z.boolean().default(false) }),
    response: z.object({
      checked: z.number().int().describe('Organizations that were compared'),
      items: z.array(drift),
    }),
  }),
}

/** How organizations pay where a payment provider is set up. */
export const checkoutEndpoints = {
  payment: endpoint({
    id: 'billing.payment',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/payment',
    tag: 'billing',
    summary: 'How the organization pays: the payment provider, and the means of payment known there',
    access: { kind: 'organization', permission: 'billing:read' },
    params: ofOrganization,
    response: z.object({
      provider: z.string().describe('`manual`: an operator records payments'),
      method: z.string().nullable().describe('In words, like "visa ending in 4242"'),
    }),
  }),
  checkout: endpoint({
    id: 'billing.checkout',
    example: { body: { plan: 'team' } },
    method: 'POST',
    path: '/api/billing/organizations/:organizationId/checkout',
    tag: 'billing',
    summary: 'A link to pay for a plan, where a payment provider is set up; the plan changes once it is paid',
    access: write,
    params: ofOrganization,
    body: z.object({
      plan: slug,
      seats: z.number().int().min(1).max(100_000).nullable().default(null),
      trial: z.boolean().default(false),
    }),
    response: link,
  }),
  abandon: endpoint({
    id: 'billing.abandon-checkout',
    method: 'DELETE',
    path: '/api/billing/organizations/:organizationId/checkout',
    tag: 'billing',
    summary: 'Give up a change of plan that waits for its first payment',
    access: write,
    params: ofOrganization,
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
}

import { z } from 'zod'
import { endpoint } from '../endpoint.ts'
import { displayName, idOf, organizationRef, slug, timestamp } from '../ids.ts'
import { timeZone } from '../organizations.ts'
import { pageOf, pageQuery } from '../pagination.ts'
import { currency, minorUnits, planVersion } from './plans.ts'
import { invoiceLine } from './invoices.ts'

export const subscriptionState = z.enum([
  'incomplete',
  'trialing',
  'active',
  'past_due',
  'suspended',
  'canceled',
])
export type SubscriptionState = z.infer<typeof subscriptionState>

const seats = z.number().int().min(1).max(100_000)

export const scheduledChange = z.object({
  plan: planVersion,
  seats: seats.nullable(),
  at: timestamp.describe('The end of the period, when it takes place'),
})

/** What is, or will be, over a limit, and what follows. */
export const overLimit = z.object({
  key: z.string(),
  used: z.number().int(),
  limit: z.number().int(),
  consequence: z.string().describe('As a sentence'),
  /** Deployments that stop, newest first. */
  stops: z.array(z.object({ deploymentId: idOf('deployment'), name: z.string() })),
})

export const subscription = z.object({
  id: idOf('subscription'),
  organizationId: idOf('organization'),
  state: subscriptionState,
  plan: planVersion,
  seats: seats.nullable().describe('Paid seats, of plans that are priced by seat'),
  provider: z.string().describe('Who collects its invoices: `manual`, or a payment provider'),
  /** A change of plan that waits for its first payment. */
  incomplete: z
    .object({
      id: idOf('subscription'),
      plan: planVersion,
      seats: seats.nullable(),
      trial: z.boolean(),
      total: minorUnits.describe('What is paid at the checkout; 0: a card is left there'),
      url: z.url().nullable().describe('Where it is paid; null: the payment provider was not reached yet'),
      expiresAt: timestamp.describe('It can be paid until then; soon after it is given up by itself'),
    })
    .nullable(),
  timeZone: z.string().describe('Its periods begin and end by the calendar of this zone'),
  anchor: timestamp,
  period: z.object({ number: z.number().int(), start: timestamp, end: timestamp }),
  trialEndsAt: timestamp.nullable(),
  pastDueSince: timestamp.nullable(),
  graceEndsAt: timestamp.nullable().describe('Access ends here unless it is paid before'),
  cancelAtPeriodEnd: z.boolean(),
  scheduled: scheduledChange.nullable(),
  /** What follows by itself, and when, in order: for a timeline. */
  ahead: z.array(z.object({ at: timestamp, what: z.string() })),
  credit: minorUnits.describe('What is kept for the organization and set off against its next invoices'),
  currency,
  overLimits: z.array(overLimit),
  overLimitUntil: timestamp.nullable().describe('Until then an operator lets it be over its limits'),
  version: z.number().int(),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type Subscription = z.infer<typeof subscription>

/** What a change asks for: the plan, its seats, and whether to begin with its trial. */
const wish = {
  plan: slug,
  seats: seats.nullable().default(null).describe('Of plans priced by seat; null: as many as are in use'),
  trial: z
    .boolean()
    .default(false)
    .describe('Begin with the trial of the plan; once an organization and plan'),
}

/** What a change would cost and bring, for one instant; sent back with the change, it is what is then charged. */
export const quote = z.object({
  at: timestamp,
  expectedVersion: z.number().int(),
  kind: z
    .enum(['now', 'period-end'])
    .describe('Upgrades take place now, downgrades at the end of the period'),
  effectiveAt: timestamp,
  lines: z.array(invoiceLine),
  total: minorUnits.describe('What is due; negative: what is credited'),
  currency,
  trialEndsAt: timestamp.nullable(),
  next: z.object({ at: timestamp, total: minorUnits }).nullable().describe('The renewal that follows'),
  overLimits: z.array(overLimit),
  checkout: z
    .boolean()
    .describe('It is paid at the checkout of the payment provider, and takes place once it is paid'),
  notes: z.array(z.string()).describe('What is good to know before, as sentences'),
})
export type Quote = z.infer<typeof quote>

const ofOrganization = z.object({ organizationId: organizationRef })
const base = '/api/billing/organizations/:organizationId/subscription'
const read = { kind: 'organization', permission: 'billing:read' } as const
const write = { kind: 'organization', permission: 'billing:write' } as const
const expectedVersion = z.number().int().optional()

export const subscriptionEndpoints = {
  get: endpoint({
    id: 'billing.subscription',
    method: 'GET',
    path: base,
    tag: 'billing',
    summary: 'The subscription of an organization, with what follows by itself',
    access: read,
    params: ofOrganization,
    response: subscription,
  }),
  history: endpoint({
    id: 'billing.subscriptions',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/subscriptions',
    tag: 'billing',
    summary: 'Every subscription the organization ever had, newest first',
    access: read,
    params: ofOrganization,
    query: pageQuery,
    response: pageOf(subscription),
  }),
  preview: endpoint({
    id: 'billing.preview',
    example: { body: { plan: 'team' } },
    method: 'POST',
    path: `${base}/preview`,
    tag: 'billing',
    summary: 'What a change of plan would cost and bring, now; nothing is changed',
    access: read,
    params: ofOrganization,
    body: z.object({
      ...wish,
      plan: slug
        .optional()
        .describe('Left out: the seats alone change, of the plan in the version that the organization has'),
    }),
    response: quote,
  }),
  change: endpoint({
    id: 'billing.change',
    example: { body: { plan: 'team', trial: true } },
    method: 'POST',
    path: base,
    tag: 'billing',
    summary: 'Change the plan: an upgrade now, a downgrade at the end of the period',
    description:
      'Send `quotedAt` and `expectedVersion` of a preview (`at`, at most 15 minutes old) to be charged exactly what it said; where something changed in between, it is refused. Where the preview says `checkout`, the change is paid there first.',
    access: write,
    params: ofOrganization,
    body: z.object({ ...wish, quotedAt: timestamp.optional(), expectedVersion }),
    response: subscription,
    idempotent: true,
  }),
  schedule: endpoint({
    id: 'billing.schedule',
    example: { body: { plan: 'free' } },
    method: 'POST',
    path: `${base}/schedule`,
    tag: 'billing',
    summary: 'Change the plan at the end of the period; it replaces what was scheduled before',
    access: write,
    params: ofOrganization,
    body: z.object({ plan: slug, seats: wish.seats, expectedVersion }),
    response: subscription,
  }),
  unschedule: endpoint({
    id: 'billing.unschedule',
    method: 'DELETE',
    path: `${base}/schedule`,
    tag: 'billing',
    summary: 'Cancel the scheduled change',
    access: write,
    params: ofOrganization,
    response: subscription,
  }),
  setSeats: endpoint({
    id: 'billing.set-seats',
    example: { body: { seats: 60 } },
    method: 'POST',
    path: `${base}/seats`,
    tag: 'billing',
    summary: 'Change the paid seats: more now, fewer at the end of the period; a scheduled change stays',
    access: write,
    params: ofOrganization,
    body: z.object({ seats, quotedAt: timestamp.optional(), expectedVersion }),
    response: subscription,
  }),
  cancel: endpoint({
    id: 'billing.cancel',
    example: { body: { at: 'period-end' } },
    method: 'POST',
    path: `${base}/cancel`,
    tag: 'billing',
    summary: 'Cancel: at the end of the period, or now; it lands on the fallback plan',
    access: write,
    params: ofOrganization,
    body: z.object({ at: z.enum(['now', 'period-end']).default('period-end'), expectedVersion }),
    response: subscription,
  }),
  resume: endpoint({
    id: 'billing.resume',
    method: 'POST',
    path: `${base}/resume`,
    tag: 'billing',
    summary: 'Take back a cancellation at the end of the period',
    access: write,
    params: ofOrganization,
    response: subscription,
  }),
}

/** The states of what an organization lives on: there is one of it, always. */
export const liveSubscriptionState = subscriptionState.exclude(['incomplete', 'canceled'])

export const billingOperatorEndpoints = {
  organizations: endpoint({
    id: 'billing.operator-organizations',
    method: 'GET',
    path: '/api/operator/billing/organizations',
    tag: 'operator',
    summary: 'Subscriptions of all organizations, by state',
    access: { kind: 'platform', role: 'operator' },
    query: pageQuery.extend({
      state: liveSubscriptionState.optional(),
      plan: slug.optional(),
      search: z.string().max(100).optional(),
    }),
    response: pageOf(
      z.object({
        organization: z.object({
          id: idOf('organization'),
          slug: z.string(),
          name: z.string(),
          kind: z.string(),
        }),
        subscriptionId: idOf('subscription'),
        plan: slug,
        planVersion: z.number().int(),
        state: subscriptionState,
        periodEnd: timestamp,
        graceEndsAt: timestamp.nullable(),
        owed: z.array(z.object({ currency, amount: minorUnits })).describe('What is to be paid, by currency'),
      }),
    ),
  }),
  assign: endpoint({
    id: 'billing.assign',
    example: { body: { plan: 'business' } },
    method: 'POST',
    path: '/api/operator/billing/organizations/:organizationId/assign',
    tag: 'operator',
    summary: 'Put an organization on a plan, also one that cannot be chosen, or on its newest version',
    access: { kind: 'platform', role: 'operator' },
    params: ofOrganization,
    body: z.object({
      ...wish,
      charge: z.boolean().default(true).describe('false: without an invoice for this period'),
    }),
    response: subscription,
  }),
  allowOverLimit: endpoint({
    id: 'billing.allow-over-limit',
    example: { body: { until: '2030-01-01T00:00:00Z', reason: 'until the new contract' } },
    method: 'POST',
    path: '/api/operator/billing/organizations/:organizationId/over-limit',
    tag: 'operator',
    summary: 'Let an organization be over its limits until a time; null ends that',
    access: { kind: 'platform', role: 'operator' },
    params: ofOrganization,
    body: z.object({ until: timestamp.nullable(), reason: z.string().trim().min(1).max(400) }),
    response: subscription,
  }),
  createTestOrganization: endpoint({
    id: 'billing.create-test-organization',
    example: { body: { name: 'Clockwork' } },
    method: 'POST',
    path: '/api/operator/billing/test-organizations',
    tag: 'operator',
    summary:
      'Create an organization with a clock of its own and no real payments, for ever; the caller owns it',
    access: { kind: 'platform', role: 'operator' },
    body: z.object({
      name: displayName,
      timeZone: timeZone.default('UTC'),
      now: timestamp.optional(),
    }),
    status: 201,
    response: z.object({ organizationId: idOf('organization'), slug: z.string(), now: timestamp }),
  }),
  clock: endpoint({
    id: 'billing.clock',
    method: 'GET',
    path: '/api/billing/organizations/:organizationId/clock',
    tag: 'billing',
    summary: "The time of an organization: a test organization's own, else the wall clock",
    access: read,
    params: ofOrganization,
    response: z.object({ now: timestamp, test: z.boolean() }),
  }),
  advanceClock: endpoint({
    id: 'billing.advance-clock',
    example: { body: { to: '2030-06-01T00:00:00Z' } },
    method: 'POST',
    path: '/api/billing/organizations/:organizationId/clock',
    tag: 'billing',
    summary:
      "Move a test organization's clock forward; everything that falls due until then happens, in order",
    access: write,
    params: ofOrganization,
    body: z.object({ to: timestamp }),
    response: z.object({ now: timestamp, test: z.boolean() }),
  }),
}

import { z } from 'zod'
import { endpoint } from '../endpoint.ts'
import { displayName, idOf, slug, timestamp } from '../ids.ts'

/** What plans speak of, with what each counts. Nothing else can be limited, and an unknown key is denied. */
export const entitlements = {
  'runtime.concurrent_servers': {
    kind: 'concurrency',
    title: 'Servers at once',
    meaning: 'Deployments that are being launched, run or are being stopped, at one time.',
    unit: 'servers',
  },
  'gateway.tool_calls': {
    kind: 'metered',
    title: 'Tool calls',
    meaning:
      '`tools/call` requests that a server answered through the gateway, or that were cancelled on the way. One that was refused or lost does not count.',
    unit: 'calls',
  },
  seats: {
    kind: 'static',
    title: 'Seats',
    meaning: 'Members, and invitations that nobody has answered.',
    unit: 'people',
  },
  workspaces: {
    kind: 'static',
    title: 'Workspaces',
    meaning: 'Workspaces that are not archived.',
    unit: 'workspaces',
  },
  byok: {
    kind: 'boolean',
    title: 'Own keys',
    meaning: "Protecting data with the provider's own key.",
    unit: '',
  },
  sso: {
    kind: 'boolean',
    title: 'Single sign-on',
    meaning: 'Signing in through an identity provider.',
    unit: '',
  },
} as const satisfies Record<
  string,
  { kind: 'boolean' | 'static' | 'metered' | 'concurrency'; title: string; meaning: string; unit: string }
>

export type EntitlementKey = keyof typeof entitlements
export const entitlementKeys = Object.keys(entitlements) as [EntitlementKey, ...EntitlementKey[]]
export const entitlementKey = z.enum(entitlementKeys)

/** The largest quantity and amount that can be named. */
export const maxQuantity = Number.MAX_SAFE_INTEGER

export const quantity = z.number().int().min(0).max(maxQuantity)

/** Amounts of money are whole minor units (cents) in decimal digits: they may pass what a JSON number holds. */
export const minorUnits = z
  .string()
  .regex(/^-?(0|[1-9]\d{0,17})$/, 'must be whole minor units, such as "4900"')

/** ISO 4217. */
export const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as "EUR"')

/** What a plan grants of one key. */
export const grant = z.object({
  key: entitlementKey,
  /** Of a boolean: 1 or 0. Null: as much as you like. */
  limit: quantity.nullable(),
  reset: z
    .enum(['day', 'week', 'month', 'period'])
    .nullable()
    .describe('When what was used counts anew; metered only'),
  mode: z.enum(['hard', 'soft']).describe('hard: refused over the limit; soft: let through and marked'),
})
export type Grant = z.infer<typeof grant>

/** One published, immutable version of a plan. */
export const planVersion = z.object({
  id: idOf('planVersion'),
  plan: slug,
  name: displayName,
  description: z.string().max(400),
  version: z.number().int().min(1),
  price: minorUnits,
  currency,
  per: z.enum(['organization', 'seat']).describe('seat: the price times the seats of the subscription'),
  interval: z.enum(['month', 'year']),
  trialDays: z.number().int().min(0).max(365),
  /** How long an unpaid invoice is not yet overdue. */
  dueDays: z.number().int().min(0).max(90),
  /** How long access goes on once it is overdue; null: as the installation is set. */
  graceDays: z.number().int().min(0).max(365).nullable(),
  /** Where a subscription lands that is not paid in time or ends; null: it is suspended. */
  fallback: slug.nullable(),
  grants: z.array(grant),
  public: z.boolean().describe('Whether organizations may choose it themselves'),
  publishedAt: timestamp,
})
export type PlanVersion = z.infer<typeof planVersion>

/** What applying a plan file would do, or did. */
export const planChange = z.object({
  plan: slug,
  action: z.enum(['publish', 'none']),
  version: z.number().int().describe('The version that is published, or that stays'),
  changes: z.array(z.object({ field: z.string(), previous: z.unknown(), current: z.unknown() })),
})
export type PlanChange = z.infer<typeof planChange>

export const planEndpoints = {
  list: endpoint({
    id: 'billing.list-plans',
    method: 'GET',
    path: '/api/billing/plans',
    tag: 'billing',
    summary: 'The plans an organization can choose, each in its newest version',
    access: { kind: 'user' },
    response: z.object({ items: z.array(planVersion) }),
  }),
  catalog: endpoint({
    id: 'billing.catalog',
    method: 'GET',
    path: '/api/billing/catalog',
    tag: 'billing',
    summary: 'What plans can grant: every key with its kind and meaning',
    access: { kind: 'user' },
    response: z.object({
      items: z.array(
        z.object({
          key: entitlementKey,
          kind: z.enum(['boolean', 'static', 'metered', 'concurrency']),
          title: z.string(),
          meaning: z.string(),
          unit: z.string(),
        }),
      ),
    }),
  }),
  apply: endpoint({
    id: 'billing.apply-plans',
    example: { body: { file: 'plans: { gold: { name: Gold, price: 9900, currency: EUR } }', dryRun: true } },
    method: 'POST',
    path: '/api/billing/plans/apply',
    tag: 'billing',
    summary: 'Publish the plans of a plan file; what is published already is never changed',
    description:
      'A plan that differs from its newest version is published as the next one; subscribers keep theirs until they are migrated. Any error of the file is named, and then nothing is applied.',
    access: { kind: 'platform', role: 'operator' },
    body: z.object({
      file: z.string().max(200_000).describe('The plan file, YAML'),
      dryRun: z.boolean().default(false),
    }),
    response: z.object({ applied: z.boolean(), items: z.array(planChange) }),
  }),
  export: endpoint({
    id: 'billing.export-plans',
    method: 'GET',
    path: '/api/billing/plans/file',
    tag: 'billing',
    summary: 'The newest version of every plan, as a plan file',
    access: { kind: 'platform', role: 'operator' },
    response: z.object({ file: z.string() }),
  }),
}

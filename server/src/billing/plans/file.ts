/** The plan file: the catalog of plans as YAML. Everything here is pure. */
import { LineCounter, parseDocument, stringify, type Document } from 'yaml'
import { z } from 'zod'
import {
  displayName,
  entitlements,
  maxQuantity,
  slug,
  type EntitlementKey,
  type Grant,
} from '@berth/contracts'
import type { Plan } from './store.ts'

/** What of a plan stands in a file: all but what publishing adds. */
export type PlanSpec = Omit<Plan, 'id' | 'version' | 'publishedAt'>

export interface FileFault {
  /** Where in the file, such as `plans.team.price`. */
  path: string
  message: string
}

export type ParsedFile = { plans: PlanSpec[]; faults: [] } | { plans: null; faults: FileFault[] }

const limit = z.custom<number | 'unlimited'>(
  (value) => value === 'unlimited' || (Number.isSafeInteger(value) && (value as number) >= 0),
  'must be a whole number from 0, or "unlimited"',
)
const metered = z.strictObject(
  {
    limit,
    reset: z.enum(['day', 'week', 'month', 'period'], 'must be day, week, month or period'),
    mode: z.enum(['hard', 'soft'], 'must be hard or soft').default('hard'),
  },
  { error: 'must be {limit, reset, mode}, as in {limit: 10000, reset: month, mode: soft}' },
)
const grantSchemas = {
  // Nothing in this version does what these grant: a plan must not promise it.
  boolean: z.literal(false, 'must be false: this version of Berth does not have it'),
  static: limit,
  concurrency: limit,
  metered,
} as const

const grantsSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(entitlements).map(([key, { kind }]) => [key, grantSchemas[kind].optional()]),
  ),
  {
    error: (issue) => unknownKey(issue, 'is no entitlement that plans can grant') ?? 'must name entitlements',
  },
)

const currencies = new Set(Intl.supportedValuesOf('currency'))
const days = (most: number) =>
  z.custom<number>(
    (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most,
    `must be a whole number from 0 to ${most}`,
  )

const price = z
  .custom<number | string>(
    (value) =>
      typeof value === 'string'
        ? /^(0|[1-9]\d{0,17})$/.test(value)
        : Number.isSafeInteger(value) && (value as number) >= 0,
    'must be whole minor units, such as 4900 for 49.00; above 9007199254740991 between quotes',
  )
  .transform(BigInt)

/** The fields of a plan in a file. What each says is also the documentation's text. */
const planFields = {
  name: displayName.describe('As people read it.'),
  description: z.string().max(400).default('').describe('One sentence: whom it is for.'),
  price: price.describe(
    'For each period, in whole minor units: 4900 is 49.00. 0 is a plan that nobody is invoiced for.',
  ),
  currency: z
    .string('must be an ISO 4217 code such as EUR')
    .refine((code) => currencies.has(code), { error: 'must be an ISO 4217 code such as EUR' })
    .describe('An ISO 4217 code, like `EUR`.'),
  per: z
    .enum(['organization', 'seat'], 'must be organization or seat')
    .default('organization')
    .describe('What the price is for: the `organization`, or each `seat` of it.'),
  interval: z
    .enum(['month', 'year'], 'must be month or year')
    .default('month')
    .describe("How long a period is: a `month` or a `year`, by the calendar of the organization's zone."),
  trialDays: days(365)
    .default(0)
    .describe('Days that it can be tried without paying, once an organization; 0 to 365.'),
  dueDays: days(90)
    .default(14)
    .describe('Days from an invoice to its due day; 0 to 90. With 0 it is overdue as soon as it is issued.'),
  graceDays: days(365)
    .nullable()
    .default(null)
    .describe(
      'Days that access goes on when an invoice is overdue; `null`: as `BERTH_BILLING_GRACE_DAYS` says.',
    ),
  fallback: slug
    .nullable()
    .default(null)
    .describe('The plan that an organization lands on when it does not pay; `null`: it is suspended.'),
  public: z
    .boolean('must be true or false')
    .default(true)
    .describe('Whether organizations may choose it; `false`: operators assign it.'),
  grants: grantsSchema.default({}).describe('What it grants, by key. What is not named is not granted.'),
}

/** The fields of a plan, for the reference: in their order, with what holds where one is left out. */
export const planFileFields: readonly { name: string; default: string | null; meaning: string }[] =
  Object.entries(planFields).map(([name, schema]) => {
    const absent = schema.safeParse(undefined)
    return {
      name,
      default: absent.success ? JSON.stringify(absent.data) : null,
      meaning: schema.description!,
    }
  })

const planSchema = z.strictObject(planFields, {
  error: (issue) => unknownKey(issue, 'is no field of a plan') ?? 'must be fields, such as name and price',
})

const fileSchema = z.strictObject(
  // What a plan is called is looked at with what else makes sense, so that the faults within it are named along.
  { plans: z.record(z.string(), planSchema, 'must be plans by their names') },
  {
    error: (issue) =>
      unknownKey(issue, 'is not known here; a plan file has `plans`') ?? 'must have `plans`, by their names',
  },
)

/** What schemas that are for more than plan files leave to be said. */
function plainly(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type' && issue.expected === 'string') return 'must be text'
  if (issue.code === 'too_big' && issue.origin === 'string')
    return `must have at most ${issue.maximum} characters`
  if (issue.code === 'too_small' && issue.origin === 'string') return 'must not be empty'
  return undefined
}

function unknownKey(issue: { code?: string | undefined }, what: string): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined
  const { keys } = issue as unknown as { keys: string[] }
  return keys.map((key) => `"${key}" ${what}`).join('; ')
}

/**
 * Reads a plan file. Every fault is named, with its place; with any, there are no plans. `published`: the newest versions
 * of the plans there are, which those of the file may fall back to.
 */
export function parsePlanFile(
  text: string,
  published: ReadonlyMap<string, PlanSpec> = new Map(),
): ParsedFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true })
  const wrong = [...document.errors, ...document.warnings]
  if (wrong.length > 0) {
    const faults = wrong.map((error) => ({
      path: `line ${lines.linePos(error.pos[0]).line}`,
      message: error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''),
    }))
    return { plans: null, faults }
  }
  let content: unknown
  try {
    content = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return { plans: null, faults: [{ path: 'file', message: (error as Error).message }] }
  }
  const parsed = fileSchema.safeParse(content, { error: plainly })
  const found = [...(parsed.error?.issues ?? []), ...senseFaults(content, published)]
  const faults = found.map((fault) => faultOf(fault, document, lines))
  if (!parsed.data || faults.length > 0) return { plans: null, faults }
  const plans = Object.entries(parsed.data.plans).map(([plan, given]): PlanSpec => ({
    ...given,
    plan,
    // Of what costs nothing, nothing is ever due.
    dueDays: given.price === 0n ? 0 : given.dueDays,
    grants: grantsOf(given.grants),
  }))
  return { plans, faults: [] }
}

interface Found {
  path: readonly PropertyKey[]
  message: string
}

function faultOf({ path, message }: Found, document: Document, lines: LineCounter): FileFault {
  const place = path.length > 0 ? (document.getIn(path, true) as { range?: [number] } | undefined) : undefined
  const line = place?.range ? ` (line ${lines.linePos(place.range[0]).line})` : ''
  // What is published, and not in the file, can be at fault by what the file makes of others.
  const missing = place === undefined && message.startsWith('must ')
  return {
    path: (path.map(String).join('.') || 'file') + line,
    message: missing && path.length > 0 ? `is missing; it ${message}` : message,
  }
}

function grantsOf(given: Record<string, unknown>): Grant[] {
  const limitOf = (value: unknown) => (value === 'unlimited' ? null : Number(value))
  return (Object.keys(entitlements) as EntitlementKey[]).flatMap((key): Grant[] => {
    const value = given[key]
    if (value === undefined) return []
    if (entitlements[key].kind !== 'metered')
      return [{ key, limit: limitOf(value), reset: null, mode: 'hard' }]
    const { limit: most, reset, mode } = value as z.output<typeof metered>
    return [{ key, limit: limitOf(most), reset, mode }]
  })
}

/** What of a plan has to make sense together; null: that is not known, or at fault itself. */
interface Sense {
  plan: string
  price: bigint | null
  trialDays: number | null
  fallback: string | null
  /** Stands in the file. */
  given: boolean
}

/** What no field says by itself, also where other fields are at fault: whoever mends a file reads all of it at once. */
function senseFaults(content: unknown, published: ReadonlyMap<string, PlanSpec>): Found[] {
  const all = new Map<string, Sense>()
  for (const { plan, price: costs, trialDays, fallback } of published.values())
    all.set(plan, { plan, price: costs, trialDays, fallback, given: false })
  const plans = (content as { plans?: unknown } | null)?.plans
  for (const [plan, given] of Object.entries(plans ?? {})) {
    const of = <T>(name: 'price' | 'trialDays' | 'fallback', schema: z.ZodType<T>): T | null =>
      schema.safeParse((given as Record<string, unknown> | null)?.[name]).data ?? null
    all.set(plan, {
      plan,
      price: of('price', planFields.price),
      trialDays: of('trialDays', planFields.trialDays),
      fallback: of('fallback', planFields.fallback),
      given: true,
    })
  }
  return [...all.values()].flatMap((one) => [
    ...(one.given ? ownFaults(one) : []),
    ...fallbackFaults(one, all),
  ])
}

function ownFaults({ plan, price: costs, trialDays, fallback }: Sense): Found[] {
  const faults: Found[] = []
  const at = (field: string, message: string) => faults.push({ path: ['plans', plan, field], message })
  if (!slug.safeParse(plan).success)
    faults.push({
      path: ['plans', plan],
      message: 'a plan is named with up to 40 lower-case letters, digits and hyphens',
    })
  if (plan === 'free' && costs !== null && costs > 0n)
    at('price', 'must be 0: every organization can land on the plan "free"')
  if (costs === 0n && trialDays) at('trialDays', 'must be 0 where the price is 0')
  if (fallback === plan) at('fallback', 'must be another plan')
  return faults
}

/** A fallback is where those land who did not pay: it must be there, and cost nothing. */
function fallbackFaults({ plan, fallback }: Sense, all: ReadonlyMap<string, Sense>): Found[] {
  if (fallback === null || fallback === plan) return []
  const path = ['plans', plan, 'fallback']
  const target = all.get(fallback)
  if (!target) return [{ path, message: `there is no plan "${fallback}"; add it, or name another` }]
  if (target.price !== null && target.price > 0n)
    return [{ path, message: `"${fallback}" costs something; a fallback must be free` }]
  return []
}

/** Plans as a file that, applied, changes nothing. */
export function planFile(plans: readonly PlanSpec[]): string {
  const content = Object.fromEntries(
    plans.map((one) => [
      one.plan,
      {
        name: one.name,
        description: one.description,
        price: one.price <= BigInt(maxQuantity) ? Number(one.price) : one.price.toString(),
        currency: one.currency,
        per: one.per,
        interval: one.interval,
        trialDays: one.trialDays,
        dueDays: one.dueDays,
        graceDays: one.graceDays,
        fallback: one.fallback,
        public: one.public,
        grants: Object.fromEntries(one.grants.map((grant) => [grant.key, written(grant)])),
      },
    ]),
  )
  return stringify({ plans: content }, { lineWidth: 110 })
}

function written({ key, limit: most, reset, mode }: Grant): unknown {
  if (entitlements[key].kind === 'boolean') return most !== 0
  const shown = most ?? 'unlimited'
  return entitlements[key].kind === 'metered' ? { limit: shown, reset, mode } : shown
}

/** What happens in the year: seeded, so that every run of it is told the same. */
import fc from 'fast-check'
import type { Database } from '../../../platform/db/database.ts'
import type { Act } from './acts.ts'

/** A moment of an organization's year, what it does to its subscription then, and what it uses of its quota. */
export interface Moment {
  at: string
  acts: Act[]
  usage: Act[]
}

export interface Script {
  timeZone: string
  born: string
  /** Whether its clock is moved as the API does it, or it just is later for the worker. */
  advances: boolean
  moments: Moment[]
}

/** Both hemispheres, half and quarter hours, changes of the clock at midnight and by half an hour, and none. */
const timeZone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/St_Johns',
  'America/Santiago',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Australia/Sydney',
  'Pacific/Auckland',
  'Pacific/Apia',
  'Africa/Casablanca',
)
/** Ends of months, a leap day, hours that a zone leaves out or has twice, and any other. */
const born = fc.oneof(
  fc.constantFrom(
    '2027-01-29T23:59:59Z',
    '2027-01-30T12:00:00Z',
    '2027-01-31T22:30:00Z',
    '2027-03-28T01:30:00Z',
    '2027-05-31T00:00:00Z',
    '2027-10-31T01:15:00Z',
    '2027-12-31T13:00:00Z',
    '2028-02-29T12:00:00Z',
  ),
  fc
    .date({ min: new Date('2027-01-01'), max: new Date('2028-03-31'), noInvalidDate: true })
    .map((at) => at.toISOString()),
)

const plan = fc.constantFrom('free', 'team', 'business', 'strict', 'yearly', 'dollars')
const seats = fc.integer({ min: 1, max: 9 })
const change = (doing: 'change' | 'schedule'): fc.Arbitrary<Act> =>
  fc.record({
    do: fc.constant(doing),
    plan,
    seats: fc.option(seats, { freq: 2, nil: null }),
    trial: fc.boolean(),
  })
/** What organizations do with their subscriptions. */
export const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: change('change') },
  { weight: 2, arbitrary: change('schedule') },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('seats' as const), seats }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cancel' as const),
      at: fc.constantFrom('now' as const, 'period-end' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(...(['withdraw', 'unschedule', 'void', 'write-off'] as const)),
    }),
  },
)
const quantity = fc.integer({ min: 1, max: 30 })
const usage: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('use' as const), quantity }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('hold' as const), quantity, passing: fc.constant(false) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('end-hold' as const),
      end: fc.constantFrom('confirmed' as const, 'released' as const),
    }),
  },
)
/** What the upkeep does with it comes after all else of its moment: the order in the ledger is the same. */
const upkept: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant('hold' as const), quantity, passing: fc.constant(true) }),
  fc.record({
    do: fc.constant('calls' as const),
    batches: fc.array(quantity, { minLength: 1, maxLength: 4 }),
  }),
)

const dayMs = 24 * 3600_000
const moments = 26
/** On average a fortnight apart, as near as a day and as far as four weeks. */
const stride = (365 * dayMs) / moments

const script: fc.Arbitrary<Script> = fc
  .record({
    timeZone,
    born,
    advances: fc.constantFrom(true, false, false),
    /** How likely it pays when it looks at its invoices. */
    pays: fc.constantFrom(0.95, 0.8, 0.4, 0.1),
    moments: fc.array(
      fc.record({
        shift: fc.integer({ min: 0, max: Math.floor(stride - dayMs) }),
        luck: fc.integer({ min: 0, max: 99 }),
        acts: fc.oneof(
          { weight: 3, arbitrary: fc.constant<Act[]>([]) },
          { weight: 2, arbitrary: fc.array(act, { minLength: 1, maxLength: 2 }) },
        ),
        usage: fc.oneof(
          { weight: 2, arbitrary: fc.constant<Act[]>([]) },
          { weight: 1, arbitrary: fc.array(usage, { minLength: 1, maxLength: 3 }) },
        ),
        upkept: fc.option(upkept, { freq: 5, nil: null }),
      }),
      { minLength: moments, maxLength: moments },
    ),
  })
  .map(({ pays, moments: drawn, ...rest }) => ({
    ...rest,
    moments: drawn.map(({ shift, luck, acts, usage: used, upkept: last }, place) => ({
      at: new Date(new Date(rest.born).getTime() + Math.floor(stride * place) + shift).toISOString(),
      acts: [...(luck < pays * 100 ? [{ do: 'pay' as const }] : []), ...acts],
      usage: last ? [...used, last] : used,
    })),
  }))

export const scriptsOf = (seed: number, organizations: number): Script[] =>
  fc.sample(script, { seed, numRuns: organizations })

/** Plans that do what the seeded ones do not: suspend, go by the year, take another currency, limit hard by the day. */
export async function publishPlans(db: Database): Promise<void> {
  const at = new Date('2027-01-01')
  const slugs = ['strict', 'yearly', 'dollars']
  await db
    .insertInto('plans')
    .values(slugs.map((slug) => ({ slug, createdAt: at })))
    .execute()
  const common = { version: 1, description: '', public: true, publishedAt: at }
  const grants = (limit: number, reset: string, mode: string) =>
    JSON.stringify([
      { key: 'gateway.tool_calls', limit, reset, mode },
      { key: 'seats', limit: null, reset: null, mode: 'hard' },
    ])
  await db
    .insertInto('planVersions')
    .values([
      {
        ...common,
        id: 'plv_000000000000000000000strct',
        plan: 'strict',
        name: 'Strict',
        grants: grants(40, 'week', 'hard'),
        price: 1999,
        currency: 'EUR',
        per: 'seat',
        interval: 'month',
        trialDays: 5,
        dueDays: 0,
        graceDays: 3,
        fallback: null,
      },
      {
        ...common,
        id: 'plv_000000000000000000000yearl',
        plan: 'yearly',
        name: 'Yearly',
        grants: grants(60, 'day', 'soft'),
        price: 50_001,
        currency: 'EUR',
        per: 'organization',
        interval: 'year',
        trialDays: 0,
        dueDays: 10,
        graceDays: 0,
        fallback: 'free',
      },
      {
        ...common,
        id: 'plv_000000000000000000000d0lrs',
        plan: 'dollars',
        name: 'Dollars',
        grants: grants(25, 'period', 'hard'),
        price: 2501,
        currency: 'USD',
        per: 'organization',
        interval: 'month',
        trialDays: 31,
        dueDays: 7,
        graceDays: 9,
        fallback: 'free',
      },
    ])
    .execute()
}

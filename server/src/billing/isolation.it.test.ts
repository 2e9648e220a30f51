import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPlatform, type TestPlatform } from '../platform/testing/index.ts'
import { countCalls } from './quotas/counting.ts'
import { expireHolds } from './quotas/holds.ts'
import { checkQuota } from './quotas/use.ts'
import { pageOfInvoices } from './invoices/store.ts'
import { clockwork, testTerms } from './subscriptions/test-kit.ts'
import { readSubscription } from './subscriptions/store.ts'
import { pageOfSubscriptions, toSubscription } from './subscriptions/view.ts'
import { runDue } from './subscriptions/worker.ts'
import { perform, type Act } from './testing/year/acts.ts'
import { keptOf } from './testing/year/rows.ts'
import { act, publishPlans } from './testing/year/script.ts'

const born = new Date('2027-01-31T12:00:00Z')
const hourMs = 3600_000
let platform: TestPlatform
/** Every table with rows of organizations. */
let tables: string[]

beforeAll(async () => {
  platform = await openTestPlatform()
  await publishPlans(platform.db)
  const { rows } = await sql<{ name: string }>`
    select c.table_name as name from information_schema.columns c
    where c.table_schema = 'public' and c.column_name = 'organization_id'
      and exists (select from pg_class k where k.relname = c.table_name and k.relkind in ('r', 'p'))
    order by 1`.execute(platform.db)
  tables = rows.map(({ name }) => name)
})
afterAll(() => platform?.close())

type Step = { who: number } & ({ do: 'act'; act: Act } | { do: 'wait'; hours: number } | { do: 'work' })

const callsKey = 'gateway.tool_calls'
const firstQuantities = [3, 5]
const firstUse = (index: number): Step => ({
  who: index,
  do: 'act',
  act: { do: 'use', quantity: firstQuantities[index]! },
})

const who = fc.nat(1)
const quantity = fc.integer({ min: 1, max: 30 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      who,
      do: fc.constant('act' as const),
      act: fc.oneof(
        { weight: 3, arbitrary: act },
        { weight: 2, arbitrary: fc.constant<Act>({ do: 'pay' }) },
        { weight: 1, arbitrary: fc.record({ do: fc.constant('use' as const), quantity }) },
        {
          weight: 1,
          arbitrary: fc.record({ do: fc.constant('hold' as const), quantity, passing: fc.boolean() }),
        },
        { weight: 1, arbitrary: fc.constant<Act>({ do: 'end-hold', end: 'confirmed' }) },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constant('calls' as const),
            batches: fc.array(quantity, { maxLength: 3 }),
          }),
        },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      who,
      do: fc.constant('wait' as const),
      hours: fc.integer({ min: 1, max: 24 * 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ who, do: fc.constant('work' as const) }) },
)

interface One {
  id: string
  now: Date
}

/** The rows of an organization in every table, as one value. */
async function imageOf(id: string): Promise<Record<string, string | null>> {
  const one = (table: string) => sql`
    ${sql.lit(table)}, (select md5(string_agg(t::text, '|' order by t::text)) from ${sql.table(table)} t where t.organization_id = ${id})`
  const { rows } = await sql<{ image: Record<string, string | null> }>`
    select jsonb_build_object(${sql.join(tables.map(one))}) as image`.execute(platform.db)
  return rows[0]!.image
}

/** What the organization is shown. */
async function viewOf({ id, now }: One): Promise<unknown> {
  const { db } = platform
  const shown = {
    subscription: await toSubscription(db, await readSubscription(db, id)),
    history: await pageOfSubscriptions(db, id, { limit: 100 }),
    invoices: await pageOfInvoices(db, id, { limit: 100 }),
    quota: await checkQuota(db, id, [{ key: callsKey, quantity: 1 }], now),
  }
  // Who and which is told by ids and numbers, which are given out as they come.
  return JSON.parse(
    JSON.stringify(shown)
      .replaceAll(/"(?:org|sub|inv)_[0-9a-z]{26}"/g, '"one of its own"')
      .replaceAll(/"number":"(?:TEST-)?\d+"/g, '"number":""'),
  )
}

async function take(one: One, what: Step, key: string): Promise<void> {
  if (what.do === 'act') {
    await perform(platform, testTerms, { id: one.id, key: `${one.id}-${key}`, act: what.act })
    await countCalls(platform)
    await expireHolds(platform)
  } else if (what.do === 'work') await runDue(platform, testTerms)
  else {
    one.now = new Date(one.now.getTime() + what.hours * hourMs)
    const given = { id: one.id, key, act: { do: 'advance' as const, to: one.now.toISOString() } }
    await perform(platform, testTerms, given)
  }
}

/** Changes to what is told in the log that came without an event of the same transaction. */
async function untold(id: string, since: number): Promise<unknown[]> {
  const { rows } = await sql`
    with told as (select distinct xmin::text::bigint as xid from events where organization_id = ${id})
    select of, row from (
      select 'subscriptions' as of, xmin::text::bigint as xid, to_jsonb(s) as row from subscriptions s where organization_id = ${id}
      union all select 'invoices', xmin::text::bigint, to_jsonb(i) from invoices i where organization_id = ${id}
      union all select 'credits', xmin::text::bigint, to_jsonb(c) from credits c where organization_id = ${id}
      union all select 'trials', xmin::text::bigint, to_jsonb(t) from trials t where organization_id = ${id}) written
    where xid > ${since} and xid not in (select xid from told)`.execute(platform.db)
  return rows
}

const nextXid = async () => {
  const { rows } = await sql<{ xid: number }>`select pg_current_xact_id()::text::bigint as xid`.execute(
    platform.db,
  )
  return rows[0]!.xid
}

test("invariant 20: nothing that is done for one organization reads or changes another one's rows, and what it changes is told in the log by the same transaction", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async (steps) => {
      const found = async (): Promise<One> => ({
        id: await clockwork(platform, { now: born.toISOString(), timeZone: 'America/St_Johns' }),
        now: born,
      })
      const pair = [await found(), await found()]
      const since = await nextXid()
      // In windows that begin at the same time, so that whoever reads too much sees the other's.
      for (const [index, one] of pair.entries()) await take(one, firstUse(index), 'first')
      for (const [index, { id }] of pair.entries()) {
        const { items } = await checkQuota(platform.db, id, [{ key: callsKey, quantity: 1 }], born)
        expect(items[0]!.used).toBe(firstQuantities[index])
      }
      for (const [place, one] of steps.entries()) {
        const other = pair[1 - one.who]!
        const before = await imageOf(other.id)
        await take(pair[one.who]!, one, String(place))
        // The worker works for all: what fell due for the other is done as well.
        if (one.do !== 'work') expect(await imageOf(other.id)).toEqual(before)
        for (const { id } of pair) expect(await untold(id, since)).toEqual([])
      }
      // Alone, each comes to the same and is shown the same: it has read nothing of the other. What is shown is kept
      // before there are more organizations, of which a view that reads too much would show more.
      await runDue(platform, testTerms)
      const views = [await viewOf(pair[0]!), await viewOf(pair[1]!)]
      for (const [index, beside] of pair.entries()) {
        const alone = await found()
        await take(alone, firstUse(index), 'first')
        for (const [place, one] of steps.entries())
          if (one.who === index) await take(alone, one, String(place))
        await runDue(platform, testTerms)
        const [left, right] = await keptOf(platform.db, [alone.id, beside.id])
        expect({ ...right, requests: [] }).toEqual({ ...left, requests: [] })
        expect(await viewOf(alone)).toEqual(views[index])
      }
    }),
    { numRuns: 15 },
  )
}, 180_000)

/** Quota: uses of one hot key against the plain way, no more than there is, the ledger added up, and calls under a hard limit. */
import { sql } from 'kysely'
import { findDifferences } from '@berth/server/billing/quotas/ledger.ts'
import { createQuotaUses } from '@berth/server/billing/quotas/uses.ts'
import type { Platform } from '@berth/server/platform/platform.ts'
import {
  createServiceToken,
  createTenant,
  launchEcho,
  startShipped,
  usePlan,
  type Shipped,
  type Tenant,
} from './lib/berth.ts'
import { openBeside, origin } from './lib/beside.ts'
import { Load, type Pace, type Window } from './lib/load.ts'
import type { Finding, Report, Table } from './lib/report.ts'
import { seedOrganizations } from './lib/seed.ts'
import { median, round } from './lib/statistics.ts'

const key = 'gateway.tool_calls'
const callerCounts = [1, 8, 32]
const manyKeys = 1000
const windowMs = 2000
const rounds = 3
const entries = 1_000_000
const far = 1_000_000_000
const more = 1000
const sessions = 16

type Use = (organizationId: string) => Promise<boolean>

export async function quota(): Promise<Report> {
  const shipped = await startShipped()
  const platform = await openBeside(shipped.dataDir, shipped.databaseUrl)
  try {
    const tenant = await createTenant(shipped)
    const uses = await measureUses(platform, tenant)
    const fold = await measureFold(platform)
    const calls = await measureCalls(shipped, tenant)
    return {
      title: 'Quota',
      about: [
        `Uses of quota, each durable when it is answered, by callers who make one after the other, ${windowMs / 1000} s each. The plain way is one statement: a conditional update of the balance and an entry of the ledger.`,
        'Together, as the API does it: callers of an organization who wait at the same time are decided in their order and written by one statement, in one transaction with the event that says what they used.',
        `Calls go through the gateway from ${sessions} sessions in turns: without a limit, under a hard limit that is far, and beyond one that is used up on the way.`,
      ],
      findings: [...uses.findings, ...fold, ...calls.findings],
      tables: [uses.table, calls.table],
    }
  } finally {
    await platform.close()
    await shipped.stop()
  }
}

async function measureUses(
  platform: Platform,
  tenant: Tenant,
): Promise<{ findings: Finding[]; table: Table }> {
  await usePlan(tenant, { [key]: { limit: far, reset: 'month' } })
  const organizations = await seedOrganizations(platform.db, manyKeys)
  await sql`
    update subscriptions set plan_version_id = (
      select plan_version_id from subscriptions where organization_id = ${tenant.organizationId} and ended_at is null)
    where organization_id = any(${organizations}) and ended_at is null`.execute(platform.db)
  const hot = organizations[0]!
  const uses = createQuotaUses(platform)
  const together: Use = async (organizationId) =>
    (await uses.use(organizationId, origin, [{ key, quantity: 1 }])).allowed
  const plain = plainly(platform)
  const rows: string[][] = []
  let ratio = 0
  for (const callers of callerCounts) {
    const a = await rateOf(plain, callers, () => hot)
    const b = await rateOf(together, callers, () => hot)
    ratio = b / a
    rows.push([`1 key, ${callers} callers`, round(a), round(b), round(ratio)])
  }
  const any = () => organizations[Math.floor(Math.random() * manyKeys)]!
  const [a, b] = [await rateOf(plain, 32, any), await rateOf(together, 32, any)]
  rows.push([`${manyKeys} keys, 32 callers`, round(a), round(b), round(b / a)])
  const over = await overshoot(tenant, together)
  return {
    findings: [
      {
        what: 'uses of one hot key, 32 callers, against the plain way',
        target: '≥ 5 ×',
        figure: `${round(ratio)} ×`,
        met: ratio >= 5,
      },
      {
        what: 'uses beyond a limit of 2,000, 32 callers',
        target: '0',
        figure: String(over),
        met: over === 0,
      },
    ],
    table: { title: 'Uses a second', columns: ['', 'plain', 'together', 'ratio'], rows },
  }
}

/** What one would write first: one statement, one transaction a use. */
function plainly(platform: Platform): Use {
  const start = new Date('2000-01-01T00:00:00Z')
  return async (organizationId) => {
    const { rows } = await sql<{ ok: boolean }>`
      with used as (
        insert into quota_balances (organization_id, key, window_start, window_end, used)
        values (${organizationId}, 'plain', ${start}, ${new Date()}, 1)
        on conflict (organization_id, key, window_start) do update set used = quota_balances.used + 1
        where quota_balances.used + quota_balances.held + 1 <= ${far}
        returning 1
      ), entry as (
        insert into quota_ledger (organization_id, key, window_start, kind, used, held, at)
        select ${organizationId}, 'plain', ${start}, 'consume', 1, 0, now() from used)
      select exists (select from used) as ok`.execute(platform.db)
    return rows[0]!.ok
  }
}

async function rateOf(use: Use, callers: number, organization: () => string): Promise<number> {
  const began = performance.now()
  const end = began + windowMs
  let done = 0
  const caller = async () => {
    while (performance.now() < end) {
      if (!(await use(organization()))) throw new Error('a use far from the limit was refused')
      done++
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return done / ((performance.now() - began) / 1000)
}

async function overshoot(tenant: Tenant, use: Use): Promise<number> {
  const limit = 2000
  await usePlan(tenant, { [key]: { limit, reset: 'month' } })
  let allowed = 0
  const caller = async () => {
    while (await use(tenant.organizationId)) allowed++
  }
  await Promise.all(Array.from({ length: 32 }, caller))
  if (allowed < limit) throw new Error(`only ${allowed} of ${limit} uses were allowed`)
  return allowed - limit
}

async function measureFold(platform: Platform): Promise<Finding[]> {
  const [organizationId] = await seedOrganizations(platform.db, 1)
  await sql`
    insert into quota_ledger (organization_id, key, window_start, kind, used, held, at)
    select ${organizationId}, ${key}, '2000-01-01', 'consume', 1, 0, now() from generate_series(1, ${entries}::int)`.execute(
    platform.db,
  )
  await sql`
    insert into quota_balances (organization_id, key, window_start, window_end, used)
    values (${organizationId}, ${key}, '2000-01-01', '2000-02-01', ${entries})`.execute(platform.db)
  const began = performance.now()
  const differences = await findDifferences(platform.db, organizationId)
  const seconds = (performance.now() - began) / 1000
  return [
    {
      what: `a balance against its ${entries.toLocaleString('en')} entries`,
      target: 'the same',
      figure: `${differences.length === 0 ? 'the same' : 'another'}, in ${round(seconds)} s`,
      met: differences.length === 0,
    },
  ]
}

async function measureCalls(
  shipped: Shipped,
  tenant: Tenant,
): Promise<{ findings: Finding[]; table: Table }> {
  await usePlan(tenant, {})
  const { mcpUrl } = await launchEcho(tenant, 'principal')
  const { secret } = await createServiceToken(tenant, 'bench')
  const load = await Load.open({ url: mcpUrl, token: secret }, sessions)
  try {
    await load.run(windowMs)
    const turns: Record<'none' | 'far', Window[]> = { none: [], far: [] }
    for (let n = 0; n < rounds; n++) {
      for (const name of ['none', 'far'] as const) {
        await usePlan(tenant, name === 'far' ? { [key]: { limit: far, reset: 'month' } } : {})
        turns[name].push(await load.run(windowMs))
      }
    }
    const wrong = [...turns.none, ...turns.far].reduce((sum, turn) => sum + turn.wrong.calls, 0)
    if (wrong > 0) throw new Error(`${wrong} calls far from the limit were not answered`)
    const rate = (name: 'none' | 'far') => median(turns[name].map(({ perSecond }) => perSecond))
    const ratio = rate('none') / rate('far')
    const near = await callUpTo(shipped, tenant, load)
    const over = near.calls - more
    const all = (name: 'none' | 'far'): Omit<Pace, 'calls'> => ({
      perSecond: rate(name),
      p50: median(turns[name].map(({ p50 }) => p50)),
      p99: median(turns[name].map(({ p99 }) => p99)),
    })
    const row = (title: string, { perSecond, p50, p99 }: Omit<Pace, 'calls'>) => [
      title,
      round(perSecond),
      round(p50),
      round(p99),
    ]
    return {
      findings: [
        {
          what: 'a call under a hard limit that is far, against none',
          target: '≤ 1.1 ×',
          figure: `${round(ratio)} ×`,
          met: ratio <= 1.1,
        },
        {
          what: `calls answered beyond a limit of ${more.toLocaleString('en')} more`,
          target: '0',
          figure: over < 0 ? `${-over} too few` : String(over),
          met: over === 0,
        },
      ],
      table: {
        title: 'Calls through the gateway',
        columns: ['hard limit', 'a second', 'p50 ms', 'p99 ms'],
        rows: [
          row('none', all('none')),
          row('far', all('far')),
          row('used up: calls that are refused', near.wrong),
        ],
      },
    }
  } finally {
    await load.close()
  }
}

/** Calls against a limit that is so many (`more`) more than were counted until now. */
async function callUpTo({ sql: client }: Shipped, tenant: Tenant, load: Load): Promise<Window> {
  const used = async () => {
    const { rows } = await client.query<{ used: string; open: string }>(
      `select (select coalesce(sum(used + held), 0) from quota_balances where organization_id = $1 and key = $2) as used,
        (select count(*) from call_batches where billable > 0 and not counted) as open`,
      [tenant.organizationId, key],
    )
    return { used: Number(rows[0]!.used), open: Number(rows[0]!.open) }
  }
  const settled = async () => {
    for (let before = -1; ;) {
      await new Promise((resolve) => setTimeout(resolve, 3000))
      const now = await used()
      if (now.open === 0 && now.used === before) return before
      before = now.used
    }
  }
  await usePlan(tenant, { [key]: { limit: (await settled()) + more, reset: 'month' } })
  return await load.run(windowMs)
}

import { sql } from 'kysely'
import { callOutcome, callStatsLimits, type CallFigures, type CallStats } from '@berth/contracts'
import type { Database } from '../platform/db/database.ts'
import { Refusal } from '../platform/problem.ts'

export interface StatsQuery {
  organizationId: string
  deploymentId: string
  from?: string | undefined
  to?: string | undefined
  /** Seconds; absent: chosen by the length of the range. */
  step?: number | undefined
  tool?: string | undefined
  method?: string | undefined
  principalId?: string | undefined
}

const second = 1000
const { buckets: mostBuckets, days: mostDays } = callStatsLimits
/** Steps to choose from, seconds, and how many buckets look well. */
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200]
const pleasant = 120
/** Names of tools come from callers: only the most called ones are told. */
const mostTools = 50
const longestMs = 10_000

/** Of which time, in whole steps, so that a bucket at an end is not a part of one. */
export function rangeOf(query: Pick<StatsQuery, 'from' | 'to' | 'step'>, now: Date) {
  const to = query.to ? Date.parse(query.to) : now.getTime()
  const from = query.from ? Date.parse(query.from) : to - 3600 * second
  const refuse = (path: string, message: string) =>
    new Refusal('invalid_input', `${path}: ${message}.`, { errors: [{ path, message }] })
  if (from >= to) throw refuse('from', 'must be before to')
  if (to - from > mostDays * 86_400 * second)
    throw refuse('from', `must be at most ${mostDays} days before to; choose a shorter range`)
  const given = query.step
  const step = (given ?? steps.find((one) => to - from <= one * second * pleasant) ?? steps.at(-1)!) * second
  const start = Math.floor(from / step) * step
  const end = Math.ceil(to / step) * step
  const count = (end - start) / step
  if (count > mostBuckets) {
    const least = Math.ceil((to - from) / second / (mostBuckets - 1))
    throw refuse(
      'step',
      `makes ${count} buckets of this range, and at most ${mostBuckets} are told; make it ${least} seconds or more, or choose a shorter range`,
    )
  }
  return { start, step, count }
}

interface Row {
  kind: 'bucket' | 'tool' | 'total'
  bucket: number | null
  tool: string | null
  count: number
  outcomes: Record<string, number>
  latencies: number[] | null
}

/** How many calls a deployment had over time, how they ended and how long they took; read once, however many buckets. */
export async function callStats(db: Database, query: StatsQuery, now: Date): Promise<CallStats> {
  const { start, step, count } = rangeOf(query, now)
  const { organizationId, deploymentId, tool, method, principalId } = query
  const counted = callOutcome.options.map(
    (outcome) => sql`${sql.lit(outcome)}, count(*) filter (where outcome = ${sql.lit(outcome)})`,
  )
  const rows = await bounded(
    db,
    sql<Row>`
      with given as (
        select floor((extract(epoch from at) * 1000 - ${start}::float8) / ${step}::float8)::int as bucket,
          tool, outcome, latency_us
        from calls
        where organization_id = ${organizationId} and deployment_id = ${deploymentId}
          and at >= ${new Date(start)} and at < ${new Date(start + count * step)}
          ${tool === undefined ? sql`` : sql`and tool = ${tool}`}
          ${method === undefined ? sql`` : sql`and method = ${method}`}
          ${principalId === undefined ? sql`` : sql`and principal_id = ${principalId}`}
      ), summed as (
        select case when grouping(bucket) = 0 then 'bucket' when grouping(tool) = 0 then 'tool' else 'total' end as kind,
          bucket, tool, count(*)::int as count, jsonb_build_object(${sql.join(counted)}) as outcomes,
          percentile_disc(array[0.5, 0.95, 0.99]) within group (order by latency_us)
            filter (where outcome in ('ok', 'tool_error', 'error')) as latencies
        from given group by grouping sets ((bucket), (tool), ())
      )
      select kind, bucket, tool, count, outcomes, latencies from (
        select *, row_number() over (partition by kind order by count desc, tool) as place from summed
      ) ranked
      where kind <> 'tool' or (tool is not null and place <= ${mostTools})
      order by place`,
  )
  const byBucket = new Map(rows.filter(({ kind }) => kind === 'bucket').map((row) => [row.bucket, row]))
  return {
    from: new Date(start).toISOString(),
    to: new Date(start + count * step).toISOString(),
    stepSeconds: step / second,
    total: figuresOf(rows.find(({ kind }) => kind === 'total')),
    buckets: Array.from({ length: count }, (_, at) => ({
      at: new Date(start + at * step).toISOString(),
      ...figuresOf(byBucket.get(at)),
    })),
    tools: rows.filter(({ kind }) => kind === 'tool').map((row) => ({ tool: row.tool!, ...figuresOf(row) })),
  }
}

/** Runs one reading that must not keep a connection for long, whatever it is asked for. */
async function bounded(db: Database, statement: ReturnType<typeof sql<Row>>): Promise<Row[]> {
  try {
    return await db.transaction().execute(async (trx) => {
      await sql`set local statement_timeout = ${sql.lit(longestMs)}`.execute(trx)
      return (await statement.execute(trx)).rows
    })
  } catch (error) {
    if ((error as { code?: string }).code !== '57014') throw error
    throw new Refusal(
      'unavailable',
      `Summing up these calls takes longer than ${longestMs / 1000} seconds. Choose a shorter range, or one tool.`,
    )
  }
}

function figuresOf(row: Row | undefined): CallFigures {
  const [p50, p95, p99] = row?.latencies ?? []
  const ms = (us: number | undefined) => (us === undefined ? null : us / 1000)
  const none = Object.fromEntries(callOutcome.options.map((outcome) => [outcome, 0]))
  return {
    count: row?.count ?? 0,
    outcomes: row?.outcomes ?? none,
    p50Ms: ms(p50),
    p95Ms: ms(p95),
    p99Ms: ms(p99),
  }
}

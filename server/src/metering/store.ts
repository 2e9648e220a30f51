import { sql } from 'kysely'
import { billedOutcomes, type CallRecord } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Reach } from '../platform/http/principal.ts'

/** Where the next bytes of a journal file start, its row locked; null while another process has it. */
export async function lockPosition(
  db: Queryable,
  file: string,
  runnerId: string,
  now: Date,
): Promise<number | null> {
  await db
    .insertInto('callJournals')
    .values({ file, runnerId, updatedAt: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await db
    .selectFrom('callJournals')
    .select('position')
    .where('file', '=', file)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst()
  return row?.position ?? null
}

export async function savePosition(db: Queryable, file: string, position: number, now: Date): Promise<void> {
  await db.updateTable('callJournals').set({ position, updatedAt: now }).where('file', '=', file).execute()
}

/** How far journal files have been copied, by name. */
export async function findPositions(db: Queryable): Promise<Map<string, number>> {
  const rows = await db.selectFrom('callJournals').select(['file', 'position']).execute()
  return new Map(rows.map(({ file, position }) => [file, position]))
}

/** Batches whose digest is not yet in a log. */
export async function countOpenBatches(db: Queryable): Promise<number> {
  const row = await db
    .selectFrom('callBatches')
    .select((eb) => eb.fn.countAll<number>().as('open'))
    .where('sealedIn', 'is', null)
    .executeTakeFirstOrThrow()
  return row.open
}

/**
 * Adds journal lines to the calls, but those that are there already, with a batch an organization and its digest.
 * One statement; PostgreSQL reads the lines itself. Fails as a whole when a line is not a record.
 */
export async function insertCalls(db: Queryable, lines: string, runnerId: string, now: Date): Promise<void> {
  await sql`
    with parsed as materialized (
      select line, line::jsonb as r from string_to_table(${lines}, E'\n') as t (line)
    ), given as materialized (
      select distinct on (at, id) * from (
        select r ->> 0 as id, r ->> 1 as organization_id, r ->> 2 as workspace_id, r ->> 3 as deployment_id,
          r ->> 4 as principal_kind, r ->> 5 as principal_id, r ->> 6 as token_id, r ->> 7 as session_id,
          r ->> 8 as method, r ->> 9 as tool, r ->> 10 as decision_id, r ->> 11 as outcome,
          (r ->> 12)::int as error_code, (r ->> 13)::int as request_bytes, (r ->> 14)::int as response_bytes,
          (r ->> 15)::int as latency_us, to_timestamp((r ->> 16)::float8 / 1000) as at,
          sha256(convert_to(line, 'UTF8')) as hash
        from parsed) p
    ), fresh as materialized (
      select * from given g where not exists (select from calls c where c.deployment_id = g.deployment_id and c.at = g.at and c.id = g.id)
    ), batches as (
      insert into call_batches (organization_id, runner_id, count, digest, at, billable)
      select organization_id, ${runnerId}, count(*), sha256(string_agg(hash, ''::bytea order by id)), ${now},
        count(*) filter (where method = 'tools/call' and outcome = any(${[...billedOutcomes]}::text[]))
      from fresh group by organization_id
      returning id, organization_id
    )
    insert into calls (id, organization_id, workspace_id, deployment_id, principal_kind, principal_id, token_id,
      session_id, method, tool, decision_id, outcome, error_code, request_bytes, response_bytes, latency_us, at, batch)
    select f.id, f.organization_id, workspace_id, deployment_id, principal_kind, principal_id, token_id,
      session_id, method, tool, decision_id, outcome, error_code, request_bytes, response_bytes, latency_us, at, b.id
    from fresh f join batches b using (organization_id)`.execute(db)
}

export interface CallFilter {
  organizationId: string
  workspaceId?: string | undefined
  deploymentId?: string | undefined
  principalId?: string | undefined
  tool?: string | undefined
  method?: string | undefined
  outcome?: string | undefined
  from?: string | undefined
  to?: string | undefined
  reach?: Reach
  /** Only calls before this place in the order. */
  before: { at: Date; id: string } | null
  limit: number
}

const shown = [
  'id',
  'organizationId',
  'workspaceId',
  'deploymentId',
  'principalKind',
  'principalId',
  'tokenId',
  'sessionId',
  'method',
  'tool',
  'decisionId',
  'outcome',
  'errorCode',
  'requestBytes',
  'responseBytes',
  'latencyUs',
  'at',
] as const

/** Calls of an organization, newest first. */
export async function findCalls(db: Queryable, filter: CallFilter): Promise<CallRecord[]> {
  const { before } = filter
  let query = db.selectFrom('calls').select(shown).where('organizationId', '=', filter.organizationId)
  if (filter.workspaceId) query = query.where('workspaceId', '=', filter.workspaceId)
  if (filter.deploymentId) query = query.where('deploymentId', '=', filter.deploymentId)
  if (filter.principalId) query = query.where('principalId', '=', filter.principalId)
  if (filter.tool) query = query.where('tool', '=', filter.tool)
  if (filter.method) query = query.where('method', '=', filter.method)
  if (filter.outcome) query = query.where('outcome', '=', filter.outcome)
  if (filter.from) query = query.where('at', '>=', new Date(filter.from))
  if (filter.to) query = query.where('at', '<', new Date(filter.to))
  if (filter.reach?.workspaceId) query = query.where('workspaceId', '=', filter.reach.workspaceId)
  if (filter.reach?.deploymentIds)
    query = query.where(sql<boolean>`deployment_id = any(${filter.reach.deploymentIds})`)
  if (before)
    query = query.where(sql<boolean>`at <= ${before.at} and (at, id) < (${before.at}, ${before.id})`)
  const rows = await query.orderBy('at', 'desc').orderBy('id', 'desc').limit(filter.limit).execute()
  return rows.map(({ latencyUs, at, ...row }) => ({
    ...row,
    principalKind: row.principalKind as CallRecord['principalKind'],
    outcome: row.outcome as CallRecord['outcome'],
    latencyMs: latencyUs / 1000,
    at: at.toISOString(),
  }))
}

export interface Activity {
  deploymentId: string
  workspaceId: string
  callsLastMinute: number
  p99Ms: number | null
}

/** The last minute's calls of an organization's deployments that had any. */
export async function findActivity(db: Queryable, organizationId: string, now: Date): Promise<Activity[]> {
  const { rows } = await sql<Activity>`
    select deployment_id, workspace_id, count(*) as calls_last_minute,
      percentile_cont(0.99) within group (order by latency_us) / 1000 as p99_ms
    from calls
    where organization_id = ${organizationId} and at > ${new Date(now.getTime() - 60_000)}
    group by deployment_id, workspace_id`.execute(db)
  return rows
}

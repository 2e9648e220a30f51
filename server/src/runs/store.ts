import { sql, type RawBuilder } from 'kysely'
import type { Run, RunKind, RunStatus } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Reach } from '../platform/http/principal.ts'

interface RunRow {
  id: string
  organizationId: string
  workspaceId: string | null
  deploymentId: string | null
  releaseId: string | null
  kind: RunKind
  status: RunStatus
  step: string | null
  attempt: number
  retryLimit: number
  reason: string | null
  requestedBy: string
  leasedBy: string | null
  leasedUntil: Date | null
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
  ledger: { attempt: number; status: RunStatus; reason: string | null; observedAt: string }[]
}

/** A run with its lease, which is nobody's business but the workers'. */
export type LeasedRun = Run & { leasedBy: string | null; leasedUntil: Date | null }

const columns = sql`r.*, (
  select coalesce(jsonb_agg(jsonb_build_object(
    'attempt', a.attempt, 'status', a.status, 'reason', a.reason, 'observedAt', a.observed_at) order by a.entry), '[]')
  from run_attempts a where a.run_id = r.id) as ledger`

const everything: Reach = { workspaceId: null, deploymentIds: null }

export interface RunFilter {
  organizationId: string
  deploymentId?: string | undefined
  workspaceId?: string | undefined
  kind?: RunKind | undefined
  status?: RunStatus | undefined
  reach?: Reach
  /** Only runs before this id. */
  before: string | null
  limit: number
}

/** Runs of an organization, newest first. */
export async function findRuns(db: Queryable, filter: RunFilter): Promise<Run[]> {
  const where = [sql`r.organization_id = ${filter.organizationId}`]
  if (filter.deploymentId) where.push(sql`r.deployment_id = ${filter.deploymentId}`)
  if (filter.workspaceId) where.push(sql`r.workspace_id = ${filter.workspaceId}`)
  if (filter.kind) where.push(sql`r.kind = ${filter.kind}`)
  if (filter.status) where.push(sql`r.status = ${filter.status}`)
  if (filter.before) where.push(sql`r.id < ${filter.before}`)
  if (filter.reach) where.push(within(filter.reach))
  const rows = await select(
    db,
    sql`where ${sql.join(where, sql` and `)} order by r.id desc limit ${filter.limit}`,
  )
  return rows.map(toRun)
}

function within({ workspaceId, deploymentIds }: Reach): RawBuilder<unknown> {
  return sql`(${workspaceId}::text is null or r.workspace_id = ${workspaceId})
    and (${deploymentIds}::text[] is null or r.deployment_id is null or r.deployment_id = any(${deploymentIds}))`
}

/** The newest runs of each of the given workspaces, at most `limit` a workspace, newest first. */
export async function findRecentRuns(
  db: Queryable,
  organizationId: string,
  workspaceIds: string[],
  limit: number,
): Promise<Run[]> {
  if (workspaceIds.length === 0 || limit === 0) return []
  const { rows } = await sql<RunRow>`
    select ${columns} from unnest(${workspaceIds}::text[]) as w (id)
    cross join lateral (
      select * from runs
      where workspace_id = w.id and organization_id = ${organizationId}
      order by id desc limit ${limit}) r
    order by r.id desc`.execute(db)
  return rows.map(toRun)
}

/** The newest run of each of the given deployments. */
export async function findLastRuns(
  db: Queryable,
  organizationId: string,
  deploymentIds: string[],
): Promise<Run[]> {
  if (deploymentIds.length === 0) return []
  const { rows } = await sql<RunRow>`
    select ${columns} from unnest(${deploymentIds}::text[]) as d (id)
    cross join lateral (
      select * from runs where deployment_id = d.id and organization_id = ${organizationId}
      order by id desc limit 1) r`.execute(db)
  return rows.map(toRun)
}

export async function findRun(
  db: Queryable,
  organizationId: string,
  id: string,
  reach: Reach = everything,
): Promise<Run | null> {
  const [row] = await select(
    db,
    sql`where r.organization_id = ${organizationId} and r.id = ${id} and ${within(reach)}`,
  )
  return row ? toRun(row) : null
}

/** Locks a run for a change. */
export async function lockRun(db: Queryable, id: string): Promise<LeasedRun | null> {
  const [row] = await select(db, sql`where r.id = ${id} for update of r`)
  return row ? { ...toRun(row), leasedBy: row.leasedBy, leasedUntil: row.leasedUntil } : null
}

/** Ids of running runs whose lease ended, and of runs that have been pending since before `pendingSince`. */
export async function findStuckRuns(
  db: Queryable,
  now: Date,
  pendingSince: Date,
  pendingKinds: string[],
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select r.id from runs r
    where (r.status = 'running' and r.leased_until < ${now})
      or (r.status = 'pending' and r.kind = any(${pendingKinds}::text[]) and not exists (
        select 1 from run_attempts a where a.run_id = r.id and a.observed_at >= ${pendingSince}))
    order by r.id limit 200`.execute(db)
  return rows.map((row) => row.id)
}

/** Which of these runs somebody is at work on. */
export async function findRunsAtWork(db: Queryable, ids: string[], now: Date): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from runs where id = any(${ids}::text[]) and status = 'running' and leased_until >= ${now}`.execute(
    db,
  )
  return new Set(rows.map((row) => row.id))
}

/** Ends the leases of a worker that is known to be gone, so that its runs need not wait for them. */
export async function endLeases(db: Queryable, leasedBy: string, now: Date): Promise<void> {
  await sql`update runs set leased_until = ${now} where leased_by = ${leasedBy} and status = 'running'`.execute(
    db,
  )
}

async function select(db: Queryable, rest: RawBuilder<unknown>): Promise<RunRow[]> {
  const { rows } = await sql<RunRow>`select ${columns} from runs r ${rest}`.execute(db)
  return rows
}

function toRun(row: RunRow): Run {
  const { startedAt, endedAt } = row
  return {
    id: row.id,
    organizationId: row.organizationId,
    workspaceId: row.workspaceId,
    deploymentId: row.deploymentId,
    releaseId: row.releaseId,
    kind: row.kind,
    status: row.status,
    step: row.step,
    attempt: row.attempt,
    retryLimit: row.retryLimit,
    retryLedger: row.ledger.map((entry) => ({
      ...entry,
      observedAt: new Date(entry.observedAt).toISOString(),
    })),
    reason: row.reason,
    requestedBy: row.requestedBy,
    createdAt: row.createdAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
    durationMs: startedAt && endedAt ? endedAt.getTime() - startedAt.getTime() : null,
  }
}

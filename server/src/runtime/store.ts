import { sql } from 'kysely'
import type {
  Artifact,
  Deployment,
  Enforcement,
  Limits,
  PendingStatus,
  ReleaseManifest,
} from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Tx } from '../platform/mutate.ts'
import type { Reach } from '../platform/http/principal.ts'
import { maxFailures } from './limits.ts'

/** A deployment with everything about it that a page, the reconciler or the gateway needs to know. */
export interface DeploymentRow {
  id: string
  organizationId: string
  organizationSlug: string
  organizationState: 'active' | 'suspended' | 'closed'
  workspaceId: string
  workspaceKey: string
  workspaceState: string
  tier: string
  sandbox: 'required' | 'preferred'
  checkEveryCall: boolean
  name: string
  server: string
  releaseId: string
  version: string
  artifact: Artifact
  manifest: ReleaseManifest
  digest: string | null
  config: Record<string, unknown>
  secrets: Record<string, string>
  limits: Limits
  desired: Deployment['desired']
  phase: Deployment['phase']
  health: Deployment['health']
  hold: PendingStatus | null
  holdNotes: string[]
  decisionId: string | null
  quarantined: boolean
  reason: string | null
  generation: number
  runningGeneration: number | null
  failures: number
  restarts: number
  nextAttemptAt: Date | null
  enforcement: Enforcement | null
  runnerId: string | null
  rowVersion: number
  settingsVersion: number
  createdBy: string
  createdAt: Date
  startedAt: Date | null
  deletedAt: Date | null
  liveHash: string | null
  /** Which release showed that surface. */
  liveRelease: string | null
  tools: number | null
}

const columns = sql`
  d.*, o.slug as organization_slug, o.state as organization_state, w.key as workspace_key, w.state as workspace_state, w.tier,
  ti.sandbox, ti.check_every_call, p.slug || '/' || s.slug as server, r.version, r.artifact, r.manifest, r.digest,
  t.live_hash, t.release_id as live_release, jsonb_array_length(t.live_surface -> 'tools') as tools`

const tables = sql`
  deployments d
  join organizations o on o.id = d.organization_id
  join workspaces w on w.id = d.workspace_id
  join tiers ti on ti.code = w.tier
  join releases r on r.id = d.release_id
  join servers s on s.id = d.server_id
  join providers p on p.id = s.provider_id
  left join trust_records t on t.deployment_id = d.id`

export async function findDeployment(
  db: Queryable,
  id: string,
  organizationId?: string,
): Promise<DeploymentRow | null> {
  const inOrganization = organizationId ? sql`and d.organization_id = ${organizationId}` : sql``
  const { rows } = await sql<DeploymentRow>`
    select ${columns} from ${tables} where d.id = ${id} ${inOrganization}`.execute(db)
  return rows[0] ?? null
}

/** A deployment, locked for a change. */
export async function lockDeployment(tx: Tx, id: string): Promise<DeploymentRow | null> {
  await tx.db.selectFrom('deployments').select('id').where('id', '=', id).forUpdate().execute()
  return await findDeployment(tx.db, id)
}

/** Whether it should run, whatever policy says. */
export const isWanted = (row: DeploymentRow): boolean =>
  row.desired === 'running' && row.workspaceState === 'active' && row.deletedAt === null

export interface DeploymentFilter {
  organizationId: string
  workspaceId?: string
  workspaceIds?: string[]
  ids?: string[]
  name?: string
  after?: string | null
  reach?: Reach
  limit: number
}

/** Deployments that are not deleted, oldest first. */
export async function findDeployments(db: Queryable, filter: DeploymentFilter): Promise<DeploymentRow[]> {
  const { rows } = await sql<DeploymentRow>`
    select ${columns} from ${tables}
    where d.organization_id = ${filter.organizationId} and d.deleted_at is null
      ${filter.workspaceId ? sql`and d.workspace_id = ${filter.workspaceId}` : sql``}
      ${filter.workspaceIds ? sql`and d.workspace_id = any(${filter.workspaceIds})` : sql``}
      ${filter.ids ? sql`and d.id = any(${filter.ids})` : sql``}
      ${filter.name ? sql`and d.name = ${filter.name}` : sql``}
      ${filter.reach?.workspaceId ? sql`and d.workspace_id = ${filter.reach.workspaceId}` : sql``}
      ${filter.reach?.deploymentIds ? sql`and d.id = any(${filter.reach.deploymentIds})` : sql``}
      ${filter.after ? sql`and d.id > ${filter.after}` : sql``}
    order by d.id limit ${filter.limit}`.execute(db)
  return rows
}

/**
 * Makes the runner the home of deployments that need somebody and have nobody alive. Returns their ids, and whether one
 * of them was left behind by a runner that is gone.
 */
export async function claimHomes(
  db: Queryable,
  runnerId: string,
  batch: number,
): Promise<{ ids: string[]; orphans: boolean }> {
  const { rows } = await sql<{ id: string; before: string | null }>`
    with free as materialized (
      select d.id, d.runner_id from deployments d join workspaces w on w.id = d.workspace_id
      where (d.runner_id is null or not exists
          (select 1 from runners r where r.id = d.runner_id and r.alive_until > now()))
        and (case when d.deleted_at is not null then d.phase <> 'absent'
             when d.desired = 'running' and w.state = 'active' then d.phase <> 'failed' or d.failures = 0
             else d.phase in ('launching', 'running', 'stopping', 'failed') or d.hold is not null end)
      order by d.id limit ${batch} for update of d skip locked)
    update deployments set runner_id = ${runnerId} from free
    where deployments.id = free.id
    returning deployments.id, free.runner_id as before`.execute(db)
  return { ids: rows.map((row) => row.id), orphans: rows.some((row) => row.before !== null) }
}

export async function homesOf(db: Queryable, runnerId: string): Promise<string[]> {
  const rows = await db.selectFrom('deployments').select('id').where('runnerId', '=', runnerId).execute()
  return rows.map((row) => row.id)
}

/** Notes the end of processes whose runner is gone, as nobody else will, and forgets those that ended a week ago. */
export async function buryInstances(db: Queryable): Promise<void> {
  await sql`
    update instances i set state = 'gone', exit_reason = 'The runner that it was on is gone.', ended_at = now()
    where i.state <> 'gone' and not exists (
      select 1 from runners r where r.id = i.runner_id and r.alive_until > now())`.execute(db)
  await sql`delete from instances where state = 'gone' and ended_at < now() - interval '7 days'`.execute(db)
}

/** The address at which the runner that is a deployment's home answers; null when it has none alive. */
export async function homeAddress(db: Queryable, runnerId: string): Promise<string | null> {
  const { rows } = await sql<{ address: string }>`
    select address from runners where id = ${runnerId} and alive_until > now()`.execute(db)
  return rows[0]?.address ?? null
}

/** The row as the API shows it. */
export function toDeployment(row: DeploymentRow, publicUrl: string): Deployment {
  return {
    id: row.id,
    organizationId: row.organizationId,
    workspaceId: row.workspaceId,
    name: row.name,
    server: row.server,
    releaseId: row.releaseId,
    version: row.version,
    digest: row.digest,
    config: row.config,
    secrets: row.secrets,
    limits: row.limits,
    isolation: row.manifest.isolation,
    desired: row.desired,
    phase: row.phase,
    health: row.health,
    hold: row.hold,
    holdNotes: row.holdNotes,
    decisionId: row.decisionId,
    quarantined: row.quarantined,
    reason: row.reason,
    restarts: row.restarts,
    failures: row.failures,
    failureLimit: maxFailures,
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    enforcement: row.enforcement,
    surfaceHash: row.liveHash,
    tools: row.tools,
    mcpUrl: `${publicUrl}/mcp/${row.organizationSlug}/${row.workspaceKey}/${row.name}`,
    rowVersion: row.rowVersion,
    settingsVersion: row.settingsVersion,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
  }
}

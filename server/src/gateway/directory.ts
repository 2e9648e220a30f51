/** Which deployment a URL names, and whether it may be called now: in memory, fed by the log. */
import { sql } from 'kysely'
import type { LogEvent } from '@berth/contracts'
import type { Platform } from '../platform/platform.ts'
import { findDeployment, type DeploymentRow } from '../runtime/service.ts'

export interface Target {
  id: string
  organizationId: string
  workspaceId: string
}

/** How long an address that names nothing is remembered. */
const missMs = 1000
const maxMisses = 10_000

export interface Directory {
  /** The deployment at `/mcp/{organization}/{workspace}/{deployment}`; old names still lead there. */
  resolve(organization: string, workspace: string, deployment: string): Promise<Target | null>
  /** What is known of a deployment, if it was loaded. */
  known(id: string): DeploymentRow | undefined
  load(id: string): Promise<DeploymentRow | null>
  /** What is known of a deployment, with all that was committed before the call. */
  refresh(id: string): Promise<DeploymentRow | null>
  close(): void
}

/** Names that may have moved when one of these happens. */
const naming = new Set([
  'organization.updated',
  'workspace.updated',
  'deployment.updated',
  'deployment.created',
  'deployment.deleted',
  'workspace.created',
  'organization.created',
])
const touching = new Set([
  'organization.suspended',
  'organization.resumed',
  'organization.closed',
  'workspace.updated',
  'workspace.archived',
  'workspace.restored',
  'tier.updated',
  'release.state_changed',
])

export function createDirectory(platform: Platform): Directory {
  const { db, feed, logger } = platform
  const targets = new Map<string, Target>()
  const misses = new Map<string, number>()
  const rows = new Map<string, DeploymentRow>()
  const loading = new Map<string, Promise<DeploymentRow | null>>()

  /** Raised when names may have moved: what was looked up before must not be kept. */
  let generation = 0

  const unsubscribe = feed.subscribe((events) => events.forEach(hear))

  function hear(event: LogEvent): void {
    if (naming.has(event.type)) {
      generation++
      targets.clear()
      misses.clear()
    }
    const id = event.payload['deploymentId']
    if (typeof id === 'string') {
      const row = rows.get(id)
      if (row) applyEvent(row, event)
      if (row || loading.has(id)) reload(id)
    } else if (touching.has(event.type))
      for (const known of [...rows.keys(), ...loading.keys()]) reload(known)
  }

  /** A load that began before an event may not have seen it: one more follows. */
  function reload(id: string): void {
    const before: Promise<unknown> = loading.get(id) ?? Promise.resolve()
    track(
      id,
      before.catch(() => {}).then(() => fetchRow(id)),
    ).catch(() => {})
  }

  function track(id: string, next: Promise<DeploymentRow | null>): Promise<DeploymentRow | null> {
    loading.set(id, next)
    next
      .catch((error: Error) => {
        rows.delete(id)
        logger.warn({ deployment: id, err: error.message }, 'a deployment could not be read')
      })
      .finally(() => {
        if (loading.get(id) === next) loading.delete(id)
      })
    return next
  }

  async function load(id: string): Promise<DeploymentRow | null> {
    return rows.get(id) ?? (await (loading.get(id) ?? track(id, fetchRow(id))))
  }

  async function fetchRow(id: string): Promise<DeploymentRow | null> {
    const row = await findDeployment(db, id)
    if (row && !row.deletedAt) rows.set(id, row)
    else rows.delete(id)
    return row
  }

  return {
    resolve: async (organization, workspace, deployment) => {
      const key = `${organization}/${workspace}/${deployment}`
      const known = targets.get(key)
      if (known) return known
      if ((misses.get(key) ?? 0) > performance.now()) return null
      const started = generation
      const { rows: found } = await sql<Target>`
        select d.id, d.organization_id, d.workspace_id
        from organization_slugs o
        join workspace_keys w on w.organization_id = o.organization_id and w.key = ${workspace}
        join deployment_names n on n.workspace_id = w.workspace_id and n.name = ${deployment}
        join deployments d on d.id = n.deployment_id and d.deleted_at is null
        where o.slug = ${organization}`.execute(db)
      const target = found[0] ?? null
      if (started !== generation) return target
      if (target) targets.set(key, target)
      else {
        if (misses.size > maxMisses) misses.clear()
        misses.set(key, performance.now() + missMs)
      }
      return target
    },
    known: (id) => rows.get(id),
    load,
    refresh: async (id) => {
      await feed.catchUp()
      return await (loading.get(id) ?? load(id))
    },
    close: unsubscribe,
  }
}

/** What an event says is true at once, before the row is read again. */
function applyEvent(row: DeploymentRow, event: LogEvent): void {
  if (event.type === 'deployment.stopped') row.desired = 'stopped'
  if (event.type === 'deployment.deleted') row.desired = 'stopped'
  if (event.type !== 'deployment.changed') return
  const { changes } = event.payload as { changes: { field: string; current: unknown }[] }
  for (const { field, current } of changes) Object.assign(row, { [field]: current })
  row.reason = (event.payload['reason'] as string | null) ?? row.reason
}

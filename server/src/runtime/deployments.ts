/** Deployments: what people ask of them. A runner does it. */
import { sql } from 'kysely'
import type { z } from 'zod'
import { limits as limitsSchema, type Deployment, type launchBody, type Limits } from '@berth/contracts'
import { getRelease, resolveRelease, validateConfig } from '../catalog/service.ts'
import type { Queryable } from '../platform/db/database.ts'
import { newId } from '../platform/ids.ts'
import type { Tx } from '../platform/mutate.ts'
import { notFound, Refusal } from '../platform/problem.ts'
import { holdSecrets, listSecrets } from '../secrets/service.ts'
import { acceptSurface } from '../trust/service.ts'
import { lockWorkspace } from '../workspaces/service.ts'
import { findDeployment, type DeploymentRow } from './store.ts'

type LaunchBody = z.output<typeof launchBody>

/** Creates a deployment that wants to run. Answers at once; a runner does the rest. Returns its row. */
export async function launch(tx: Tx, organizationId: string, body: LaunchBody): Promise<DeploymentRow> {
  const workspace = await lockWorkspace(tx, organizationId, body.workspaceId)
  if (workspace.state !== 'active') {
    throw new Refusal(
      'invalid_state',
      `The workspace ${workspace.key} is ${workspace.state}; only an active one launches servers.`,
    )
  }
  const release = await resolveRelease(tx.db, body.server, body.version)
  const config = validateConfig(release.manifest, body.config)
  const secrets = await bindSecrets(tx, workspace, release.manifest.secrets, body.secrets)
  const name = await freeName(tx.db, workspace.id, body.name, body.server.split('/')[1]!)
  const id = newId('deployment')
  await tx.db
    .insertInto('deployments')
    .values({
      id,
      organizationId,
      workspaceId: workspace.id,
      name,
      serverId: release.serverId,
      releaseId: release.id,
      config: JSON.stringify(config),
      secrets: JSON.stringify(secrets),
      limits: JSON.stringify(limitsSchema.parse(body.limits)),
      desired: 'running',
      createdBy: tx.actor.id,
      createdAt: tx.now,
    })
    .execute()
  await nameDeployment(tx, workspace.id, name, id)
  const ids = { workspaceId: workspace.id, deploymentId: id }
  tx.emit(organizationId, 'deployment.created', {
    ...ids,
    name,
    server: body.server,
    releaseId: release.id,
    version: release.version,
  })
  tx.emit(organizationId, 'deployment.started', ids)
  return (await findDeployment(tx.db, id))!
}

/** The release's secret names → the workspace's secrets; what is not bound is looked for under its own name. */
async function bindSecrets(
  tx: Tx,
  workspace: { id: string; organizationId: string },
  wanted: { name: string; required: boolean }[],
  given: Record<string, string>,
): Promise<Record<string, string>> {
  const secrets = await listSecrets(tx.db, workspace.organizationId, workspace.id)
  const existing = new Set(secrets.map((secret) => secret.name))
  const errors: { path: string; message: string }[] = []
  for (const [name, secret] of Object.entries(given)) {
    if (!wanted.some((one) => one.name === name)) {
      const known = wanted.map((one) => one.name).join(', ') || 'none'
      errors.push({ path: `secrets.${name}`, message: `the release has no such secret; it has: ${known}` })
    } else if (!existing.has(secret)) {
      errors.push({
        path: `secrets.${name}`,
        message: `the workspace has no secret "${secret}"; set it first`,
      })
    }
  }
  const bound: Record<string, string> = {}
  for (const { name, required } of wanted) {
    const secret = given[name] ?? (existing.has(name) ? name : undefined)
    if (secret) bound[name] = secret
    else if (required)
      errors.push({
        path: `secrets.${name}`,
        message: `is required: set a secret "${name}" in the workspace, or bind another`,
      })
  }
  if (errors.length > 0) {
    throw new Refusal('invalid_config', `${errors[0]!.path}: ${errors[0]!.message}.`, { errors })
  }
  await holdSecrets(tx, workspace.organizationId, workspace.id, Object.values(bound))
  return bound
}

async function freeName(
  db: Queryable,
  workspaceId: string,
  wanted: string | undefined,
  base: string,
  own?: string,
): Promise<string> {
  const rows = await db
    .selectFrom('deploymentNames as n')
    .innerJoin('deployments as d', 'd.id', 'n.deploymentId')
    .where('n.workspaceId', '=', workspaceId)
    .where('d.deletedAt', 'is', null)
    .$if(own !== undefined, (query) => query.where('d.id', '<>', own!))
    .select(['n.name', 'd.name as owner'])
    .execute()
  const taken = new Map(rows.map((row) => [row.name, row.owner]))
  if (wanted !== undefined) {
    const owner = taken.get(wanted)
    if (owner !== undefined) throw nameTaken(wanted, owner)
    return wanted
  }
  if (!taken.has(base)) return base
  for (let n = 2; ; n++) if (!taken.has(`${base}-${n}`)) return `${base}-${n}`
}

function nameTaken(name: string, owner: string): Refusal {
  const sentence =
    owner === name
      ? `The workspace has a deployment named "${name}" already.`
      : `"${name}" is an earlier name of the deployment "${owner}", to which it still leads; choose another.`
  return new Refusal('duplicate', sentence, { errors: [{ path: 'name', message: 'is taken' }] })
}

/** Takes a name; a deleted deployment's name is free again. */
async function nameDeployment(tx: Tx, workspaceId: string, name: string, id: string): Promise<void> {
  await tx.db
    .insertInto('deploymentNames')
    .values({ workspaceId, name, deploymentId: id })
    .onConflict((conflict) => conflict.columns(['workspaceId', 'name']).doUpdateSet({ deploymentId: id }))
    .execute()
}

/** Locks a deployment of the organization for a change; 404 when there is none. */
async function lock(tx: Tx, organizationId: string, id: string): Promise<DeploymentRow> {
  const found = await tx.db
    .selectFrom('deployments')
    .select('id')
    .where('id', '=', id)
    .where('organizationId', '=', organizationId)
    .where('deletedAt', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (!found) throw notFound('deployment')
  return (await findDeployment(tx.db, id))!
}

const idsOf = (row: DeploymentRow) => ({ workspaceId: row.workspaceId, deploymentId: row.id })

async function write(tx: Tx, row: DeploymentRow, fields: Record<string, unknown>): Promise<DeploymentRow> {
  await tx.db
    .updateTable('deployments')
    .set({ ...fields, rowVersion: sql`row_version + 1` })
    .where('id', '=', row.id)
    .execute()
  return (await findDeployment(tx.db, row.id))!
}

/** Forgets earlier failures, so that the next attempt comes at once. */
const fresh = { failures: 0, nextAttemptAt: null }

export async function start(tx: Tx, organizationId: string, id: string): Promise<DeploymentRow> {
  const row = await lock(tx, organizationId, id)
  if (row.workspaceState !== 'active') {
    throw new Refusal(
      'invalid_state',
      `The workspace ${row.workspaceKey} is ${row.workspaceState}; restore it first.`,
    )
  }
  tx.emit(organizationId, 'deployment.started', idsOf(row))
  return await write(tx, row, { desired: 'running', ...fresh })
}

export async function stop(tx: Tx, organizationId: string, id: string): Promise<DeploymentRow> {
  const row = await lock(tx, organizationId, id)
  tx.emit(organizationId, 'deployment.stopped', idsOf(row))
  return await write(tx, row, { desired: 'stopped', ...fresh })
}

export async function restart(tx: Tx, organizationId: string, id: string): Promise<DeploymentRow> {
  const row = await lock(tx, organizationId, id)
  if (row.workspaceState !== 'active') {
    throw new Refusal(
      'invalid_state',
      `The workspace ${row.workspaceKey} is ${row.workspaceState}; restore it first.`,
    )
  }
  tx.emit(organizationId, 'deployment.restarted', idsOf(row))
  return await write(tx, row, { desired: 'running', generation: row.generation + 1, ...fresh })
}

export interface DeploymentUpdate {
  name?: string | undefined
  version?: string | undefined
  config?: Record<string, unknown> | undefined
  secrets?: Record<string, string> | undefined
  limits?: Partial<Limits> | undefined
  expectedVersion?: number | undefined
}

/** Changes what is asked for; anything but the name means new processes. */
export async function update(
  tx: Tx,
  organizationId: string,
  id: string,
  body: DeploymentUpdate,
  show: (row: DeploymentRow) => Deployment,
): Promise<DeploymentRow> {
  const row = await lock(tx, organizationId, id)
  if (body.expectedVersion !== undefined && body.expectedVersion !== row.settingsVersion) {
    throw new Refusal(
      'version_conflict',
      `Somebody changed the settings of ${row.name} meanwhile: they are at version ${row.settingsVersion}, and this change rests on version ${body.expectedVersion}.`,
      { current: show(row) },
    )
  }
  const fields = (['name', 'version', 'config', 'secrets', 'limits'] as const).filter(
    (field) => body[field] !== undefined,
  )
  if (fields.length === 0) return row
  // Names are given out under the workspace's lock: two changes to one name do not pass each other.
  await lockWorkspace(tx, organizationId, row.workspaceId)
  const another = body.version !== undefined && body.version !== row.version
  const release = another
    ? await resolveRelease(tx.db, row.server, body.version)
    : await getRelease(tx.db, row.releaseId)
  const config = validateConfig(release.manifest, body.config ?? row.config)
  const workspace = { id: row.workspaceId, organizationId }
  const secrets = await bindSecrets(tx, workspace, release.manifest.secrets, body.secrets ?? row.secrets)
  if (body.name !== undefined && body.name !== row.name) {
    await freeName(tx.db, row.workspaceId, body.name, body.name, id)
    await nameDeployment(tx, row.workspaceId, body.name, id)
  }
  const needsProcesses = fields.some((field) => field !== 'name')
  tx.emit(organizationId, 'deployment.updated', { ...idsOf(row), fields })
  return await write(tx, row, {
    ...(body.name !== undefined ? { name: body.name } : {}),
    releaseId: release.id,
    config: JSON.stringify(config),
    secrets: JSON.stringify(secrets),
    limits: JSON.stringify(limitsSchema.parse({ ...row.limits, ...body.limits })),
    settingsVersion: row.settingsVersion + 1,
    ...(needsProcesses ? { generation: row.generation + 1, ...fresh } : {}),
  })
}

/** Marks it deleted; its home stops what runs and removes its files. */
export async function remove(tx: Tx, organizationId: string, id: string): Promise<void> {
  const row = await lock(tx, organizationId, id)
  tx.emit(organizationId, 'deployment.deleted', idsOf(row))
  await write(tx, row, { desired: 'stopped', deletedAt: tx.now })
}

/** Marks all deployments of an organization that is closed deleted; their homes do as for one. */
export async function removeDeploymentsOf(tx: Tx, organizationId: string): Promise<void> {
  const rows = await tx.db
    .updateTable('deployments')
    .set({ desired: 'stopped', deletedAt: tx.now, rowVersion: sql`row_version + 1` })
    .where('organizationId', '=', organizationId)
    .where('deletedAt', 'is', null)
    .returning(['id', 'workspaceId'])
    .execute()
  for (const { id, workspaceId } of rows) {
    tx.emit(organizationId, 'deployment.deleted', { workspaceId, deploymentId: id })
  }
}

/** Accepts the surface that is live now, by its hash; the hold it caused ends with the next decision. */
export async function acceptLiveSurface(
  tx: Tx,
  organizationId: string,
  id: string,
  hash: string,
): Promise<DeploymentRow> {
  const row = await lock(tx, organizationId, id)
  await acceptSurface(tx, row, hash)
  return (await findDeployment(tx.db, row.id))!
}

/** A deployment of the organization that is not deleted; 404 otherwise. */
export async function getDeployment(
  db: Queryable,
  organizationId: string,
  id: string,
): Promise<DeploymentRow> {
  const row = await findDeployment(db, id, organizationId)
  if (!row || row.deletedAt) throw notFound('deployment')
  return row
}

import { next, refusalOf, toSlug, workspaceMachine, type Tier, type Workspace } from '@berth/contracts'
import { demandRoom } from '../billing/service.ts'
import type { Queryable } from '../platform/db/database.ts'
import { newId } from '../platform/ids.ts'
import type { Tx } from '../platform/mutate.ts'
import { notFound, Refusal } from '../platform/problem.ts'
import { changesBetween } from './changes.ts'
import {
  claimKey,
  findByKey,
  findWorkspace,
  findWorkspaceForUpdate,
  freeKey,
  insertWorkspace,
  listWorkspaces,
  updateWorkspace,
} from './store.ts'
import { holdTier, listTiers, tierOf } from './tiers.ts'

export { listTiers, listWorkspaces, tierOf }

/** One workspace of an organization. Throws `not_found`. */
export async function getWorkspace(db: Queryable, organizationId: string, id: string): Promise<Workspace> {
  const workspace = await findWorkspace(db, organizationId, id)
  if (!workspace) throw notFound('workspace')
  return workspace
}

/** The same, held until the transaction ends: nobody else changes or archives it meanwhile. */
export async function lockWorkspace(tx: Tx, organizationId: string, id: string): Promise<Workspace> {
  const workspace = await findWorkspaceForUpdate(tx.db, organizationId, id)
  if (!workspace) throw notFound('workspace')
  return workspace
}

/** The id of the workspace that has, or ever had, this key; null without one. */
export async function resolveWorkspaceKey(
  db: Queryable,
  organizationId: string,
  key: string,
): Promise<string | null> {
  return (await findByKey(db, organizationId, key))?.id ?? null
}

/**
 * Creates an active workspace. Without a key one is made from the name. Throws `invalid_input` for an unknown
 * tier or a region that the tier does not allow; `duplicate` for a key that is taken; `policy_veto` when the plan
 * allows no more.
 */
export async function createWorkspace(
  tx: Tx,
  organizationId: string,
  input: { name: string; key?: string | undefined; tier: string; region: string },
): Promise<Workspace> {
  await demandRoom(tx, organizationId, 'workspaces')
  refuseRegion(await holdTier(tx, input.tier), input.region)
  const key = input.key ?? (await freeKey(tx.db, organizationId, toSlug(input.name) || 'workspace'))
  const id = newId('workspace')
  const { name, tier, region } = input
  const workspace = await insertWorkspace(tx.db, {
    id,
    organizationId,
    key,
    name,
    tier,
    region,
    createdAt: tx.now,
  })
  if (!workspace || !(await claimKey(tx.db, organizationId, key, id))) {
    throw await keyTaken(tx.db, organizationId, key)
  }
  tx.emit(organizationId, 'workspace.created', { workspaceId: id, key, name, tier, region })
  return workspace
}

/**
 * Renames a workspace or changes its key, tier or region; the old key stays an alias. Throws `not_found`,
 * `version_conflict`, `duplicate`, `invalid_input`.
 */
export async function changeWorkspace(
  tx: Tx,
  organizationId: string,
  id: string,
  input: {
    name?: string | undefined
    key?: string | undefined
    tier?: string | undefined
    region?: string | undefined
    expectedVersion?: number | undefined
  },
): Promise<Workspace> {
  const workspace = await lockWorkspace(tx, organizationId, id)
  if (input.expectedVersion !== undefined && input.expectedVersion !== workspace.version) {
    throw new Refusal('version_conflict', `The workspace "${workspace.name}" was changed meanwhile.`, {
      current: workspace,
    })
  }
  const wanted = {
    name: input.name ?? workspace.name,
    key: input.key ?? workspace.key,
    tier: input.tier ?? workspace.tier,
    region: input.region ?? workspace.region,
  }
  const changes = changesBetween(workspace, wanted)
  if (changes.length === 0) return workspace
  if (wanted.tier !== workspace.tier || wanted.region !== workspace.region)
    refuseRegion(await holdTier(tx, wanted.tier), wanted.region)
  if (wanted.key !== workspace.key && !(await claimKey(tx.db, organizationId, wanted.key, id))) {
    throw await keyTaken(tx.db, organizationId, wanted.key)
  }
  tx.emit(organizationId, 'workspace.updated', { workspaceId: id, changes })
  return updateWorkspace(tx.db, workspace, wanted)
}

/** Archives a workspace; whoever runs its deployments stops them on `workspace.archived`. Throws `invalid_state`. */
export async function archiveWorkspace(tx: Tx, organizationId: string, id: string): Promise<Workspace> {
  const archived = await move(tx, organizationId, id, 'archive')
  tx.emit(organizationId, 'workspace.archived', { workspaceId: id })
  return archived
}

/** Restores an archived workspace; what is asked to run in it launches again. Throws `invalid_state`, `policy_veto`. */
export async function restoreWorkspace(tx: Tx, organizationId: string, id: string): Promise<Workspace> {
  await demandRoom(tx, organizationId, 'workspaces')
  const restored = await move(tx, organizationId, id, 'restore')
  tx.emit(organizationId, 'workspace.restored', { workspaceId: id })
  return restored
}

async function move(tx: Tx, organizationId: string, id: string, action: 'archive' | 'restore') {
  const workspace = await lockWorkspace(tx, organizationId, id)
  const refusal = refusalOf(workspaceMachine, workspace.state, action)
  if (refusal) throw new Refusal('invalid_state', refusal)
  return updateWorkspace(tx.db, workspace, { state: next(workspaceMachine, workspace.state, action)! })
}

function refuseRegion(tier: Tier, region: string): void {
  if (tier.regions.length === 0 || tier.regions.includes(region)) return
  const allowed = tier.regions.join(', ')
  throw new Refusal(
    'invalid_input',
    `The tier "${tier.code}" does not allow the region "${region}"; it allows ${allowed}.`,
    { errors: [{ path: 'region', message: `must be one of ${allowed}` }] },
  )
}

async function keyTaken(db: Queryable, organizationId: string, key: string): Promise<Refusal> {
  const owner = await findByKey(db, organizationId, key)
  const sentence =
    owner && owner.key !== key
      ? `"${key}" is an earlier key of the workspace "${owner.name}", to which it still leads; choose another.`
      : `There is a workspace with the key "${key}" already; choose another.`
  return new Refusal('duplicate', sentence, { errors: [{ path: 'key', message: 'is taken' }] })
}

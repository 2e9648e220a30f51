/** Many rows at once, as the domains would write them one by one. */
import { newId } from '@berth/server/platform/ids.ts'
import type { Database } from '@berth/server/platform/db/database.ts'

const batch = 500
const createdAt = new Date()

/** Organizations with their logs. Returns their ids. */
export async function seedOrganizations(db: Database, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId('organization'))
  await inBatches(ids, async (some) => {
    await db
      .insertInto('organizations')
      .values(some.map((id) => ({ id, slug: slugOf(id), name: slugOf(id), createdAt })))
      .execute()
    await db
      .insertInto('organizationSlugs')
      .values(some.map((id) => ({ slug: slugOf(id), organizationId: id })))
      .execute()
    await db
      .insertInto('logHeads')
      .values(some.map((id) => ({ organizationId: id })))
      .execute()
  })
  return ids
}

export interface SeededWorkspace {
  id: string
  organizationId: string
}

/** So many workspaces, dealt out to the organizations in turn. */
export async function seedWorkspaces(
  db: Database,
  organizations: readonly string[],
  count: number,
): Promise<SeededWorkspace[]> {
  const workspaces = Array.from({ length: count }, (_, at) => ({
    id: newId('workspace'),
    organizationId: organizations[at % organizations.length]!,
  }))
  await inBatches(workspaces, async (some) => {
    await db
      .insertInto('workspaces')
      .values(
        some.map(({ id, organizationId }) => {
          const key = slugOf(id)
          return { id, organizationId, key, name: key, tier: 'community', region: 'local', createdAt }
        }),
      )
      .execute()
    await db
      .insertInto('workspaceKeys')
      .values(some.map(({ id, organizationId }) => ({ organizationId, key: slugOf(id), workspaceId: id })))
      .execute()
  })
  return workspaces
}

/** So many stopped deployments of a release in each workspace: `echo`, `echo-2`, and so on. */
export async function seedDeployments(
  db: Database,
  workspaces: readonly SeededWorkspace[],
  release: { releaseId: string; serverId: string },
  each = 1,
): Promise<void> {
  const deployments = workspaces.flatMap((workspace) =>
    Array.from({ length: each }, (_, at) => ({
      ...workspace,
      id: newId('deployment'),
      workspaceId: workspace.id,
      name: at === 0 ? 'echo' : `echo-${at + 1}`,
    })),
  )
  await inBatches(deployments, async (some) => {
    await db
      .insertInto('deployments')
      .values(
        some.map(({ id, organizationId, workspaceId, name }) => ({
          ...release,
          id,
          organizationId,
          workspaceId,
          name,
          limits: JSON.stringify({ memoryMb: 512, pids: 128, cpus: 1 }),
          desired: 'stopped',
          createdBy: 'bench',
          createdAt,
        })),
      )
      .execute()
    await db
      .insertInto('deploymentNames')
      .values(some.map(({ id, workspaceId, name }) => ({ workspaceId, name, deploymentId: id })))
      .execute()
  })
}

function slugOf(id: string): string {
  return id.slice(-26)
}

async function inBatches<T>(all: readonly T[], write: (some: T[]) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += batch) await write(all.slice(at, at + batch))
}

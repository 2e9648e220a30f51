import type { Artifact } from '@berth/contracts'
import { newId } from '../ids.ts'
import type { Database } from '../db/database.ts'

/** An organization with its log, as the organizations domain makes them. */
export async function seedOrganization(db: Database): Promise<string> {
  const id = newId('organization')
  const slug = id.slice(4)
  await db.insertInto('organizations').values({ id, slug, name: slug, createdAt: new Date() }).execute()
  await db.insertInto('organizationSlugs').values({ slug, organizationId: id }).execute()
  await db.insertInto('logHeads').values({ organizationId: id }).execute()
  return id
}

export interface Seeded {
  id: string
  organizationId: string
  workspaceId: string
  releaseId: string
}

const npm: Artifact = {
  kind: 'npm',
  package: 'example',
  version: '1.0.0',
  integrity: `sha512-${'A'.repeat(86)}==`,
  bin: null,
}

/** A deployment that wants to run, with workspace, server and release; in a new organization unless one is given. */
export async function seedDeployment(
  db: Database,
  given: { organizationId?: string; tier?: string; artifact?: Artifact; runnerId?: string | null } = {},
): Promise<Seeded> {
  const organizationId = given.organizationId ?? (await seedOrganization(db))
  const [id, workspaceId, releaseId] = [newId('deployment'), newId('workspace'), newId('release')]
  const [providerId, serverId] = [newId('provider'), newId('server')]
  const createdAt = new Date()
  const key = workspaceId.slice(-20)
  await db
    .insertInto('workspaces')
    .values({
      id: workspaceId,
      organizationId,
      key,
      name: key,
      tier: given.tier ?? 'community',
      region: 'local',
      createdAt,
    })
    .execute()
  await db
    .insertInto('providers')
    .values({ id: providerId, slug: providerId.slice(-20), name: 'Provider', organizationId, createdAt })
    .execute()
  await db
    .insertInto('servers')
    .values({ id: serverId, providerId, slug: 'example', source: 'npm:example', createdAt })
    .execute()
  await db
    .insertInto('releases')
    .values({
      id: releaseId,
      serverId,
      version: '1.0.0',
      artifact: JSON.stringify(given.artifact ?? npm),
      manifest: '{}',
      createdBy: 'test',
      createdAt,
    })
    .execute()
  await db
    .insertInto('deployments')
    .values({
      id,
      organizationId,
      workspaceId,
      name: 'example',
      serverId,
      releaseId,
      limits: '{}',
      desired: 'running',
      runnerId: given.runnerId ?? null,
      createdBy: 'test',
      createdAt,
    })
    .execute()
  return { id, organizationId, workspaceId, releaseId }
}

/** A runner that is alive until an hour from now, with what it can enforce. */
export async function seedRunner(
  db: Database,
  given: { capabilities?: { name: string; ok: boolean; sentence: string }[]; aliveUntil?: Date } = {},
): Promise<string> {
  const id = newId('runner')
  await db
    .insertInto('runners')
    .values({
      id,
      address: 'http://127.0.0.1:1',
      roles: ['runner'],
      host: 'test',
      capabilities: JSON.stringify(
        given.capabilities ?? [{ name: 'sandbox', ok: true, sentence: 'It has one.' }],
      ),
      startedAt: new Date(),
      ...(given.aliveUntil && { beatAt: new Date(given.aliveUntil.getTime() - 10_000) }),
      aliveUntil: given.aliveUntil ?? new Date(Date.now() + 3600_000),
    })
    .execute()
  return id
}

import { sql, type Selectable } from 'kysely'
import type { Workspace } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Workspaces } from '../platform/db/schema.generated.ts'

export async function findWorkspace(
  db: Queryable,
  organizationId: string,
  id: string,
): Promise<Workspace | null> {
  const row = await one(db, organizationId, id).executeTakeFirst()
  return row ? toWorkspace(row) : null
}

export async function findWorkspaceForUpdate(
  db: Queryable,
  organizationId: string,
  id: string,
): Promise<Workspace | null> {
  const row = await one(db, organizationId, id).forUpdate().executeTakeFirst()
  return row ? toWorkspace(row) : null
}

const one = (db: Queryable, organizationId: string, id: string) =>
  db.selectFrom('workspaces').selectAll().where('organizationId', '=', organizationId).where('id', '=', id)

export interface WorkspaceFilter {
  state?: Workspace['state'] | undefined
  /** Only this one: a service token sees no other. */
  id?: string | undefined
  ids?: string[] | undefined
  tier?: string | undefined
  /** Part of a key or name. */
  search?: string | undefined
}

/** Newest first. */
export async function listWorkspaces(
  db: Queryable,
  organizationId: string,
  { state, id, ids, tier, search }: WorkspaceFilter,
  before: string | null,
  limit: number,
): Promise<Workspace[]> {
  let query = db.selectFrom('workspaces').selectAll().where('organizationId', '=', organizationId)
  if (state) query = query.where('state', '=', state)
  if (id) query = query.where('id', '=', id)
  if (ids) query = query.where('id', 'in', ids)
  if (tier) query = query.where('tier', '=', tier)
  if (search) {
    const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`
    query = query.where((e) => e.or([e('key', 'ilike', pattern), e('name', 'ilike', pattern)]))
  }
  if (before) query = query.where('id', '<', before)
  const rows = await query.orderBy('id', 'desc').limit(limit).execute()
  return rows.map(toWorkspace)
}

/** The workspace that has or ever had this key. */
export async function findByKey(
  db: Queryable,
  organizationId: string,
  key: string,
): Promise<{ id: string; name: string; key: string } | null> {
  const row = await db
    .selectFrom('workspaceKeys as k')
    .innerJoin('workspaces as w', 'w.id', 'k.workspaceId')
    .select(['w.id', 'w.name', 'w.key'])
    .where('k.organizationId', '=', organizationId)
    .where('k.key', '=', key)
    .executeTakeFirst()
  return row ?? null
}

/** `base`, or `base-2`, `base-3`, … whichever is the first that no workspace has or had. */
export async function freeKey(db: Queryable, organizationId: string, base: string): Promise<string> {
  const rows = await db
    .selectFrom('workspaceKeys')
    .select('key')
    .where('organizationId', '=', organizationId)
    .where(sql<boolean>`starts_with(key, ${base.slice(0, 34)})`)
    .execute()
  const taken = new Set(rows.map((row) => row.key))
  let key = base
  for (let n = 2; taken.has(key); n++) key = `${base.slice(0, 34).replace(/-+$/, '')}-${n}`
  return key
}

/** False: the key belongs, or once belonged, to another workspace. */
export async function claimKey(
  db: Queryable,
  organizationId: string,
  key: string,
  workspaceId: string,
): Promise<boolean> {
  const row = await db
    .insertInto('workspaceKeys')
    .values({ organizationId, key, workspaceId })
    .onConflict((conflict) =>
      conflict
        .columns(['organizationId', 'key'])
        .doUpdateSet({ key })
        .where('workspaceKeys.workspaceId', '=', workspaceId),
    )
    .returning('workspaceId')
    .executeTakeFirst()
  return row !== undefined
}

/** Null: the key is taken. */
export async function insertWorkspace(
  db: Queryable,
  workspace: Pick<Workspace, 'id' | 'organizationId' | 'key' | 'name' | 'tier' | 'region'> & {
    createdAt: Date
  },
): Promise<Workspace | null> {
  const row = await db
    .insertInto('workspaces')
    .values({ ...workspace, state: 'active' })
    .onConflict((conflict) => conflict.columns(['organizationId', 'key']).doNothing())
    .returningAll()
    .executeTakeFirst()
  return row ? toWorkspace(row) : null
}

export async function updateWorkspace(
  db: Queryable,
  { organizationId, id }: Pick<Workspace, 'organizationId' | 'id'>,
  fields: Partial<Pick<Workspace, 'name' | 'key' | 'tier' | 'region' | 'state'>>,
): Promise<Workspace> {
  const row = await db
    .updateTable('workspaces')
    .set((eb) => ({ ...fields, version: eb('version', '+', 1) }))
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return toWorkspace(row)
}

function toWorkspace(row: Selectable<Workspaces>): Workspace {
  return {
    id: row.id,
    organizationId: row.organizationId,
    key: row.key,
    name: row.name,
    tier: row.tier,
    region: row.region,
    state: row.state as Workspace['state'],
    version: row.version,
    createdAt: row.createdAt.toISOString(),
  }
}

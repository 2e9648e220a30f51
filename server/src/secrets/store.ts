import { sql, type Selectable } from 'kysely'
import type { Secret } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Secrets } from '../platform/db/schema.generated.ts'

const shown = ['id', 'workspaceId', 'name', 'sealed', 'version', 'updatedAt', 'updatedBy'] as const

export async function workspaceExists(db: Queryable, organizationId: string, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('workspaces')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}

/** By name. */
export async function listSecrets(
  db: Queryable,
  organizationId: string,
  workspaceId: string,
): Promise<Secret[]> {
  const rows = await inWorkspace(db, organizationId, workspaceId).select(shown).orderBy('name').execute()
  return rows.map(toSecret)
}

/** The secret, held until the transaction ends. */
export async function lockSecret(
  db: Queryable,
  organizationId: string,
  workspaceId: string,
  name: string,
): Promise<Secret | null> {
  const query = inWorkspace(db, organizationId, workspaceId).select(shown).where('name', '=', name)
  const row = await query.forUpdate().executeTakeFirst()
  return row ? toSecret(row) : null
}

/** Which of the names exist; those are kept from being removed until the transaction ends. */
export async function holdNames(
  db: Queryable,
  organizationId: string,
  workspaceId: string,
  names: string[],
): Promise<Set<string>> {
  const rows = await inWorkspace(db, organizationId, workspaceId)
    .select('name')
    .where('name', 'in', names)
    .orderBy('name')
    .forShare()
    .execute()
  return new Set(rows.map((row) => row.name))
}

/** By name; null: lost with the key that sealed it. */
export async function readSealed(
  db: Queryable,
  organizationId: string,
  workspaceId: string,
  names: string[],
): Promise<Map<string, Buffer | null>> {
  const rows = await inWorkspace(db, organizationId, workspaceId)
    .select(['name', 'sealed'])
    .where('name', 'in', names)
    .execute()
  return new Map(rows.map((row) => [row.name, row.sealed]))
}

const inWorkspace = (db: Queryable, organizationId: string, workspaceId: string) =>
  db.selectFrom('secrets').where('organizationId', '=', organizationId).where('workspaceId', '=', workspaceId)

/** Writes the secret, anew or over the one there is. */
export async function writeSecret(
  db: Queryable,
  secret: {
    id: string
    organizationId: string
    workspaceId: string
    name: string
    sealed: Buffer
    updatedAt: Date
    updatedBy: string
  },
): Promise<Secret> {
  const { sealed, updatedAt, updatedBy } = secret
  const row = await db
    .insertInto('secrets')
    .values(secret)
    .onConflict((conflict) =>
      conflict
        .columns(['workspaceId', 'name'])
        .doUpdateSet((eb) => ({ sealed, updatedAt, updatedBy, version: eb('secrets.version', '+', 1) })),
    )
    .returning(shown)
    .executeTakeFirstOrThrow()
  return toSecret(row)
}

export async function deleteSecret(db: Queryable, organizationId: string, id: string): Promise<void> {
  await db.deleteFrom('secrets').where('organizationId', '=', organizationId).where('id', '=', id).execute()
}

/** Deletes an organization's secrets with their data key; what they were called. */
export async function deleteSecrets(
  db: Queryable,
  organizationId: string,
): Promise<{ id: string; workspaceId: string; name: string }[]> {
  const rows = await db
    .deleteFrom('secrets')
    .where('organizationId', '=', organizationId)
    .returning(['id', 'workspaceId', 'name'])
    .execute()
  await db.deleteFrom('dataKeys').where('organizationId', '=', organizationId).execute()
  return rows
}

/** The names of the deployments, not deleted, that are given this secret. */
export async function deploymentsUsing(
  db: Queryable,
  organizationId: string,
  workspaceId: string,
  name: string,
): Promise<string[]> {
  const rows = await db
    .selectFrom('deployments')
    .select('name')
    .where('organizationId', '=', organizationId)
    .where('workspaceId', '=', workspaceId)
    .where('deletedAt', 'is', null)
    .where(sql<boolean>`exists (select from jsonb_each_text(secrets) as given where given.value = ${name})`)
    .orderBy('name')
    .execute()
  return rows.map((row) => row.name)
}

export async function findDataKey(db: Queryable, organizationId: string): Promise<Buffer | null> {
  const row = await db
    .selectFrom('dataKeys')
    .select('sealed')
    .where('organizationId', '=', organizationId)
    .executeTakeFirst()
  return row?.sealed ?? null
}

/** Keeps the given data key unless there is one already. */
export async function insertDataKey(
  db: Queryable,
  organizationId: string,
  sealed: Buffer,
  createdAt: Date,
): Promise<void> {
  await db
    .insertInto('dataKeys')
    .values({ organizationId, sealed, createdAt })
    .onConflict((conflict) => conflict.column('organizationId').doNothing())
    .execute()
}

function toSecret(row: Pick<Selectable<Secrets>, (typeof shown)[number]>): Secret {
  return {
    id: row.id,
    workspaceId: row.workspaceId,
    name: row.name,
    version: row.version,
    lost: row.sealed === null,
    updatedAt: row.updatedAt.toISOString(),
    updatedBy: row.updatedBy,
  }
}

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { sha256Hex } from '../crypto.ts'

const folder = path.resolve(import.meta.dirname, '../../../migrations')

export interface Migration {
  version: number
  name: string
  sql: string
}

export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

/** The migrations that this program brings, in order. */
export function migrations(): Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_.*\.sql$/.test(name))
    .sort()
    .map((name) => ({
      version: Number(name.slice(0, 4)),
      name,
      sql: readFileSync(path.join(folder, name), 'utf8'),
    }))
}

export interface MigrateOptions {
  /** The last version to apply; default: the newest. */
  upTo?: number
  /** Called under the lock before a database that an older program has used is changed; what it throws prevents that. */
  before?: (from: number, to: number) => Promise<void>
  /** Said by a restore of itself: everybody else keeps away from what it has not finished. */
  restoring?: boolean
}

/**
 * Brings the database forward, one transaction a migration, under one lock. Refuses a database that a newer
 * program has migrated. Returns the version it is at.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<number> {
  const { upTo = Number.POSITIVE_INFINITY, before, restoring = false } = options
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`select pg_advisory_lock(hashtext('berth:migrate'))`)
    if (!restoring) await refuseHalfRestored(client)
    await client.query(
      `create table if not exists schema_migrations
         (version int primary key, name text not null, digest text not null, applied_at timestamptz not null default now())`,
    )
    const { rows } = await client.query<{ version: number }>(
      'select version from schema_migrations order by version',
    )
    const known = migrations()
    const from = rows.at(-1)?.version ?? 0
    const to = Math.min(known.at(-1)!.version, upTo)
    refuseNewer(from, known)
    const applied = new Set(rows.map((row) => row.version))
    const pending = known.filter(({ version }) => !applied.has(version) && version <= to)
    if (from > 0 && pending.length > 0) await before?.(from, to)
    for (const migration of pending) await apply(client, migration)
    return to
  } finally {
    await client.end()
  }
}

async function refuseHalfRestored(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass('public.berth_restoring') is not null as found`,
  )
  if (!rows[0]!.found) return
  throw new SchemaError(
    'A restore into this database was cut off. Run it again to begin it anew: npm run restore <file>.',
  )
}

function refuseNewer(current: number, known: Migration[]): void {
  const newest = known.at(-1)!.version
  if (current <= newest) return
  throw new SchemaError(
    `The database is at schema ${current}, made by a newer Berth; this one knows up to ${newest}. Start the newer version, or restore a backup from before the upgrade.`,
  )
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin')
  try {
    await client.query(migration.sql)
    await client.query('insert into schema_migrations (version, name, digest) values ($1, $2, $3)', [
      migration.version,
      migration.name,
      sha256Hex(migration.sql),
    ])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new SchemaError(`Migration ${migration.name} failed: ${(error as Error).message}`, { cause: error })
  }
}

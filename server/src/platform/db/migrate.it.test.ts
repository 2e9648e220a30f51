import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../testing/index.ts'
import { generatedFile, generateTypes } from './codegen.ts'
import { migrate, migrations, SchemaError } from './migrate.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase({ empty: true })
})
afterEach(() => database.drop())

async function query(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query(text, values)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}

const newest = migrations().at(-1)!.version

describe('migrations', () => {
  test('are numbered densely from 1', () => {
    expect(migrations().map(({ version }) => version)).toEqual(migrations().map((_, i) => i + 1))
  })

  test('bring an older database with data forward, and keep the data', async () => {
    expect(await migrate(database.url, { upTo: 3 })).toBe(3)
    await query(
      `insert into organizations (id, slug, name, created_at) values ('org_a', 'acme', 'Acme', now())`,
    )
    await query(`insert into log_heads (organization_id) values ('org_a')`)
    await query(
      `insert into workspaces (id, organization_id, key, name, tier, region, created_at)
       values ('wsp_a', 'org_a', 'main', 'Main', 'standard', 'local', now())`,
    )
    expect(await migrate(database.url)).toBe(newest)
    const [row] = await query(
      `select w.key, o.name, w.state from workspaces w join organizations o on o.id = w.organization_id`,
    )
    expect(row).toEqual({ key: 'main', name: 'Acme', state: 'active' })
    expect(await query('select id from runs')).toEqual([])
  })

  test('are done once, also when two programs start at the same moment', async () => {
    const results = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)])
    expect(results).toEqual([newest, newest, newest])
    const applied = await query('select version from schema_migrations order by version')
    expect(applied.map(({ version }) => version)).toEqual(migrations().map(({ version }) => version))
  })

  test('are refused on a database that a newer program has migrated, with a sentence and without a change', async () => {
    await migrate(database.url, { upTo: 2 })
    await query(`insert into schema_migrations (version, name, digest) values ($1, 'later', '')`, [
      newest + 1,
    ])
    const refused = migrate(database.url)
    await expect(refused).rejects.toThrow(SchemaError)
    await expect(refused).rejects.toThrow(/made by a newer Berth.*restore a backup/)
    expect(await query(`select to_regclass('workspaces') as found`)).toEqual([{ found: null }])
  })

  test('leave nothing of one that fails', async () => {
    await migrate(database.url, { upTo: 2 })
    await query('create table tiers (mine int)')
    await expect(migrate(database.url)).rejects.toThrow('0003_catalog_and_workspaces.sql failed')
    expect(await query(`select to_regclass('providers') as found`)).toEqual([{ found: null }])
    expect(await query('select max(version) as version from schema_migrations')).toEqual([{ version: 2 }])
  })
})

test('the generated types of the tables are those of the migrations', async () => {
  await migrate(database.url)
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-types-'))
  try {
    const fresh = path.join(folder, 'schema.generated.ts')
    generateTypes(database.url, fresh)
    const plain = (file: string) => readFileSync(file, 'utf8').replace(/["';\s]|,(?=\s*[}\]])/g, '')
    expect(plain(fresh)).toBe(plain(generatedFile))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

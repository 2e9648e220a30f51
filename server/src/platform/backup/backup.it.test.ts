import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyCheckOf, masterKey, storedKey } from '../crypto.ts'
import { createTestDatabase, openTestPlatform, seedDeployment, type TestPlatform } from '../testing/index.ts'
import { newId } from '../ids.ts'
import { writeBackup, type BackupOptions } from './backup.ts'
import { dumpTables, tablesOf } from './database.ts'
import { restoreBackup, type RestoreOptions } from './restore.ts'

const passphrase = 'a passphrase for tests'
let platform: TestPlatform
let folder: string
let whole: string
beforeAll(async () => {
  platform = await openTestPlatform()
  folder = await mkdtemp(path.join(tmpdir(), 'berth-backup-'))
  await liveIn(platform)
  whole = path.join(folder, 'whole.tar.gz')
  await writeBackup(optionsFor(whole))
})
afterAll(async () => {
  await platform.close()
  await rm(folder, { recursive: true, force: true })
})

/** Leaves something of every kind that is hard to bring back. */
async function liveIn({ db, dataDir, change, jobs }: TestPlatform): Promise<void> {
  const { organizationId, workspaceId } = await seedDeployment(db)
  await change(async (tx) => {
    for (let n = 0; n < 50; n++) tx.emit(organizationId, 'workspace.archived', { workspaceId })
    tx.emit(organizationId, 'organization.created', {
      name: 'Tab\tand \\ "Grüße" 😀',
      slug: 'a',
      timeZone: 'UTC',
    })
  })
  await db
    .insertInto('secrets')
    .values({
      id: newId('secret'),
      organizationId,
      workspaceId,
      name: 'KEY',
      updatedAt: new Date(),
      updatedBy: 'test',
      sealed: Buffer.from([0, 92, 10, 255]),
    })
    .execute()
  // A value that is JSON's null, which is not SQL's.
  await db.updateTable('eventOpenings').set({ value: 'null' }).execute()
  await platform.pool.query(
    `create table calls_20200101 partition of calls for values from ('2020-01-01') to ('2020-01-02')`,
  )
  await platform.pool.query(
    `insert into call_batches (organization_id, runner_id, count, digest, at) values ('o', 'r', 1, '\\x00', now())`,
  )
  await jobs.enqueue(
    null,
    'catalog.observe',
    { releaseId: newId('release'), runId: newId('run') },
    { startAfterSeconds: 3600 },
  )
  await mkdir(path.join(dataDir, 'state/dep_1/data/deep'), { recursive: true })
  await writeFile(path.join(dataDir, 'state/dep_1/data/deep/file'), Buffer.alloc(3_000_000, 'x'), {
    mode: 0o640,
  })
  await writeFile(path.join(dataDir, 'state/dep_1/data/empty'), '')
  await symlink('deep/file', path.join(dataDir, 'state/dep_1/data/link'))
  await mkdir(path.join(dataDir, 'artifacts/npm-cache'), { recursive: true })
  await writeFile(path.join(dataDir, 'artifacts/npm-cache/cached'), 'left out')
}

function optionsFor(file: string): BackupOptions {
  const base64 = storedKey(platform.dataDir)!
  return {
    file,
    url: platform.databaseUrl,
    dataDir: platform.dataDir,
    contents: 'everything',
    keyCheck: keyCheckOf(masterKey(base64)),
    key: { base64, passphrase },
  }
}

/** An empty Berth to restore into, gone after `work`. */
async function inEmpty<T>(
  work: (target: {
    url: string
    dataDir: string
    restore(more?: Partial<RestoreOptions>): ReturnType<typeof restoreBackup>
  }) => Promise<T>,
): Promise<T> {
  const database = await createTestDatabase({ empty: true })
  const dataDir = await mkdtemp(path.join(folder, 'target-'))
  const base = { file: whole, url: database.url, dataDir, secretKey: null, passphrase, withoutKey: false }
  try {
    return await work({
      url: database.url,
      dataDir,
      restore: (more = {}) => restoreBackup({ ...base, enqueue: async () => {}, ...more }),
    })
  } finally {
    await database.drop()
  }
}

/** Every row of every table as COPY writes it, sorted, without the columns that a restore must renew. */
async function contentsOf(url: string): Promise<Record<string, string[]>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const rows: Record<string, string[]> = {}
  const tables = (await tablesOf(client)).map((table) => ({
    ...table,
    columns: table.columns.filter((column) => column !== 'changed'),
  }))
  const add = async ({ name }: { name: string }, content: unknown) => {
    const table = name.split('/')[1]!
    if (!name.startsWith('database/')) return
    rows[table] = [...(rows[table] ?? []), ...(content as Buffer).toString().split('\n')]
      .filter(Boolean)
      .sort()
  }
  await dumpTables(client, { add, close: async () => {}, abandon: async () => {} }, tables)
  await client.end()
  return rows
}

describe('a backup that is restored', () => {
  test('brings every row, file and waiting job back, and its log verifies', async () => {
    await inEmpty(async ({ url, dataDir, restore }) => {
      const waiting: unknown[] = []
      const restored = await restore({ enqueue: async (jobs) => void waiting.push(...jobs) })
      expect(restored.events).toBe(51)
      expect(await contentsOf(url)).toEqual(await contentsOf(platform.databaseUrl))
      expect(waiting).toMatchObject([{ name: 'catalog.observe', data: { releaseId: expect.any(String) } }])
      const deep = path.join(dataDir, 'state/dep_1/data')
      expect(await readFile(path.join(deep, 'deep/file'))).toEqual(Buffer.alloc(3_000_000, 'x'))
      expect((await stat(path.join(deep, 'deep/file'))).mode & 0o777).toBe(0o640)
      expect(await readFile(path.join(deep, 'empty'), 'utf8')).toBe('')
      expect(await readlink(path.join(deep, 'link'))).toBe('deep/file')
      await expect(stat(path.join(dataDir, 'artifacts/npm-cache'))).rejects.toThrow('ENOENT')
      expect(storedKey(dataDir)).toBe(storedKey(platform.dataDir))
    })
  })

  test('goes on numbering where it stopped, with triggers, foreign keys and heads of this cluster', async () => {
    await inEmpty(async ({ url, restore }) => {
      await restore()
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      const one = async (text: string) => (await client.query(text)).rows[0] as Record<string, unknown>
      expect(
        await one(
          `insert into call_batches (organization_id, runner_id, count, digest, at) values ('o', 'r', 1, '', now()) returning id`,
        ),
      ).toEqual({ id: '2' })
      expect(
        await one('select count(*)::int as ahead from log_heads where changed > pg_current_xact_id()'),
      ).toEqual({ ahead: 0 })
      await expect(client.query(`insert into log_heads (organization_id) values ('nobody')`)).rejects.toThrow(
        'foreign key',
      )
      await client.query(`insert into users (id, name, email) values ('usr_1', 'A', 'a@example.com')`)
      expect(await one('select type from identity_outbox order by id limit 1')).toEqual({
        type: 'user.registered',
      })
      await client.end()
    })
  })

  test('is refused where there is something already, which stays as it was', async () => {
    await inEmpty(async ({ url, dataDir, restore }) => {
      await mkdir(path.join(dataDir, 'state'))
      await expect(restore()).rejects.toThrow(`${dataDir} is not empty (state)`)
      await rm(path.join(dataDir, 'state'), { recursive: true })
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query('create table mine (kept int)')
      await expect(restore()).rejects.toThrow('The database is not empty')
      expect((await client.query('select * from mine')).rows).toEqual([])
      await client.end()
    })
  })

  test('is refused without the key, with a wrong one, or with a wrong passphrase, before anything is written', async () => {
    await inEmpty(async ({ url, dataDir, restore }) => {
      await expect(restore({ passphrase: null })).rejects.toThrow('set BERTH_BACKUP_PASSPHRASE')
      await expect(restore({ passphrase: 'another passphrase' })).rejects.toThrow(
        'not the one this backup was made with',
      )
      const secretKey = Buffer.alloc(32, 7).toString('base64')
      await expect(restore({ secretKey })).rejects.toThrow('BERTH_SECRET_KEY is not the key')
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      expect(await tablesOf(client)).toEqual([])
      await client.end()
      await expect(stat(path.join(dataDir, 'restoring'))).rejects.toThrow('ENOENT')
      await restore({ passphrase: null, withoutKey: true })
      expect(storedKey(dataDir)).toBeNull()
    })
  })

  test('is not taken for whole when it was cut off or changed, and the same target takes a good one afterwards', async () => {
    const bytes = await readFile(whole)
    const cut = path.join(folder, 'cut.tar.gz')
    await writeFile(cut, bytes.subarray(0, bytes.length - 2000))
    const changed = path.join(folder, 'changed.tar.gz')
    const plain = gunzipSync(bytes)
    plain.write('y', plain.indexOf('xxxxxxxx'))
    await writeFile(changed, gzipSync(plain))
    const other = path.join(folder, 'other.tar.gz')
    await writeFile(other, 'not an archive')
    await inEmpty(async ({ dataDir, url, restore }) => {
      await expect(restore({ file: other })).rejects.toThrow('cannot be read as a backup')
      await expect(restore({ file: cut })).rejects.toThrow(/damaged, cut off|ends too early/)
      await expect(restore({ file: changed })).rejects.toThrow('is damaged')
      await expect(stat(path.join(dataDir, 'state'))).rejects.toThrow('ENOENT')
      await expect(openTestPlatformAt(url)).rejects.toThrow('A restore into this database was cut off')
      expect((await restore()).events).toBe(51)
    })
  })

  test('never puts a file outside of the data directory', async () => {
    const evil = path.join(folder, 'evil.tar.gz')
    const plain = gunzipSync(await readFile(whole))
    for (let at = plain.indexOf('files/state/dep_1/data/link'); at !== -1; at = -1)
      plain.write('files/../../outside/x/link\0', at)
    await writeFile(evil, gzipSync(fixChecksum(plain, 'files/../../outside/x/link')))
    await inEmpty(async ({ restore }) => {
      await expect(restore({ file: evil })).rejects.toThrow('outside of the data directory')
    })
  })

  test('is refused by a program that is older than it', async () => {
    const newer = path.join(folder, 'newer.tar.gz')
    const plain = gunzipSync(await readFile(whole))
    const at = plain.indexOf('"format":1')
    plain.write('"format":9', at)
    await writeFile(newer, gzipSync(plain))
    await inEmpty(async ({ restore }) => {
      await expect(restore({ file: newer })).rejects.toThrow(/in format 9; this one reads up to 1/)
    })
  })
})

test('a backup holds what was committed when it began, while changes go on, and keys in the open never', async () => {
  const file = path.join(folder, 'busy.tar.gz')
  let busy = true
  const { organizationId, workspaceId } = await seedDeployment(platform.db)
  const writing = (async () => {
    while (busy)
      await platform.change(async (tx) => tx.emit(organizationId, 'workspace.archived', { workspaceId }))
  })()
  await writeBackup(optionsFor(file))
  busy = false
  await writing
  await inEmpty(async ({ restore }) => expect((await restore({ file })).events).toBeGreaterThanOrEqual(51))
  const plain = gunzipSync(await readFile(file))
  expect(plain.includes(storedKey(platform.dataDir)!)).toBe(false)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('a backup over a file that is there is refused', async () => {
  await expect(writeBackup(optionsFor(whole))).rejects.toThrow(`${whole} is there already`)
})

async function openTestPlatformAt(url: string): Promise<never> {
  const { migrate } = await import('../db/migrate.ts')
  await migrate(url)
  throw new Error('it was migrated')
}

/** Makes tar accept a header whose name was changed. */
function fixChecksum(archive: Buffer, name: string): Buffer {
  const at = archive.indexOf(name)
  archive.write('        ', at + 148)
  let sum = 0
  for (let n = 0; n < 512; n++) sum += archive[at + n]!
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148)
  return archive
}

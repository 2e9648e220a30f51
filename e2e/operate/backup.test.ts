import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { storedKey } from '@berth/server/platform/crypto.ts'
import { migrate, migrations } from '@berth/server/platform/db/migrate.ts'
import { createTestDatabase, type TestDatabase } from '@berth/server/platform/testing/index.ts'
import { clientAt, startBerthProcess, type BerthProcess } from '../support/berth-process.ts'
import { eventually } from '../support/eventually.ts'
import {
  addLocal,
  callTool,
  closeWorld,
  launch,
  openWorld,
  probeSource,
  untilRunning,
  type World,
} from '../support/runtime-world.ts'
import { main, query, run } from './support.ts'

/** Whether a small disk can be made for a test. */
const canMount =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0

let folder: string
let target: TestDatabase
let dataDir: string
let berth: BerthProcess | null = null
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'berth-operate-'))
  dataDir = path.join(folder, 'target')
  target = await createTestDatabase({ empty: true })
})
afterEach(async () => {
  await berth?.kill()
  berth = null
  await target.drop()
  await rm(folder, { recursive: true, force: true })
})

const environment = (more: Record<string, string> = {}) => ({
  BERTH_DATA_DIR: dataDir,
  DATABASE_URL: target.url,
  ...more,
})

async function start(): Promise<string> {
  berth = startBerthProcess({ databaseUrl: target.url, dataDir })
  return await berth.url
}

test('a running Berth comes back elsewhere: people, secrets, servers with their files, and their calls', async () => {
  const world = await openWorld()
  try {
    const secret = {
      params: { organizationId: world.organizationId, workspaceId: world.workspaceId, name: 'KEY' },
    }
    await world.person.client.call(api.secrets.set, { ...secret, body: { value: 'the plaintext' } })
    await addLocal(world, 'probe', {
      source: probeSource,
      manifest: { secrets: [{ name: 'GIVEN', env: 'GIVEN', required: false }] },
    })
    const { id } = await launch(world, 'local/probe', { secrets: { GIVEN: 'KEY' } })
    await untilRunning(world, id)
    expect(await callTool(world, id, 'keep', { arguments: { value: 'a file' } })).toBe('kept')

    const file = path.join(folder, 'backup.tar.gz')
    const from = { BERTH_DATA_DIR: world.server.dataDir, DATABASE_URL: world.server.database.url }
    const made = await run(['backup', file], from)
    expect(made).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The secret key is not in it. Keep'),
    })
    const key = storedKey(world.server.dataDir)!
    expect(made.stdout + made.stderr).not.toContain(key)

    expect(await run(['restore', file], environment())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The backup does not hold the key'),
    })
    await mkdir(dataDir, { recursive: true })
    await writeFile(path.join(dataDir, 'secret.key'), key, { mode: 0o600 })
    expect(await run(['restore', file], environment())).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Restored \d+ rows and \d+ files of .* events of the log verify/),
    })

    const noted = `select payload->>'schema' as schema from events where type = 'installation.restored'`
    expect(await query(target.url, noted)).toHaveLength(1)
    const url = await start()
    const client = clientAt(url, world.person.token)
    const restored: World = { ...world, person: { ...world.person, client } }
    // It was running in the backup, and is launched anew here.
    const kept = async () => ((await callTool(restored, id, 'kept')) === 'a file' ? true : null)
    await eventually('it runs here, with its file', kept)
    expect(await callTool(restored, id, 'env', { arguments: { name: 'GIVEN' } })).toBe('the plaintext')
    const { items } = await client.call(api.audit.list, {
      params: { organizationId: world.organizationId },
      query: {},
    })
    expect(items.map(({ type }) => type)).toContain('secret.set')
    expect(await run(['restore', file], environment())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The database is not empty'),
    })
  } finally {
    await closeWorld(world)
  }
})

test('an embedded Berth is backed up with its key under a passphrase, stopped or not, and restored with it', async () => {
  const file = path.join(folder, 'backup.tar.gz')
  const env = {
    BERTH_DATA_DIR: path.join(folder, 'embedded'),
    BERTH_BACKUP_PASSPHRASE: 'correct horse battery',
  }
  expect(await run(['backup', file], env)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no Berth in'),
  })
  expect(await run(['migrate'], env)).toMatchObject({ code: 0 })
  const key = Buffer.alloc(32, 3).toString('base64')
  await writeFile(path.join(folder, 'embedded/secret.key'), key)
  expect(await run(['backup', file], env)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('sealed with'),
  })
  const back = { ...env, BERTH_DATA_DIR: path.join(folder, 'back') }
  expect(await run(['restore', file], back)).toMatchObject({ code: 0 })
  expect(storedKey(path.join(folder, 'back'))).toBe(key)
})

describe('a newer Berth on an older database', () => {
  const newest = migrations().at(-1)!.version
  const older = newest - 1
  const backups = () => readdir(path.join(dataDir, 'backups')).catch(() => [])
  const schema = async (url = target.url) =>
    (await query(url, 'select max(version) as version from schema_migrations'))[0]!['version']

  async function fillOlder(): Promise<void> {
    await migrate(target.url, { upTo: older })
    await query(
      target.url,
      `insert into users (id, name, email) values ('usr_old', 'Old', 'old@example.com')`,
    )
  }

  test('backs it up before it changes anything, keeps the last three, and what it made brings the older one back', async () => {
    await fillOlder()
    await mkdir(path.join(dataDir, 'backups'), { recursive: true })
    for (const day of ['01', '02', '03'])
      await writeFile(
        path.join(dataDir, 'backups', `before-schema-0001-2026-01-${day}T00-00-00-000Z.tar.gz`),
        '',
      )
    await writeFile(path.join(dataDir, 'backups/mine.tar.gz'), '')
    await start()
    expect(await schema()).toBe(newest)
    expect(await query(target.url, 'select name from users')).toEqual([{ name: 'Old' }])
    const made = (await backups()).toSorted((a, b) => a.localeCompare(b))
    expect(made).toEqual([
      'before-schema-0001-2026-01-02T00-00-00-000Z.tar.gz',
      'before-schema-0001-2026-01-03T00-00-00-000Z.tar.gz',
      expect.stringMatching(new RegExp(`^before-schema-${String(newest).padStart(4, '0')}-`)),
      'mine.tar.gz',
    ])

    const fresh = await createTestDatabase({ empty: true })
    try {
      const file = path.join(dataDir, 'backups', made[2]!)
      const restored = await run(['restore', file], { BERTH_DATA_DIR: dataDir, DATABASE_URL: fresh.url })
      expect(restored).toMatchObject({ code: 0 })
      expect(await query(fresh.url, 'select name from users')).toEqual([{ name: 'Old' }])
    } finally {
      await fresh.drop()
    }
  })

  test('does not change what it cannot back up, and says how to go on', async () => {
    await fillOlder()
    await mkdir(dataDir, { recursive: true })
    await writeFile(path.join(dataDir, 'backups'), 'in the way')
    const refused = await run(['start'], environment())
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `was not brought from schema ${older} to ${newest}, since it could not be backed up`,
      ),
    })
    expect(await schema()).toBe(older)
    expect(await run(['migrate'], environment({ BERTH_BACKUP_BEFORE_MIGRATION: 'off' }))).toMatchObject({
      code: 0,
    })
    expect(await schema()).toBe(newest)
  })

  test.skipIf(!canMount)('does not begin a backup that the disk has no room for', async () => {
    await fillOlder()
    const folderOfBackups = path.join(dataDir, 'backups')
    await mkdir(folderOfBackups, { recursive: true })
    const script = `mount -t tmpfs -o size=1m none ${folderOfBackups} && exec ${process.execPath} ${main} migrate`
    const env = { PATH: process.env['PATH'], ...environment() }
    const { status, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script], {
      env,
      encoding: 'utf8',
    })
    expect(stderr).toMatch(/The backup may need \d+ MB and .*backups has \d+ MB left\. Free some space/)
    expect(status).toBe(1)
    expect(await schema()).toBe(older)
    expect(await backups()).toEqual([])
  })

  test('makes no backup of a new database', async () => {
    expect(await run(['migrate'], environment())).toMatchObject({ code: 0 })
    expect(await backups()).toEqual([])
  })
})

test('the program says its version, its commands, and what is wrong with what was asked', async () => {
  expect((await run(['--version'], {})).stdout).toMatch(/^berth \d+\.\d+\.\d+\n$/)
  const { stdout } = await run(['--help'], {})
  for (const name of ['start', 'backup', 'restore', 'rotate-secret-key', 'lost-secret-key', 'recover'])
    expect(stdout).toContain(`\n  ${name} `)
  expect(await run(['strat'], {})).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no command'),
  })
  for (const [args, stderr] of [
    [['start', '--colour'], "Unknown option '--colour': --help lists what there is.\n"],
    [['start', '--yes'], 'start takes no --yes: --help lists what it takes.\n'],
    [['backup', 'one', 'two'], 'backup takes one file, not also "two".\n'],
    [['restore'], 'Say which: restore <file>.\n'],
  ] as const)
    expect(await run([...args], environment())).toMatchObject({ code: 2, stderr })
})

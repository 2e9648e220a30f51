import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { postgresAccount } from './account.ts'
import { startPostgres } from './embedded.ts'
import type { EmbeddedPostgres } from './embedded.ts'
import type { PostgresRecord } from './location.ts'

const isRoot = process.getuid?.() === 0

/** What a test starts; ended and removed after it, whatever came of it. */
let running: EmbeddedPostgres[] = []
let children: ChildProcess[] = []
let folder: string
let dataDir: string
let messages: string[] = []

const log = {
  info: (message: string) => messages.push(message),
  warn: (message: string) => messages.push(message),
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-embedded-'))
  await chmod(folder, 0o755)
  dataDir = join(folder, 'data')
  messages = []
})

afterEach(async () => {
  for (const postgres of running) await postgres.stop()
  for (const child of children) child.kill('SIGKILL')
  running = []
  children = []
  const file = join(dataDir, 'postgres.json')
  if (existsSync(file)) await rm(readRecord().home, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
})

async function start(directory = dataDir): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres({ dataDir: directory, log })
  running.push(postgres)
  return postgres
}

async function stop(postgres: EmbeddedPostgres): Promise<void> {
  running = running.filter((other) => other !== postgres)
  await postgres.stop()
}

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

function readRecord(): PostgresRecord {
  return JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8')) as PostgresRecord
}

/** A Berth of its own: a process that starts PostgreSQL on the data directory, says its pid, and stays. */
async function startElsewhere(
  options: { detached?: boolean } = {},
): Promise<{ child: ChildProcess; postgresPid: number }> {
  const module = new URL('embedded.ts', import.meta.url).href
  const script = `
    import { startPostgres } from ${JSON.stringify(module)}
    process.on('SIGINT', () => console.log('interrupted'))
    const log = { info() {}, warn() {} }
    const postgres = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, log })
    console.log(postgres.pid)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, postgresPid: Number(line.toString()) }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`) // also false for zombies
    ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0] !== 'Z'
    : false
}

test('data and address outlive a restart, and stopping leaves no process behind', async () => {
  const first = await start()
  await query(first.url, "CREATE TABLE kept AS SELECT 'yes' AS word")
  await stop(first)
  expect(isAlive(first.pid)).toBe(false)

  const second = await start()
  expect(second.url).toBe(first.url)
  expect(await query(second.directUrl, 'SELECT word FROM kept')).toEqual([{ word: 'yes' }])
})

test('only loopback, only with a password, and Berth is not a superuser', async () => {
  const postgres = await start()
  const url = new URL(postgres.url)
  expect(url.hostname).toBe('127.0.0.1')
  expect(await query(postgres.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
  expect(await query(postgres.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }])
  expect(await query(postgres.url, 'SELECT usesuper FROM pg_user WHERE usename = current_user')).toEqual([
    { usesuper: false },
  ])
  url.password = 'wrong'
  await expect(query(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed')
  expect(statSync(join(dataDir, 'postgres.json')).mode & 0o777).toBe(0o600)
})

test('a second Berth on the same data directory is refused with a sentence, and the first is not disturbed', async () => {
  const postgres = await start()
  await expect(startPostgres({ dataDir, log })).rejects.toThrow(
    `Another Berth (process ${process.pid}) already uses the data directory ${dataDir}. Stop it first`,
  )
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('the PostgreSQL that a kill -9 of Berth leaves behind is taken over', async () => {
  const { child, postgresPid } = await startElsewhere()
  await expect(startPostgres({ dataDir, log })).rejects.toThrow(`Another Berth (process ${child.pid})`)
  await kill(child)
  expect(isAlive(postgresPid)).toBe(true)

  const postgres = await start()
  expect(postgres.pid).toBe(postgresPid)
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await stop(postgres)
  expect(isAlive(postgresPid)).toBe(false)
})

test('a PostgreSQL that was taken over is started again when it dies, too', async () => {
  const { child, postgresPid } = await startElsewhere()
  await kill(child)
  const postgres = await start()
  process.kill(postgresPid, 'SIGKILL')
  await expect.poll(() => postgres.pid, { timeout: 10_000 }).not.toBe(postgresPid)
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('a pid file that names an unrelated live process does not stand in the way', async () => {
  await stop(await start())
  const { home } = readRecord()
  const { uid, gid } = statSync(home)
  // The same user as PostgreSQL's, or PostgreSQL would see through it by itself.
  const stranger = spawn('/bin/sleep', ['60'], { uid, gid, cwd: '/', stdio: 'ignore' })
  children.push(stranger)
  const pidFile = join(home, 'data/postmaster.pid')
  await writeFile(pidFile, `${stranger.pid}\n${home}/data\n1700000000\n5432\n\n127.0.0.1\n\nready\n`, {
    mode: 0o600,
  })
  await chown(pidFile, uid, gid)

  const postgres = await start()
  expect(postgres.pid).not.toBe(stranger.pid)
  expect(isAlive(stranger.pid!)).toBe(true)
})

test('a pid file of a process that is gone does not stand in the way', async () => {
  const { child, postgresPid } = await startElsewhere()
  await kill(child)
  process.kill(postgresPid, 'SIGKILL')
  const postgres = await start()
  expect(postgres.pid).not.toBe(postgresPid)
})

test('sessions that outlive a killed PostgreSQL are waited for', async () => {
  const { child, postgresPid } = await startElsewhere()
  const { port, passwords } = readRecord()
  // Busy without looking around, so that it does not notice for a while that its PostgreSQL is gone.
  const busy = `DO $$ DECLARE until timestamptz := clock_timestamp() + '3s'; BEGIN WHILE clock_timestamp() < until LOOP END LOOP; END $$`
  const session = query(`postgresql://berth:${passwords.berth}@127.0.0.1:${port}/berth`, busy).catch(
    () => undefined,
  )
  await sleep(500)
  await kill(child)
  process.kill(postgresPid, 'SIGKILL')
  const postgres = await start()
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await session
})

test('a crash of PostgreSQL is told and repaired on the same address', async () => {
  const postgres = await start()
  const crashed = postgres.pid
  await query(postgres.url, 'CREATE TABLE kept AS SELECT 1 AS one')
  process.kill(crashed, 'SIGKILL')
  await expect.poll(() => postgres.pid, { timeout: 10_000 }).not.toBe(crashed)
  expect(await query(postgres.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }])
  expect(messages).toContain('PostgreSQL has ended (SIGKILL); starting it again')
  expect(messages).toContain(`PostgreSQL runs again (process ${postgres.pid})`)
})

test('stopping right after a crash leaves no process behind', async () => {
  const postgres = await start()
  process.kill(postgres.pid, 'SIGKILL')
  await sleep(120) // in the middle of starting it again
  await stop(postgres)
  expect(isAlive(postgres.pid)).toBe(false)
  await start()
})

test('stopping cuts open connections instead of waiting for them', async () => {
  const postgres = await start()
  const client = new pg.Client({ connectionString: postgres.url })
  client.on('error', () => undefined)
  const cut = new Promise<void>((resolve) => client.once('end', resolve))
  await client.connect()
  await client.query('BEGIN')
  await stop(postgres)
  await expect(cut).resolves.toBeUndefined()
})

test("Ctrl-C in Berth's terminal does not reach PostgreSQL", async () => {
  const { child, postgresPid } = await startElsewhere({ detached: true })
  process.kill(-child.pid!, 'SIGINT') // what a terminal does: to the whole foreground group
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  expect(line.toString()).toBe('interrupted\n')
  await sleep(200)
  expect(isAlive(postgresPid)).toBe(true)
  await kill(child)
  await start() // takes it over, so that it is stopped after the test
})

test('a taken port is replaced, and the new one kept', async () => {
  const first = await start()
  await stop(first)
  const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1')
  await once(squatter, 'listening')
  const second = await start()
  expect(second.url).not.toBe(first.url)
  squatter.close()
  await stop(second)
  const third = await start()
  expect(third.url).toBe(second.url)
})

test('files of another major version are refused, untouched', async () => {
  await stop(await start())
  const versionFile = join(readRecord().home, 'data/PG_VERSION')
  await writeFile(versionFile, '15\n')
  await expect(startPostgres({ dataDir, log })).rejects.toThrow(
    'was made by PostgreSQL 15, and this Berth brings PostgreSQL 18',
  )
  expect(await readFile(versionFile, 'utf8')).toBe('15\n')
})

test('a first start that was cut off half-way is made anew', async () => {
  const { home } = await (async () => {
    await stop(await start())
    return readRecord()
  })()
  await rm(join(home, 'data'), { recursive: true })
  await mkdir(join(home, 'data.new'))
  await writeFile(join(home, 'data.new/PG_VERSION'), '18\n')
  await writeFile(join(home, 'password'), 'left over')
  const postgres = await start()
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  expect(existsSync(join(home, 'password'))).toBe(false)
})

test('lost passwords of an existing database are named, instead of starting an empty one', async () => {
  const postgres = await start()
  await stop(postgres)
  const saved = await readFile(join(dataDir, 'postgres.json'))
  await rm(join(dataDir, 'postgres.json'))
  await expect(startPostgres({ dataDir, log })).rejects.toThrow(
    'postgres.json, are gone. Put that file back.',
  )
  await writeFile(join(dataDir, 'postgres.json'), saved)
  await start()
})

test('a data directory with a very long path works', async () => {
  dataDir = join(folder, 'x'.repeat(120), 'y'.repeat(120))
  const postgres = await start()
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test.runIf(isRoot)('as root, PostgreSQL runs under an unprivileged user that owns its files', async () => {
  const postgres = await start()
  const account = (await postgresAccount())!
  expect(account.uid).toBeGreaterThan(0)
  expect(statSync(`/proc/${postgres.pid}`).uid).toBe(account.uid)
  expect(readRecord().home).toBe(join(dataDir, 'postgres'))
  expect(readlinkSync(`/proc/${postgres.pid}/cwd`)).toBe(join(dataDir, 'postgres/data'))
})

test.runIf(isRoot)('as root in a closed folder, the files stand where PostgreSQL reaches them', async () => {
  await chmod(folder, 0o700)
  const first = await start()
  const { home } = readRecord()
  expect(dirname(home)).toBe('/var/lib/berth')
  expect(statSync(home).mode & 0o777).toBe(0o700)
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one')
  await stop(first)
  const second = await start()
  expect(await query(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }])
})

test.runIf(isRoot)(
  'a new data directory does not inherit the database of a removed one at the same path',
  async () => {
    await chmod(folder, 0o700)
    const first = await start()
    await query(first.url, 'CREATE TABLE old AS SELECT 1')
    await stop(first)
    const { home } = readRecord()
    await rm(dataDir, { recursive: true })
    const second = await start()
    expect(await query(second.url, "SELECT to_regclass('old') AS old")).toEqual([{ old: null }])
    expect(messages.join()).toContain(`left its database in ${home}`)
    await rm(home, { recursive: true })
  },
)

test.runIf(isRoot)('two copies of a data directory cannot use their one database at once', async () => {
  await chmod(folder, 0o700)
  await start()
  const copy = join(folder, 'copy')
  await mkdir(copy)
  await writeFile(join(copy, 'postgres.json'), await readFile(join(dataDir, 'postgres.json')))
  await expect(startPostgres({ dataDir: copy, log })).rejects.toThrow('Another Berth')
})

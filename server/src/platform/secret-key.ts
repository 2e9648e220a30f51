/** The installation's secret key over time: known to be the right one, changed for another, or lost. */
import { existsSync, renameSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import type { Config } from './config.ts'
import { keyCheckOf, loadMasterKey, masterKey, newKey, storedKey, type MasterKey } from './crypto.ts'

/** A column whose values the secret key seals. All of them are listed in `app.ts`; a test holds that list. */
export interface SealedColumn {
  table: string
  column: string
  /** The columns of its primary key. */
  id: readonly string[]
  /** What is lost with the key, for a sentence: `the secrets of workspaces`. */
  what: string
  /** Opens a value with one key and seals it with another; throws when the first does not open it. */
  reseal(row: Record<string, unknown>, sealed: Buffer, from: MasterKey, to: MasterKey): Buffer
  /** The statement that gives up what cannot be opened any more. */
  forget: string
}

/** The key is not the right one, or in between; a sentence to act on. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
}

const nextFile = (dataDir: string) => path.join(dataDir, 'secret.key.next')
const currentFile = (dataDir: string) => path.join(dataDir, 'secret.key')

interface Checks {
  current: string | null
  next: string | null
}

async function checksOf(client: pg.Client): Promise<Checks> {
  const { rows } = await client.query<Checks>(
    'select key_check as current, next_key_check as next from installation',
  )
  return rows[0]!
}

/**
 * The key of the settings or the data directory. Refuses one that is not that which the database's values are sealed
 * with, before it does harm. The first key that a database is started with becomes that one.
 */
export async function loadRightKey(
  url: string,
  config: Config,
  columns: readonly SealedColumn[],
): Promise<MasterKey> {
  return await connected(url, async (client) => {
    await settleKeyFile(client, config.dataDir)
    const { current, next } = await checksOf(client)
    if (next)
      throw new KeyError('A change of the secret key was cut off. Finish it: npm run rotate-secret-key')
    const keys = loadMasterKey(config.secretKey, config.dataDir)
    const check = keyCheckOf(keys)
    if (current === check) return keys
    if (current !== null || !(await opensWhatThereIs(client, keys, columns))) throw wrongKey(config)
    await client.query('update installation set key_check = $1 where key_check is null', [check])
    if ((await checksOf(client)).current !== check) throw wrongKey(config)
    return keys
  })
}

function wrongKey({ secretKey, dataDir }: Config): KeyError {
  const place = secretKey ? 'BERTH_SECRET_KEY' : `The key in ${currentFile(dataDir)}`
  return new KeyError(
    `${place} is not the one that this database's secrets are sealed with. Put the right one back; all processes of one ` +
      'Berth share it (BERTH_SECRET_KEY). If it is lost for good: npm run lost-secret-key',
  )
}

/** For databases from before keys were checked: whether the key opens one value of every sealed column. */
async function opensWhatThereIs(
  client: pg.Client,
  keys: MasterKey,
  columns: readonly SealedColumn[],
): Promise<boolean> {
  for (const one of columns) {
    const { rows } = await client.query<Record<string, unknown>>(
      `select * from ${one.table} where ${one.column} is not null limit 1`,
    )
    if (rows[0] && !opens(one, rows[0], keys)) return false
  }
  return true
}

function opens(one: SealedColumn, row: Record<string, unknown>, keys: MasterKey): boolean {
  try {
    one.reseal(row, row[one.column] as Buffer, keys, keys)
    return true
  } catch {
    return false
  }
}

/** Completes what a kill -9 left between the last sealed row and the key's file. */
async function settleKeyFile(client: pg.Client, dataDir: string): Promise<void> {
  const next = await readFile(nextFile(dataDir), 'utf8').catch(() => null)
  if (next === null) return
  const { current } = await checksOf(client)
  if (current === keyCheckOf(masterKey(next.trim()))) await takeNextFile(dataDir)
}

/** The old key stays beside it: backups from before are sealed with it. */
async function takeNextFile(dataDir: string): Promise<string> {
  const retired = `${currentFile(dataDir)}.retired-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`
  if (existsSync(currentFile(dataDir))) await rename(currentFile(dataDir), retired)
  renameSync(nextFile(dataDir), currentFile(dataDir))
  return retired
}

export interface Rotation {
  resealed: number
  /** Values that neither key opens, by what they are; they were left as they are. */
  unreadable: Map<string, number>
  /** Where the old key is now; null: it was in the settings, and so is the new one. */
  retired: string | null
}

const batch = 200

/**
 * Seals everything with a new key: the one in BERTH_SECRET_KEY_NEXT, or one made in the data directory. Every batch is a
 * transaction and no value is sealed twice, so that a rotation which was cut off is finished by the next.
 */
export async function rotateSecretKey(
  url: string,
  config: Config,
  columns: readonly SealedColumn[],
): Promise<Rotation> {
  return await alone(url, async (client) => {
    await settleKeyFile(client, config.dataDir)
    const { from, to } = await keysOf(client, config)
    await client.query('update installation set next_key_check = $1', [keyCheckOf(to)])
    const result: Rotation = { resealed: 0, unreadable: new Map(), retired: null }
    for (const one of columns) await resealColumn(client, one, { from, to }, result)
    await client.query('update installation set key_check = next_key_check, next_key_check = null')
    if (!config.secretKey) result.retired = await takeNextFile(config.dataDir)
    return result
  })
}

async function keysOf(client: pg.Client, { secretKey, nextSecretKey, dataDir }: Config) {
  const { current, next } = await checksOf(client)
  const present = secretKey ?? storedKey(dataDir)
  if (!present) throw new KeyError(`There is no secret key in ${dataDir} and none in BERTH_SECRET_KEY.`)
  const from = masterKey(present)
  if (current !== null && keyCheckOf(from) !== current)
    throw new KeyError(
      `The secret key is not the one that this database's secrets are sealed with${next ? ': finish the change with the same two keys it was begun with' : ''}.`,
    )
  if (secretKey && !nextSecretKey)
    throw new KeyError(
      'Set BERTH_SECRET_KEY_NEXT to the new key beside BERTH_SECRET_KEY, the old one; `openssl rand -base64 32` makes one.',
    )
  const to = masterKey(secretKey ? nextSecretKey! : await nextStoredKey(dataDir))
  if (keyCheckOf(to) === keyCheckOf(from)) throw new KeyError('The new key is the old one. Name another.')
  if (next !== null && keyCheckOf(to) !== next)
    throw new KeyError('A change to another key was cut off. Finish that first, with the same new key.')
  return { from, to }
}

/** The key that a rotation goes to is on the disk before anything is sealed with it. */
async function nextStoredKey(dataDir: string): Promise<string> {
  const file = nextFile(dataDir)
  if (!existsSync(file)) {
    await writeFile(`${file}.new`, `${newKey()}\n`, { mode: 0o600, flush: true })
    await rename(`${file}.new`, file)
  }
  return (await readFile(file, 'utf8')).trim()
}

async function resealColumn(
  client: pg.Client,
  one: SealedColumn,
  { from, to }: { from: MasterKey; to: MasterKey },
  result: Rotation,
): Promise<void> {
  const key = one.id.join(', ')
  let last: unknown[] | null = null
  for (;;) {
    await client.query('begin')
    const after: string = last ? `and (${key}) > (${one.id.map((_, n) => `$${n + 1}`).join(', ')})` : ''
    const { rows }: pg.QueryResult<Record<string, unknown>> = await client.query(
      `select * from ${one.table} where ${one.column} is not null ${after} order by ${key} limit ${batch} for update`,
      last ?? [],
    )
    for (const row of rows) {
      if (opens(one, row, to)) continue
      if (!opens(one, row, from)) {
        result.unreadable.set(one.what, (result.unreadable.get(one.what) ?? 0) + 1)
        continue
      }
      const sealed = one.reseal(row, row[one.column] as Buffer, from, to)
      const which = one.id.map((name, n) => `${name} = $${n + 2}`).join(' and ')
      const values = [sealed, ...one.id.map((name) => row[name])]
      await client.query(`update ${one.table} set ${one.column} = $1 where ${which}`, values)
      result.resealed++
    }
    await client.query('commit')
    if (rows.length < batch) return
    last = one.id.map((name) => rows.at(-1)![name])
  }
}

/**
 * Gives up what a lost key sealed and lets the installation go on with the present one, in one transaction. Refuses while
 * the key is the right one. Returns how much of what was lost.
 */
export async function giveUpSealed(
  url: string,
  keys: MasterKey,
  columns: readonly SealedColumn[],
): Promise<Map<string, number>> {
  return await alone(url, async (client) => {
    const { current } = await checksOf(client)
    if (current === keyCheckOf(keys))
      throw new KeyError('The secret key is the right one: nothing is lost, and nothing was given up.')
    const lost = new Map<string, number>()
    await client.query('begin')
    for (const one of columns) {
      const { rowCount } = await client.query(one.forget)
      lost.set(one.what, (lost.get(one.what) ?? 0) + (rowCount ?? 0))
    }
    await client.query('update installation set key_check = $1, next_key_check = null', [keyCheckOf(keys)])
    await client.query('commit')
    return lost
  })
}

/** Nobody else changes the key meanwhile, and no Berth runs that would seal with the old one. */
async function alone<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return await connected(url, async (client) => {
    const lock = await client.query<{ taken: boolean }>(
      `select pg_try_advisory_lock(hashtext('berth:secret-key')) as taken`,
    )
    if (!lock.rows[0]!.taken) throw new KeyError('The secret key is being changed by another process.')
    const alive = await client.query<{ host: string }>('select host from runners where alive_until > now()')
    if (alive.rows[0])
      throw new KeyError(
        `Berth runs on ${alive.rows[0].host}. Stop every process of it first (one that was killed counts as running for ten seconds).`,
      )
    return await work(client)
  })
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'berth-secret-key' })
  client.on('error', () => {}) // told by the query that it breaks
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

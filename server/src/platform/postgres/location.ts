import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from './account.ts'
import { canEnter } from './account.ts'
import type { Passwords } from './cluster.ts'

/** What a data directory knows of its PostgreSQL. Kept in `postgres.json`, readable by Berth's user alone. */
export interface PostgresRecord {
  /** The folder with PostgreSQL's files: in the data directory, or below /var/lib/berth. */
  home: string
  port: number
  passwords: Passwords
}

/**
 * The folder below which files stand that an unprivileged PostgreSQL must reach while Berth runs as root.
 * Throws when it cannot be made or reached.
 */
export async function sharedDirectory(account: Account, path = '/var/lib/berth'): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o711 })
  if (!(await canEnter(account, path))) {
    throw new Error(
      `PostgreSQL does not run as root, and user ${account.uid} cannot enter ${path}. Allow it: chmod o+x ${path}`,
    )
  }
  return path
}

/** Reads `postgres.json`, or null in a new data directory. */
export async function readRecord(dataDir: string): Promise<PostgresRecord | null> {
  const text = await readFile(join(dataDir, 'postgres.json'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw new Error(
        `Cannot read ${join(dataDir, 'postgres.json')} (${error.code}). Run Berth as the user that owns ${dataDir}.`,
      )
    },
  )
  return text === null ? null : (JSON.parse(text) as PostgresRecord)
}

export async function writeRecord(dataDir: string, record: PostgresRecord): Promise<void> {
  const partial = join(dataDir, 'postgres.json.new')
  await writeFile(partial, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  await rename(partial, join(dataDir, 'postgres.json'))
}

/**
 * Where a new data directory's PostgreSQL goes: into the data directory itself, or, when Berth is root and the directory is
 * closed to `account`, to a folder of its own below /var/lib/berth. That folder is never taken over by another data
 * directory, nor by a later one with the same path: keys and database belong together.
 *
 * `forgotten` lists folders that an earlier data directory with this path has left there.
 */
export async function chooseHome(
  dataDir: string,
  account: Account | null,
): Promise<{ home: string; forgotten: string[] }> {
  if (!account || (await canEnter(account, dataDir)))
    return { home: join(dataDir, 'postgres'), forgotten: [] }
  const shared = await sharedDirectory(account)
  const prefix = createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex')
    .slice(0, 12)
  const forgotten = (await readdir(shared))
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(shared, name))
  return { home: join(shared, `${prefix}-${randomBytes(4).toString('hex')}`), forgotten }
}

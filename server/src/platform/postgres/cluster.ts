import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'

const run = promisify(execFile)

/** The files of one PostgreSQL. */
export interface Cluster {
  /** Holds everything of this PostgreSQL and belongs to `account`. */
  home: string
  /** PostgreSQL's own data directory, in `home`. */
  data: string
  /** The user that owns the files and runs PostgreSQL, when it is not Berth's own. */
  account: Account | null
  passwords: Passwords
}

/** Berth works as the role `berth`, which owns its database and may create others; `postgres` is the superuser. */
export interface Passwords {
  postgres: string
  berth: string
}

export function newPasswords(): Passwords {
  return { postgres: randomBytes(24).toString('hex'), berth: randomBytes(24).toString('hex') }
}

/** A directory that only `account` (or Berth's own user) may enter. */
export async function privateDirectory(path: string, account: Account | null): Promise<void> {
  await mkdir(path, { recursive: true })
  await chmod(path, 0o700)
  if (account) await chown(path, account.uid, account.gid)
}

/**
 * Makes the cluster's files unless they are there. Half-made files of an interrupted start are made anew.
 * Throws when they were made by another major version, which PostgreSQL cannot read.
 */
export async function createCluster(
  cluster: Cluster,
  binaries: Binaries,
  options: string[] = [],
): Promise<void> {
  const version = await readFile(join(cluster.data, 'PG_VERSION'), 'utf8').catch(() => null)
  if (version === null) return initialize(cluster, binaries, options)
  if (Number(version) !== binaries.major) {
    throw new Error(
      `${cluster.data} was made by PostgreSQL ${version.trim()}, and this Berth brings PostgreSQL ${binaries.major}. ` +
        'Start the Berth that made it, run its backup, and restore that into an empty data directory with this one.',
    )
  }
}

async function initialize(cluster: Cluster, binaries: Binaries, options: string[]): Promise<void> {
  const partial = `${cluster.data}.new`
  const passwordFile = join(cluster.home, 'password')
  await rm(partial, { recursive: true, force: true })
  await writeFile(passwordFile, cluster.passwords.postgres, { mode: 0o600 })
  if (cluster.account) await chown(passwordFile, cluster.account.uid, cluster.account.gid)
  // The builtin locale sorts alike on every machine and does not change with its libraries.
  const args = [
    ['--pgdata', partial],
    ['--username', 'postgres'],
    ['--pwfile', passwordFile],
    ['--auth', 'scram-sha-256'],
    ['--encoding', 'UTF8'],
    ['--locale-provider', 'builtin'],
    ['--builtin-locale', 'C.UTF-8'],
    ['--locale', 'C'],
    ['--no-instructions'],
    options,
  ]
  try {
    await run(binaries.initdb, args.flat(), { ...cluster.account, env: binaries.env, cwd: cluster.home })
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    throw new Error(`PostgreSQL could not make its files in ${cluster.data}: ${(stderr || message).trim()}`, {
      cause: error,
    })
  } finally {
    await rm(passwordFile, { force: true })
  }
  await rename(partial, cluster.data)
}

/** The account that owns the files of an existing cluster; null when they are Berth's own or not there yet. */
export async function ownerOf(home: string): Promise<Account | null> {
  const stats = await stat(home).catch(() => null)
  return stats && stats.uid !== process.getuid?.() ? { uid: stats.uid, gid: stats.gid } : null
}

/** Makes the role `berth` and its database unless they are there. */
export async function createDatabase(cluster: Cluster, port: number): Promise<void> {
  const client = new Client({ connectionString: urlOf('postgres', cluster.passwords, port, 'postgres') })
  client.on('error', () => undefined) // reported by the query that it breaks
  await client.connect()
  try {
    const { rows } = await client.query<{ role: boolean; database: boolean }>(`
      SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'berth') AS role,
             EXISTS (SELECT FROM pg_database WHERE datname = 'berth') AS database`)
    const found = rows[0]!
    if (!found.role)
      await client.query(`CREATE ROLE berth LOGIN CREATEDB PASSWORD '${cluster.passwords.berth}'`)
    if (!found.database) await client.query('CREATE DATABASE berth OWNER berth')
  } finally {
    await client.end()
  }
}

export function urlOf(role: keyof Passwords, passwords: Passwords, port: number, database: string): string {
  return `postgresql://${role}:${passwords[role]}@127.0.0.1:${port}/${database}`
}

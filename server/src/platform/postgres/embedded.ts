import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { canEnter, postgresAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import type { Binaries } from './binaries.ts'
import { claimDataDirectory } from './claim.ts'
import { createCluster, createDatabase, newPasswords, ownerOf, privateDirectory, urlOf } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { chooseHome, readRecord, sharedDirectory, writeRecord } from './location.ts'
import type { PostgresRecord } from './location.ts'
import { adopt, FilesInUse, freePort, launch, PortTaken, stop } from './postmaster.ts'
import type { Postmaster } from './postmaster.ts'

/** A pino logger will do. */
export interface PostgresLog {
  info(message: string): void
  warn(message: string): void
}

export interface EmbeddedPostgres {
  /** The database `berth`, as the role `berth` that owns it. Stays the same when PostgreSQL restarts. */
  url: string
  /** For LISTEN: the same, since no pooler stands between. */
  directUrl: string
  /** PostgreSQL's version, for example `18.4`. */
  version: string
  /** The process id now; a restart changes it. */
  readonly pid: number
  /** Stops PostgreSQL and gives the data directory up. Close the pools first: connections still open are cut. */
  stop(): Promise<void>
}

const settings = [
  'max_connections=200',
  'shared_buffers=128MB',
  'jit=off', // the queries are short: compiling them costs more than it saves
  // No failed statements in the log: their values may be secrets. Berth logs the errors of its own queries.
  'log_min_messages=log',
  'log_checkpoints=off',
]

/**
 * Starts the PostgreSQL that Berth brings along on the files in `dataDir`, making them on first use, and keeps it
 * running: after a crash it is started again on the same port. The data directory is claimed for this process.
 *
 * Throws a sentence for the operator when another Berth uses the directory, when its files were made by another major
 * version, or when PostgreSQL cannot start.
 */
export async function startPostgres(options: {
  dataDir: string
  log: PostgresLog
}): Promise<EmbeddedPostgres> {
  const { log } = options
  const dataDir = resolve(options.dataDir)
  await mkdir(dataDir, { recursive: true, mode: isRoot ? 0o711 : 0o700 })
  const releases = [claimDataDirectory(dataDir)]
  let postmaster: Postmaster | undefined
  try {
    const { cluster, binaries, record } = await prepare(dataDir, log)
    // A copied data directory names the same files of PostgreSQL: claim those too.
    if (!cluster.home.startsWith(dataDir)) releases.push(claimDataDirectory(cluster.home))
    await createCluster(cluster, binaries)
    for (let tries = 1; ; tries++) {
      postmaster = await startOrAdopt(cluster, binaries, record.port, log)
      try {
        await createDatabase(cluster, postmaster.port)
        break
      } catch (error) {
        // One that was killed just now looks alive for a moment.
        if (tries === 3 || !(await endsSoon(postmaster))) throw error
      }
    }
    if (postmaster.port !== record.port) await writeRecord(dataDir, { ...record, port: postmaster.port })
    return supervise(postmaster, { cluster, binaries, log, releases })
  } catch (error) {
    if (postmaster) await stop(postmaster)
    for (const release of releases) release()
    throw error
  }
}

const endsSoon = ({ exited }: Postmaster): Promise<boolean> =>
  Promise.race([exited.then(() => true), sleep(2000, false)])

const isRoot = process.getuid?.() === 0

interface Prepared {
  cluster: Cluster
  binaries: Binaries
  record: PostgresRecord
}

/** Finds or decides where the files stand, who owns them and which program works on them. */
async function prepare(dataDir: string, log: PostgresLog): Promise<Prepared> {
  let record = await readRecord(dataDir)
  const account = (record && (await ownerOf(record.home))) ?? (await postgresAccount())
  if (!record) {
    const { home, forgotten } = await chooseHome(dataDir, account)
    if (existsSync(home)) {
      throw new Error(
        `${home} has a database, but its passwords, ${dataDir}/postgres.json, are gone. Put that file back.`,
      )
    }
    for (const folder of forgotten) {
      log.warn(
        `an earlier data directory ${dataDir} left its database in ${folder}; remove it if it is not needed`,
      )
    }
    record = { home, port: await freePort(), passwords: newPasswords() }
    await writeRecord(dataDir, record)
  }
  const { home, passwords } = record
  await privateDirectory(home, account)
  if (account && !(await canEnter(account, home))) {
    throw new Error(
      `PostgreSQL runs as user ${account.uid}, which cannot enter ${home}. Allow it: chmod o+x ${dataDir}`,
    )
  }
  const binaries = await findBinaries(account, async () => (account ? sharedDirectory(account) : dataDir))
  return { cluster: { home, data: join(home, 'data'), account, passwords }, binaries, record }
}

async function startOrAdopt(
  cluster: Cluster,
  binaries: Binaries,
  knownPort: number,
  log: PostgresLog,
): Promise<Postmaster> {
  const adopted = await adopt(cluster, binaries)
  if (adopted) {
    log.info(`takes over the PostgreSQL that still runs (process ${adopted.pid})`)
    return adopted
  }
  let port = knownPort
  for (let tries = 1; ; tries++) {
    try {
      return await launch({ cluster, binaries, port, settings })
    } catch (error) {
      if (error instanceof PortTaken && tries < 20) port = await freePort()
      else if (error instanceof FilesInUse && tries < 20) await sleep(500)
      else throw error
    }
  }
}

interface Supervised {
  cluster: Cluster
  binaries: Binaries
  log: PostgresLog
  /** Called once PostgreSQL has been stopped. */
  releases: (() => void)[]
}

function supervise(first: Postmaster, { cluster, binaries, log, releases }: Supervised): EmbeddedPostgres {
  const { port } = first
  let current = first
  let stopping = false

  async function keepRunning(): Promise<void> {
    let delay = 100
    while (true) {
      const how = await current.exited
      if (stopping) return
      log.warn(`PostgreSQL has ended (${how}); starting it again`)
      await sleep(delay)
      delay = Math.min(delay * 2, 10_000)
      try {
        current = await launch({ cluster, binaries, port, settings })
        delay = 100
        log.info(`PostgreSQL runs again (process ${current.pid})`)
      } catch (error) {
        log.warn(String(error))
      }
      if (stopping) await stop(current)
    }
  }

  const supervision = keepRunning()
  const url = urlOf('berth', cluster.passwords, port, 'berth')
  return {
    url,
    directUrl: url,
    version: binaries.version,
    get pid() {
      return current.pid
    },
    async stop() {
      stopping = true
      await stop(current)
      await supervision
      for (const release of releases) release()
    },
  }
}

/** This process among the installation's: its row, its heartbeat, and the end of those that died on this machine. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Logger } from '../platform/logger.ts'
import { version } from '../platform/version.ts'
import { endLeases } from '../runs/service.ts'
import { toldCapabilities, type Capabilities } from './sandbox/capabilities.ts'
import { identify, isAlive, type ProcessIdentity } from './process/proc.ts'

const beatMs = 1000
/** A runner that has not renewed for so long has lost its deployments. */
const leaseSeconds = 10
/** One that could not renew for so long stops what it runs, before anybody else may start it. */
const fenceMs = 7000

export interface Runner {
  readonly id: string
  /** Stops beating and says at once that it is gone. */
  stop(): Promise<void>
}

export interface RunnerOptions {
  id: string
  db: Database
  logger: Logger
  dataDir: string
  roles: string[]
  /** Where other processes reach its internal socket. */
  address: string
  capabilities: Capabilities | null
  /** It could not renew its lease: all that runs here must end now. */
  onFenced(): void
}

/** Announces this process and keeps it announced. */
export async function announceRunner(options: RunnerOptions): Promise<Runner> {
  const { db, logger } = options
  const folder = path.join(options.dataDir, 'runners')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  await buryDead(db, folder)
  const { id } = options
  const file = path.join(folder, `${id}.json`)
  writeFileSync(file, JSON.stringify(identify(process.pid)))
  const capabilities = options.capabilities ? toldCapabilities(options.capabilities) : []
  await sql`
    insert into runners (id, address, roles, host, version, capabilities, started_at, alive_until)
    values (${id}, ${options.address}, ${options.roles}, ${hostname()}, ${version},
            ${JSON.stringify(capabilities)}::jsonb, now(), now() + make_interval(secs => ${leaseSeconds}))`.execute(
    db,
  )

  let renewed = performance.now()
  let fenced = false
  let beating = false
  const timer = setInterval(() => void beat(), beatMs)

  async function beat(): Promise<void> {
    // A database that does not answer at all must not keep this from being seen.
    if (!fenced && performance.now() - renewed > fenceMs) {
      fenced = true
      logger.error('the database has not answered for too long; what runs here stops')
      options.onFenced()
    }
    if (beating) return
    beating = true
    const asked = performance.now()
    try {
      await sql`
        update runners set beat_at = now(), alive_until = now() + make_interval(secs => ${leaseSeconds})
        where id = ${id}`.execute(db)
    } catch {
      return
    } finally {
      beating = false
    }
    // An answer that took long says nothing about now.
    if (performance.now() - asked > fenceMs) return
    renewed = asked
    if (fenced) logger.info('the database answers again; taking deployments back')
    fenced = false
  }

  return {
    id,
    stop: async () => {
      clearInterval(timer)
      // Gone at the moment of its last word, which tells it from one that fell silent.
      await sql`update runners set beat_at = now(), alive_until = now() where id = ${id}`.execute(db)
      rmSync(file, { force: true })
    },
  }
}

/** Runners of this data directory whose process is gone need not be waited for; rows nobody needs are removed. */
async function buryDead(db: Database, folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name)
    const identity = readIdentity(file)
    if (identity && isAlive(identity)) continue
    const id = path.basename(name, '.json')
    await sql`update runners set alive_until = least(alive_until, now()) where id = ${id}`.execute(db)
    await endLeases(db, id, new Date(Date.now() - 1))
    rmSync(file, { force: true })
  }
  await sql`delete from runners where alive_until < now() - interval '1 day'`.execute(db)
}

function readIdentity(file: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    return null
  }
}

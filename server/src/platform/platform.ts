import type pg from 'pg'
import type { Actor } from '@berth/contracts'
import { backupBeforeMigration } from './backup/before-migration.ts'
import { systemClock, type Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { MasterKey } from './crypto.ts'
import { openDatabase, type Database } from './db/database.ts'
import { migrate } from './db/migrate.ts'
import { startFeed, type Feed } from './feed.ts'
import { sweepIdempotencyKeys } from './http/idempotency.ts'
import { startJobs, type JobName, type Jobs } from './jobs.ts'
import { createLogger, type Logger } from './logger.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { repeat } from './repeat.ts'
import { loadRightKey, type SealedColumn } from './secret-key.ts'
import { mutate, type MutateContext, type Origin, type Tx } from './mutate.ts'

/** What every part of the server stands on. */
export interface Platform {
  config: Config
  clock: Clock
  logger: Logger
  metrics: Metrics
  keys: MasterKey
  db: Database
  pool: pg.Pool
  feed: Feed
  jobs: Jobs
  schemaVersion: number
  databaseUrl: string
  mutateContext: MutateContext
  mutate<T>(origin: Origin, work: (tx: Tx) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface PlatformOptions {
  config: Config
  databaseUrl: string
  directUrl: string
  jobNames: readonly JobName[]
  /** What the secret key seals; default: nothing. */
  sealedColumns?: readonly SealedColumn[]
  clock?: Clock
  logger?: Logger
}

/** A part of Berth acting by itself. */
export function systemActor(part: string): Actor {
  return { kind: 'system', id: part, tokenId: null }
}

/** Brings the database forward and opens what every part stands on. */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { config, databaseUrl, directUrl } = options
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? createLogger(config.logLevel)
  const before = backupBeforeMigration({ config, logger }, directUrl)
  const schemaVersion = await migrate(directUrl, before ? { before } : {})
  const keys = await loadRightKey(directUrl, config, options.sealedColumns ?? [])
  const { db, pool } = openDatabase({ url: databaseUrl, logger })
  const jobs = await startJobs({ url: directUrl, logger, clock, names: options.jobNames })
  const feed = await startFeed({ db, directUrl, clock, logger })
  const sweeping = repeat({ name: 'idempotency.sweep', everyMs: 3600_000, logger }, () =>
    sweepIdempotencyKeys(db, clock.now()),
  )
  const mutateContext: MutateContext = { db, clock, jobs, hint: feed.hint }
  return {
    config,
    clock,
    logger,
    metrics: createMetrics(),
    keys,
    db,
    pool,
    feed,
    jobs,
    schemaVersion,
    databaseUrl,
    mutateContext,
    mutate: (origin, work) => mutate(mutateContext, origin, work),
    close: async () => {
      await sweeping.stop()
      await jobs.stop()
      await feed.close()
      await db.destroy()
    },
  }
}

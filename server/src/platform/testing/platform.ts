import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { jobNames } from '../../app.ts'
import { systemClock, type Clock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { createLogger } from '../logger.ts'
import { openPlatform, systemActor, type Platform } from '../platform.ts'
import type { Tx } from '../mutate.ts'
import { createTestDatabase, type TestDatabase } from './databases.ts'

export interface TestPlatform extends Platform {
  database: TestDatabase
  dataDir: string
  /** A unit of work by nobody in particular. */
  change<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

/** Everything below the domains, for real, without the HTTP server; `beside` another it is a second process's. */
export async function openTestPlatform(
  options: { clock?: Clock; beside?: TestPlatform } = {},
): Promise<TestPlatform> {
  const { beside } = options
  const database = beside?.database ?? (await createTestDatabase())
  const dataDir = beside?.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'berth-test-')))
  const platform = await openPlatform({
    config: readConfig({ BERTH_DATA_DIR: dataDir }),
    databaseUrl: database.url,
    directUrl: database.url,
    jobNames,
    logger: createLogger(process.env['BERTH_TEST_LOG'] ?? 'silent'),
    ...(options.clock ? { clock: options.clock } : {}),
  })
  return {
    ...platform,
    database,
    dataDir,
    change: (work) => platform.mutate({ actor: systemActor('test'), requestId: null }, work),
    close: async () => {
      await platform.close()
      if (beside) return
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A clock that stands still until it is moved. */
export function movableClock(
  start = new Date('2026-11-23T09:00:00Z'),
): Clock & { advance(ms: number): void } {
  let now = start.getTime()
  return {
    now: () => new Date(now),
    monotonic: systemClock.monotonic,
    advance: (ms) => {
      now += ms
    },
  }
}

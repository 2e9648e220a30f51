import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventType } from '@berth/contracts'
import { readConfig } from '../platform/config.ts'
import { newId } from '../platform/ids.ts'
import type { JobName } from '../platform/jobs.ts'
import { createLogger, type Logger } from '../platform/logger.ts'
import type { Tx } from '../platform/mutate.ts'
import { openPlatform, systemActor, type Platform } from '../platform/platform.ts'
import { createTestDatabase } from '../platform/testing/databases.ts'

export interface TestPlatform {
  platform: Platform
  dataDir: string
  change<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  organization(): Promise<string>
  /** The payloads of the events of one type in an organization's log, oldest first. */
  events(organizationId: string, type: EventType): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

/** The real platform on a database of its own, for tests of services. */
export async function openTestPlatform(
  options: { jobNames?: readonly JobName[]; logger?: Logger; secretKey?: string } = {},
): Promise<TestPlatform> {
  const database = await createTestDatabase()
  const dataDir = await mkdtemp(path.join(tmpdir(), 'berth-test-'))
  const platform = await openPlatform({
    config: readConfig({ BERTH_DATA_DIR: dataDir, BERTH_SECRET_KEY: options.secretKey }),
    databaseUrl: database.url,
    directUrl: database.url,
    jobNames: options.jobNames ?? [],
    logger: options.logger ?? createLogger('silent'),
  })
  const change: TestPlatform['change'] = (work) =>
    platform.mutate({ actor: systemActor('test'), requestId: null }, work)
  return {
    platform,
    dataDir,
    change,
    organization: () => change(newOrganization),
    events: async (organizationId, type) => {
      const rows = await platform.db
        .selectFrom('events')
        .select('payload')
        .where('organizationId', '=', organizationId)
        .where('type', '=', type)
        .orderBy('seq')
        .execute()
      return rows.map((row) => row.payload as Record<string, unknown>)
    },
    close: async () => {
      await platform.close()
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function newOrganization(tx: Tx): Promise<string> {
  const id = newId('organization')
  await tx.db
    .insertInto('organizations')
    .values({ id, slug: id.slice(-20), name: 'Test', createdAt: tx.now })
    .execute()
  await tx.db.insertInto('logHeads').values({ organizationId: id }).execute()
  return id
}

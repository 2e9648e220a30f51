import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { jobNames } from '../../app.ts'
import { systemClock } from '../clock.ts'
import { openDatabase, type Database } from '../db/database.ts'
import { migrate } from '../db/migrate.ts'
import { startJobs } from '../jobs.ts'
import { createLogger } from '../logger.ts'

const template = 'berth_template'

function databaseUrl(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function admin<T>(server: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Makes the template: all migrations and the job queues. */
export async function openPlatformTemplate(server: string): Promise<void> {
  await admin(server, (client) => client.query(`create database ${template}`))
  const url = databaseUrl(server, template)
  await migrate(url)
  await admin(url, (client) => client.query(withoutLimits))
  const logger = createLogger('silent')
  const jobs = await startJobs({ url, logger, clock: systemClock, names: jobNames })
  await jobs.stop()
}

/**
 * What is not about plans has organizations without limits: they come on the newest version of `free`. Tests of plans
 * put theirs on a version with limits.
 */
const withoutLimits = `
  insert into plan_versions
  select 'plv_0000000000000000000000000z', plan, 1000, name, description, price, currency, per, "interval", trial_days,
    due_days, grace_days, fallback, grants, true, published_at
  from plan_versions where plan = 'free' and version = 1`

export interface TestDatabase {
  url: string
  drop(): Promise<void>
}

/** A database of the caller's own: a clone of the template, or empty. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const server = process.env['BERTH_TEST_POSTGRES']
  if (!server) throw new Error('this test needs the global set-up, which starts PostgreSQL')
  const name = `test_${randomBytes(6).toString('hex')}`
  const from = options.empty ? 'template1' : template
  await admin(server, (client) => client.query(`create database ${name} template ${from}`))
  return {
    url: databaseUrl(server, name),
    drop: () =>
      admin(server, (client) => client.query(`drop database if exists ${name} with (force)`)).then(() => {}),
  }
}

/** A migrated database with an open pool, for tests of stores and services. */
export async function openTestDatabase(): Promise<{ db: Database; url: string; close(): Promise<void> }> {
  const database = await createTestDatabase()
  const { db } = openDatabase({ url: database.url, logger: createLogger('silent'), max: 20 })
  return {
    db,
    url: database.url,
    close: async () => {
      await db.destroy()
      await database.drop()
    },
  }
}

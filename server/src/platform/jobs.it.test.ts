import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { openDatabase, type Database } from './db/database.ts'
import { startJobs, type JobHandler, type Jobs } from './jobs.ts'
import { createLogger } from './logger.ts'
import { createTestDatabase, type TestDatabase } from './testing/index.ts'

declare module './jobs.ts' {
  interface JobTypes {
    'test.count': { n: number }
    'test.fail': { times: number }
  }
}

const names = ['test.count', 'test.fail'] as const
const logger = createLogger('silent')
let database: TestDatabase
let db: Database
/** Two processes. */
let processes: Jobs[]
const done: number[] = []
const failures: number[] = []

const count: JobHandler<'test.count'> = {
  name: 'test.count',
  run: async ({ n }) => void done.push(n),
}
const fail: JobHandler<'test.fail'> = {
  name: 'test.fail',
  retryLimit: 2,
  run: async ({ times }) => {
    failures.push(times)
    if (failures.filter((one) => one === times).length <= times) throw new Error('not yet')
  },
}

beforeAll(async () => {
  database = await createTestDatabase()
  db = openDatabase({ url: database.url, logger }).db
  const start = () => startJobs({ url: database.url, logger, clock: systemClock, names })
  processes = [await start(), await start()]
  for (const jobs of processes) await jobs.work([count, fail])
})
afterAll(async () => {
  for (const jobs of processes) await jobs.stop()
  await db.destroy()
  await database.drop()
})

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let left = 500; !condition(); left--) {
    if (left === 0) throw new Error(`not within 25 s: ${what}`)
    await sleep(50)
  }
}

describe('a job', () => {
  test('exists only if the change that enqueued it commits, and is done once by one of two processes', async () => {
    const [jobs] = processes
    for (let n = 1; n <= 20; n++) {
      const change = db.transaction().execute(async (trx) => {
        await jobs!.enqueue(trx, 'test.count', { n })
        if (n % 2 === 0) throw new Error('rolled back')
      })
      await change.catch(() => {})
    }
    const expected = Array.from({ length: 10 }, (_, i) => 2 * i + 1)
    await until(() => done.length >= expected.length, 'ten jobs')
    await sleep(500)
    expect(done.toSorted((a, b) => a - b)).toEqual(expected)
  })

  test('does not wait for a poll each: whoever did one looks for the next', async () => {
    done.length = 0
    for (let n = 0; n < 200; n++) await processes[0]!.enqueue(null, 'test.count', { n })
    // With one job a poll of two seconds, 200 of them would take minutes.
    await until(() => done.length === 200, '200 jobs')
    expect(new Set(done).size).toBe(200)
  })

  test('waits once under one key', async () => {
    done.length = 0
    const [jobs] = processes
    await db.transaction().execute(async (trx) => {
      for (const n of [1, 2, 3]) await jobs!.enqueue(trx, 'test.count', { n }, { singletonKey: 'same' })
    })
    await until(() => done.length > 0, 'the job')
    await sleep(2500)
    expect(done).toEqual([1])
  })

  test('that failed is tried again, and stands in the dead letters after its last attempt', async () => {
    const [jobs] = processes
    await jobs!.enqueue(null, 'test.fail', { times: 1 })
    await jobs!.enqueue(null, 'test.fail', { times: 9 })
    await until(() => failures.length >= 2 + 3, 'five attempts')
    await sleep(500)
    expect(failures.filter((times) => times === 1)).toHaveLength(2)
    expect(failures.filter((times) => times === 9)).toHaveLength(3)
    const dead = await deadLetters()
    expect(dead).toEqual([{ times: 9 }])
  })
})

async function deadLetters(): Promise<unknown[]> {
  const { pool } = openDatabase({ url: database.url, logger, max: 1 })
  try {
    const { rows } = await pool.query<{ data: unknown }>(
      `select data from pgboss.job where name = 'test.fail.dead'`,
    )
    return rows.map((row) => row.data)
  } finally {
    await pool.end()
  }
}

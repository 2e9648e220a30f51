import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from 'kysely'
import { openTestPlatform, type TestPlatform } from '../testing/index.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())

test('a connection that is lost while somebody holds it fails their next statement, and nothing else', async () => {
  const client = await platform.pool.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const ended = new Promise((resolve) => void client.once('end', resolve))
  await platform.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid])
  await ended
  // Without somebody who hears of it, Node would have ended this process by now.
  await expect(client.query('select 1')).rejects.toThrow('not queryable')
  client.release(true)
  expect((await sql<{ one: number }>`select 1 as one`.execute(platform.db)).rows).toEqual([{ one: 1 }])
})

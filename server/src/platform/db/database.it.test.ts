import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import { newId } from '../ids.ts'
import { openTestPlatform, type TestPlatform } from '../testing/index.ts'
import { executeWithCommit } from './driver.ts'

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

describe('the last statement of a transaction, which goes with its commit', () => {
  const wordsThere = async () =>
    (await sql<{ found: string | null }>`select to_regclass('last_words') as found`.execute(platform.db))
      .rows[0]!.found

  test('takes place before it', async () => {
    await platform.db.transaction().execute(async (trx) => {
      await executeWithCommit(trx, sql`create table last_words (word text)`)
    })
    await platform.db.transaction().execute(async (trx) => {
      await sql`insert into last_words values ('first')`.execute(trx)
      await executeWithCommit(trx, sql`update last_words set word = word || ' and last'`)
    })
    const { rows } = await sql`select word from last_words`.execute(platform.db)
    expect(rows).toEqual([{ word: 'first and last' }])
    await sql`drop table last_words`.execute(platform.db)
  })

  test('takes all back if it fails, says what failed, and leaves the connection as good as before', async () => {
    for (let n = 0; n < 30; n++) {
      const failing = platform.db.transaction().execute(async (trx) => {
        await sql`create table last_words (word text)`.execute(trx)
        await executeWithCommit(trx, sql`select 1 / 0`)
      })
      await expect(failing).rejects.toThrow('division by zero')
    }
    expect(await wordsThere()).toBeNull()
  })

  test('is not said where the work before it fails, nor by who comes next on the connection', async () => {
    const failing = platform.db.transaction().execute(async (trx) => {
      await executeWithCommit(trx, sql`create table last_words (word text)`)
      throw new Error('the work')
    })
    await expect(failing).rejects.toThrow('the work')
    for (let n = 0; n < 30; n++)
      await platform.db.transaction().execute(async (trx) => void (await sql`select 1`.execute(trx)))
    expect(await wordsThere()).toBeNull()
  })

  test('an event of an organization that has no log takes its change back', async () => {
    const lost = newId('organization')
    const changing = platform.change(async (tx) => {
      await sql`create table last_words (word text)`.execute(tx.db)
      tx.emit(lost, 'workspace.archived', { workspaceId: newId('workspace') })
    })
    await expect(changing).rejects.toThrow(`no log for ${lost}`)
    expect(await wordsThere()).toBeNull()
  })
})

test('a connection that is lost in a transaction fails it, and nobody after it', async () => {
  const begun = platform.db.transaction().execute(async (trx) => {
    const own = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
    await platform.pool.query('select pg_terminate_backend($1)', [own.rows[0]!.pid])
    await sql`select 1`.execute(trx)
  })
  await expect(begun).rejects.toBeInstanceOf(Error)
  expect((await sql`select 1 as one`.execute(platform.db)).rows).toEqual([{ one: 1 }])
})

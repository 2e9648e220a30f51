import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { LogEvent } from '@berth/contracts'
import { feedLeaseMs, startFeed, type Feed } from './feed.ts'
import { newId } from './ids.ts'
import { appending } from './log/append.ts'
import { prepareEvent } from './log/leaf.ts'
import { systemActor } from './platform.ts'
import { openTestPlatform, seedOrganization, type TestPlatform } from './testing/index.ts'

let platform: TestPlatform
let feed: Feed
let heard: LogEvent[]
let organizationId: string

beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())

/** A feed as another process has it. */
beforeEach(async () => {
  organizationId = await seedOrganization(platform.db)
  const { db, clock, logger, database } = platform
  feed = await startFeed({ db, directUrl: database.url, clock, logger })
  heard = []
  feed.subscribe((events) => heard.push(...events.filter((event) => event.organizationId === organizationId)))
})
afterEach(() => feed.close())

const emit = (count = 1) =>
  platform.change(async (tx) => {
    for (let n = 0; n < count; n++)
      tx.emit(organizationId, 'workspace.archived', { workspaceId: newId('workspace') })
  })

/** Writes events without telling anybody. */
async function emitSilently(during: (append: () => Promise<void>) => Promise<void>): Promise<void> {
  const context = { actor: systemActor('test'), requestId: null, at: new Date() }
  await platform.db.transaction().execute((trx) =>
    during(async () => {
      await trx.updateTable('installation').set({ createdAt: new Date() }).execute()
      const event = prepareEvent(organizationId, 'workspace.archived', { workspaceId: newId('workspace') })
      await appending([event], context).execute(trx)
    }),
  )
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let left = 400; !condition(); left--) {
    if (left === 0) throw new Error(`not within 20 s: ${what}`)
    await sleep(50)
  }
}
const seqs = () => heard.map((event) => event.seq)
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

describe('the feed', () => {
  test('hears what other processes commit, each event once and in order', async () => {
    await Promise.all(Array.from({ length: 30 }, () => emit(2)))
    await until(() => heard.length >= 60, '60 events')
    await feed.catchUp()
    expect(seqs()).toEqual(upTo(60))
    expect(feed.position(organizationId)).toBe(60)
  })

  test('hears all that was committed before it is asked to catch up', async () => {
    for (let n = 1; n <= 5; n++) {
      await emit()
      await feed.catchUp()
      expect(seqs()).toEqual(upTo(n))
    }
  })

  test('hears of what nobody told, also when it was begun long before and committed late', async () => {
    const other = await seedOrganization(platform.db)
    const begun = Promise.withResolvers<void>()
    const late = emitSilently(async (append) => {
      await append()
      begun.resolve()
      await sleep(1500)
    })
    await begun.promise
    // Later transactions commit and are heard meanwhile.
    for (let n = 0; n < 10; n++) {
      await platform.change(async (tx) =>
        tx.emit(other, 'workspace.archived', { workspaceId: newId('workspace') }),
      )
      await feed.catchUp()
    }
    expect(heard).toEqual([])
    await late
    await until(() => heard.length > 0, 'the late event')
    expect(seqs()).toEqual([1])
  })

  test('goes on when a listener throws', async () => {
    const stop = feed.subscribe(() => {
      throw new Error('no')
    })
    await emit()
    await feed.catchUp()
    stop()
    expect(seqs()).toEqual([1])
  })

  test('goes on when its connection for hints is cut', async () => {
    await platform.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'berth-feed'",
    )
    await emit(3)
    await until(() => heard.length === 3, 'three events')
    await sleep(700)
    await emit()
    await until(() => heard.length === 4, 'one more')
    expect(seqs()).toEqual([1, 2, 3, 4])
  })

  test('says that it is not fresh while it cannot read, and loses nothing by it', async () => {
    expect(feed.isFresh()).toBe(true)
    await emit()
    await until(() => heard.length === 1, 'the event before')
    const client = await platform.pool.connect()
    try {
      await client.query('begin')
      await client.query('lock table log_heads in access exclusive mode')
      await sleep(feedLeaseMs + 700)
      expect(feed.isFresh()).toBe(false)
      await client.query('commit')
    } finally {
      client.release()
    }
    await emit()
    await until(() => heard.length === 2, 'the event after')
    expect(feed.isFresh()).toBe(true)
    expect(seqs()).toEqual([1, 2])
  })

  test('causes no warning of its runtime, however fast it is hinted', async () => {
    const warnings: string[] = []
    const note = (warning: Error) => void warnings.push(warning.message)
    process.on('warning', note)
    for (let n = 0; n < 100; n++) {
      feed.hint([organizationId])
      await sleep(n % 7)
    }
    await feed.catchUp()
    process.off('warning', note)
    expect(warnings).toEqual([])
  })
})

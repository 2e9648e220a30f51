import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { organizationEndpoints, type LogEvent } from '@berth/contracts'
import { newId } from './ids.ts'
import { appending } from './log/append.ts'
import { prepareEvent } from './log/leaf.ts'
import { systemActor } from './platform.ts'
import {
  readSse,
  signUp,
  startTestServer,
  type ReceivedEvent,
  type TestPerson,
  type TestServer,
} from './testing/index.ts'

let servers: TestServer[]
let person: TestPerson
let organizations: string[]

beforeAll(async () => {
  const first = await startTestServer()
  servers = [first, await startTestServer({ beside: first })]
  person = await signUp(first)
  organizations = []
  for (let n = 1; n <= 4; n++) {
    const made = await person.client.call(organizationEndpoints.create, {
      body: { name: `Organization ${n}` },
    })
    organizations.push(made.id)
  }
})
afterAll(async () => {
  for (const server of servers.toReversed()) await server.close()
})

const open: { drop(): void }[] = []
afterEach(() => open.splice(0).forEach((reader) => reader.drop()))

const origin = { actor: systemActor('test'), requestId: null }
const emitOn = (server: TestServer, ids: string[], reason = '') =>
  server.berth.platform.mutate(origin, async (tx) => {
    for (const id of ids) {
      tx.emit(id, 'release.observation_failed', { releaseId: newId('release'), reason })
    }
  })

/** Reads the stream from a position; `query` narrows it. */
function connect(
  server: TestServer,
  lastEventId: string | undefined,
  onEvent: (event: ReceivedEvent) => void,
  query = '',
) {
  const headers = { authorization: `Bearer ${person.token}` }
  const reader = readSse(`${server.url}/api/stream${query}`, { headers, lastEventId }, onEvent)
  open.push(reader)
  return reader
}

/** Where the stream is now. */
async function position(query = ''): Promise<string> {
  const ready = Promise.withResolvers<string>()
  const reader = connect(
    servers[0]!,
    undefined,
    ({ event, id }) => event === 'ready' && ready.resolve(id!),
    query,
  )
  const id = await ready.promise
  reader.drop()
  return id
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let left = 1200; !condition(); left--) {
    if (left === 0) throw new Error(`not within a minute: ${what}`)
    await sleep(50)
  }
}

const key = (event: LogEvent) => `${event.organizationId} ${event.seq}`

describe('readers that drop and come back with Last-Event-ID', () => {
  test('lose and double nothing, with 15 writers in two processes and some that commit late', async () => {
    const start = await position()
    const heads = new Map(await headsNow())
    const readers = Array.from({ length: 6 }, (_, n) => followWithDrops(start, n))
    const writers = Array.from({ length: 15 }, async (_, writer) => {
      const server = servers[writer % 2]!
      for (let n = 0; n < 12; n++) {
        const some = organizations.filter((_id, index) => (n + writer + index) % 3 === 0)
        await emitOn(server, some.length > 0 ? some : [organizations[0]!])
        await sleep(Math.random() * 20)
      }
    })
    await Promise.all([...writers, commitLate(700), commitLate(1500)])

    const now = new Map(await headsNow())
    const expected = organizations.flatMap((id) => {
      const from = heads.get(id)!
      return Array.from({ length: now.get(id)! - from }, (_, i) => `${id} ${from + 1 + i}`)
    })
    expect(expected.length).toBeGreaterThan(200)
    for (const reader of await Promise.all(readers.map((one) => one.finish(expected.length)))) {
      expect(reader.received.toSorted()).toEqual(expected.toSorted())
      for (const id of organizations) {
        const own = reader.received.filter((entry) => entry.startsWith(id))
        expect(own).toEqual(expected.filter((entry) => entry.startsWith(id)))
      }
      expect(reader.drops).toBeGreaterThan(10)
    }
  }, 90_000)

  async function headsNow(): Promise<[string, number][]> {
    const { db } = servers[0]!.berth.platform
    const rows = await db
      .selectFrom('logHeads')
      .select(['organizationId', 'seq'])
      .where('organizationId', 'in', organizations)
      .execute()
    return rows.map((row) => [row.organizationId, row.seq])
  }

  /** A transaction that begins early, takes its place at once or only at the end, and commits late. */
  async function commitLate(ms: number): Promise<void> {
    const { db } = servers[1]!.berth.platform
    const [id] = organizations
    const payload = { releaseId: newId('release'), reason: 'late' }
    const event = () => prepareEvent(id!, 'release.observation_failed', payload)
    const context = { ...origin, at: new Date() }
    await db.transaction().execute(async (trx) => {
      await trx.updateTable('installation').set({ createdAt: new Date() }).execute()
      if (ms < 1000) await appending([event()], context).execute(trx)
      await sleep(ms)
      if (ms >= 1000) await appending([event()], context).execute(trx)
    })
  }

  /** Follows from a position, dropping the connection after every few events. */
  function followWithDrops(from: string, seed: number) {
    const received: string[] = []
    let drops = 0
    let lastEventId = from
    let over = false
    let current: { drop(): void } = { drop: () => {} }
    const running = (async () => {
      for (let n = seed; !over; n++) {
        let left = 1 + ((n * 7) % 23)
        const reader = connect(servers[n % 2]!, lastEventId, ({ event, id, data }) => {
          if (left === 0) return
          if (event === 'event') received.push(key(data as LogEvent))
          if (id) lastEventId = id
          if (event === 'event' && --left === 0) reader.drop()
        })
        current = reader
        await reader.done
        drops++
      }
    })()
    const finish = async (count: number) => {
      await until(() => received.length >= count, `${count} events`)
      await sleep(300)
      over = true
      current.drop()
      await running
      return { received, drops }
    }
    return { finish }
  }
})

test('a position older than what is kept is answered with reset, and the stream goes on from now', async () => {
  const [, , , id] = organizations
  const query = `?organizationId=${id}`
  const old = await position(query)
  await emitOn(servers[0]!, [id!, id!])
  const { db } = servers[0]!.berth.platform
  await db
    .updateTable('logHeads')
    .set((eb) => ({ retainedFrom: eb.ref('seq') }))
    .where('organizationId', '=', id!)
    .execute()
  const events: ReceivedEvent[] = []
  connect(servers[0]!, old, (event) => events.push(event), query)
  await until(() => events.some(({ event }) => event === 'ready'), 'ready')
  await emitOn(servers[1]!, [id!], 'after')
  await until(() => events.length >= 3, 'the event after')
  expect(events.map(({ event }) => event)).toEqual(['reset', 'ready', 'event'])
  expect((events[2]!.data as LogEvent).payload['reason']).toBe('after')
})

test('what is no cursor is answered with reset', async () => {
  const events: ReceivedEvent[] = []
  connect(servers[0]!, 'nonsense', (event) => events.push(event))
  await until(() => events.length >= 2, 'reset and ready')
  expect(events.map(({ event }) => event)).toEqual(['reset', 'ready'])
})

test('a slow reader that is far behind gets everything on one connection', async () => {
  const [, , id] = organizations
  const query = `?organizationId=${id}`
  const from = await position(query)
  const large = 'x'.repeat(150_000)
  for (let n = 0; n < 60; n++) await emitOn(servers[n % 2]!, [id!], `${n} ${large}`)
  const received: number[] = []
  let ready = false
  let ended = false
  const reader = connect(
    servers[0]!,
    from,
    ({ event, data }) => {
      if (event === 'ready') ready = true
      if (event !== 'event') return
      received.push(Number.parseInt((data as LogEvent).payload['reason'] as string, 10))
      reader.pause()
      setTimeout(() => reader.resume(), 1)
    },
    query,
  )
  void reader.done.then(() => (ended = true))
  await until(() => ready || ended, 'the end')
  expect(received).toEqual(Array.from({ length: 60 }, (_, n) => n))
})

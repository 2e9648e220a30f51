import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { openConnection, type Connection } from './connection.ts'
import { createHolder } from './holder.ts'
import type { FeedMessage } from './protocol.ts'

/** A server of event streams that tests steer by hand. */
async function startStreams() {
  const opened: { lastEventId: string | undefined; response: ServerResponse }[] = []
  let answer: number = 200
  const server: Server = createServer((request, response) => {
    response.writeHead(answer, { 'content-type': 'text/event-stream' })
    if (answer !== 200) {
      response.end()
      return
    }
    response.flushHeaders()
    opened.push({ lastEventId: request.headers['last-event-id'] as string | undefined, response })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    opened,
    answerWith: (status: number) => (answer = status),
    async next(n: number) {
      await vi.waitFor(() => expect(opened.length).toBeGreaterThanOrEqual(n), { timeout: 5000, interval: 5 })
      return opened[n - 1]!
    },
    close: () => (server.closeAllConnections(), server.close()),
  }
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function connect(more: { silenceMs?: number; staleAfterMs?: number } = {}) {
  const streams = await startStreams()
  const told: FeedMessage[] = []
  const connection: Connection = openConnection({
    url: streams.url,
    tell: (message) => told.push(message),
    firstDelayMs: 5,
    maxDelayMs: 20,
    ...more,
  })
  cleanups.push(() => connection.close(), streams.close)
  const until = (seen: (message: FeedMessage) => boolean) =>
    vi.waitFor(() => expect(told.some(seen)).toBe(true), { timeout: 5000, interval: 5 })
  return {
    streams,
    told,
    connection,
    until,
    count: (type: string) => told.filter((m) => m.type === type).length,
  }
}

const isLive = (message: FeedMessage) => message.type === 'state' && message.state.kind === 'live'
const isKind = (kind: string) => (message: FeedMessage) =>
  message.type === 'state' && message.state.kind === kind

test('a stream that begins asks for a snapshot once, and tells events in order', async () => {
  const { streams, told, until, count } = await connect()
  const { response } = await streams.next(1)
  response.write('event: ready\ndata: {"cursor":"a"}\n\n')
  response.write('id: b\nevent: event\ndata: {"seq":1}\n\nid: c\nevent: ev')
  response.write('ent\ndata: {"seq":2}\n\n')
  await until((m) => m.type === 'event' && m.event.seq === 2)
  expect(told.flatMap((m) => (m.type === 'event' ? [m.event.seq] : []))).toEqual([1, 2])
  expect(count('fresh')).toBe(1)
})

test('after a loss it resumes behind the last event, without asking for a snapshot', async () => {
  const { streams, told, until, count } = await connect()
  const first = await streams.next(1)
  first.response.write('event: ready\ndata: {"cursor":"a"}\n\nid: b\nevent: event\ndata: {"seq":1}\n\n')
  await until((m) => m.type === 'event')
  first.response.destroy()
  const second = await streams.next(2)
  expect(second.lastEventId).toBe('b')
  expect(told.some(isKind('reconnecting'))).toBe(true)
  second.response.write(
    'id: c\nevent: event\ndata: {"seq":2}\n\nid: c\nevent: ready\ndata: {"cursor":"c"}\n\n',
  )
  await vi.waitFor(() => expect(told.filter(isLive)).toHaveLength(2), { timeout: 5000 })
  expect(count('event')).toBe(2)
  expect(count('fresh')).toBe(1)
})

test('a position that is no longer kept leads to a new snapshot', async () => {
  const { streams, until, count } = await connect()
  const first = await streams.next(1)
  first.response.write('id: a\nevent: ready\ndata: {"cursor":"a"}\n\n')
  await until(isLive)
  first.response.destroy()
  const second = await streams.next(2)
  second.response.write('event: reset\ndata: {"cursor":"z"}\n\nid: z\nevent: ready\ndata: {"cursor":"z"}\n\n')
  await vi.waitFor(() => expect(count('fresh')).toBe(2), { timeout: 5000 })
  second.response.destroy()
  expect((await streams.next(3)).lastEventId).toBe('z')
})

test('a stream that stays away is stale since its loss, and comes back by itself', async () => {
  const { streams, told, until } = await connect({ staleAfterMs: 30 })
  const first = await streams.next(1)
  first.response.write('event: ready\ndata: {"cursor":"a"}\n\n')
  await until(isLive)
  streams.answerWith(503)
  const lostAt = Date.now()
  first.response.destroy()
  await until(isKind('stale'))
  const stale = told.find(isKind('stale'))
  expect(stale?.type === 'state' && stale.state.kind === 'stale' && stale.state.since).toBeGreaterThanOrEqual(
    lostAt - 50,
  )
  streams.answerWith(200)
  const second = await streams.next(2)
  second.response.write('event: ready\ndata: {"cursor":"a"}\n\n')
  await vi.waitFor(() => expect(told.filter(isLive)).toHaveLength(2), { timeout: 5000 })
})

test('silence counts as a loss: a connection that only seems open is replaced', async () => {
  const { streams, until } = await connect({ silenceMs: 60 })
  const first = await streams.next(1)
  first.response.write('event: ready\ndata: {"cursor":"a"}\n\n')
  await until(isLive)
  expect((await streams.next(2)).lastEventId).toBe('a')
})

test.each(['revoked', '401'])('a sign-in that ended (%s) ends the stream for good', async (how) => {
  const { streams, told, until } = await connect()
  const first = await streams.next(1)
  first.response.write('event: ready\ndata: {"cursor":"a"}\n\n')
  await until(isLive)
  if (how === 'revoked') first.response.write('event: revoked\ndata: {}\n\n')
  else {
    streams.answerWith(401)
    first.response.destroy()
  }
  await until((m) => m.type === 'ended')
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(streams.opened).toHaveLength(1)
  expect(told.at(-1)).toEqual({ type: 'ended' })
})

test('many tabs share one stream; the last one to leave closes it; signing out tells all', () => {
  const opened: ((message: FeedMessage) => void)[] = []
  let closed = 0
  const receive = createHolder((tell) => {
    opened.push(tell)
    return { retry: () => {}, close: () => closed++, state: () => ({ kind: 'connecting' }) }
  })
  const heard: FeedMessage[][] = [[], []]
  const tabs = heard.map((list) => ({ tell: (message: FeedMessage) => list.push(message) }))
  for (const tab of tabs) receive(tab, { type: 'hello', scope: 'ada' })
  expect(opened).toHaveLength(1)
  opened[0]!({ type: 'fresh' })
  expect(heard.every((list) => list.at(-1)?.type === 'fresh')).toBe(true)
  receive(tabs[0]!, { type: 'bye' })
  expect(closed).toBe(0)
  receive(tabs[1]!, { type: 'bye' })
  expect(closed).toBe(1)
  receive(tabs[0]!, { type: 'hello', scope: 'ada' })
  receive(tabs[0]!, { type: 'hello', scope: 'bob' })
  expect(opened, 'another person needs another stream').toHaveLength(3)
  receive(tabs[0]!, { type: 'signed-out' })
  expect(heard[0]!.at(-1)).toEqual({ type: 'ended' })
})

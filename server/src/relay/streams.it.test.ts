import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { events, startBench, TestClient } from './test-kit.ts'
import type { Bench, BenchOptions, SseMessage } from './test-kit.ts'

let bench: Bench
afterEach(async () => await bench.close())

async function open(options: BenchOptions, version?: string, capabilities?: object): Promise<TestClient> {
  bench = await startBench(options)
  const client = new TestClient(bench.url)
  await client.open(version, capabilities)
  return client
}

async function take(stream: AsyncIterable<SseMessage>, count: number): Promise<SseMessage[]> {
  const taken: SseMessage[] = []
  for await (const message of stream) {
    taken.push(message)
    if (taken.length === count) break
  }
  return taken
}

const slow = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'run', arguments: {}, _meta: { progressToken: 1 } },
}

describe('a broken stream', () => {
  it('is resumed with exactly what was missed, live to its end', async () => {
    const client = await open({ fixture: 'misbehaving.mjs', args: ['slow'] })
    const body = { ...slow, params: { ...slow.params, arguments: { steps: 8, stepMs: 30, message: 'end' } } }
    const seen = await take(events(await client.post(body)), 3)
    expect(seen[0]!.data).toBe('')
    const rest: SseMessage[] = []
    for await (const message of events(await client.get({ 'last-event-id': seen[2]!.id! })))
      rest.push(message)
    const all = [...seen.slice(1), ...rest].map(({ data }) => JSON.parse(data))
    expect(all.map(({ params, id }) => params?.progress ?? `answer ${id}`)).toEqual([
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      'answer 1',
    ])
    // Once more, after its end: the same again, and it ends.
    const again: SseMessage[] = []
    for await (const message of events(await client.get({ 'last-event-id': seen[2]!.id! })))
      again.push(message)
    expect(again).toEqual(rest)
  })

  it('brings nothing of another stream', async () => {
    const client = await open({ fixture: 'misbehaving.mjs', args: ['slow'] })
    const call = (id: number) => ({ ...slow, id, params: { ...slow.params, _meta: { progressToken: id } } })
    const [one] = await Promise.all([
      client.post(call(1)).then(async (res) => await take(events(res), 1)),
      client.post(call(2)).then(async (res) => await res.text()),
    ])
    const rest: any[] = []
    for await (const { data } of events(await client.get({ 'last-event-id': one[0]!.id! })))
      rest.push(JSON.parse(data))
    expect(rest.map((message) => message.id ?? message.params.progressToken)).toEqual([1, 1, 1, 1])
  })

  it('that is long over is refused, and an id of an earlier process opens the session stream', async () => {
    const client = await open({ fixture: 'misbehaving.mjs', args: ['slow'] })
    expect((await client.get({ 'last-event-id': 'abcd-7-1' })).status).toBe(400)
    expect((await client.get({ 'last-event-id': 'nonsense' })).status).toBe(400)
    const abort = new AbortController()
    expect((await client.get({ 'last-event-id': 'abcd-0-12' }, abort.signal)).status).toBe(200)
    abort.abort()
  })
})

describe("the session's own stream", () => {
  it('keeps what came before it was opened, once', async () => {
    const client = await open({ fixture: 'misbehaving.mjs', args: ['drift'] })
    await client.call('drift')
    const first = await take(events(await client.get()), 2)
    expect(JSON.parse(first[1]!.data).method).toBe('notifications/tools/list_changed')
    const second = events(await client.get())
    const next = second.next()
    await client.call('drift')
    const { value } = await next
    expect(value!.id).not.toBe(first[1]!.id)
    await second.return(undefined)
  })

  it('belongs to the newest connection; the older one ends', async () => {
    const client = await open({ fixture: 'misbehaving.mjs', args: ['drift'] })
    const older = await client.get()
    const newer = await client.get()
    await older.text()
    const listening = take(events(newer), 2)
    await client.call('drift')
    expect(JSON.parse((await listening).at(-1)!.data).method).toBe('notifications/tools/list_changed')
  })
})

describe('quiet streams', () => {
  it('carry keep-alive comments, and a held answer becomes a stream', async () => {
    const client = await open({ fixture: 'misbehaving.mjs', args: ['slow'], endpoint: { keepAliveMs: 40 } })
    const params = { name: 'run', arguments: { steps: 1, stepMs: 300, message: 'late' } }
    const res = await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    expect(res.headers.get('content-type')).toBe('text/event-stream')
    const text = await res.text()
    expect(text).toContain(': keepalive\n\n')
    expect(text).toContain('"text":"late"')
  })

  it('start with an empty event for 2025-11-25 only: earlier clients cannot read it', async () => {
    const client = await open({ fixture: 'misbehaving.mjs', args: ['slow'] })
    expect(await (await client.post(slow)).text()).toMatch(/^id: \S+\ndata: \nretry: \d+\n\n/)
    const older = new TestClient(bench.url)
    await older.open('2025-06-18')
    expect(await (await older.post(slow)).text()).toMatch(/^retry: \d+\n\nid: \S+\ndata: \{/)
  })
})

describe('a client that does not read', () => {
  it('is cut off before it costs memory, and can resume', async () => {
    const client = await open({ fixture: 'misbehaving.mjs', args: ['chatty'] })
    const { port, host } = new URL(bench.url)
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'run', arguments: { count: 4000, size: 10_000 } },
    })
    const socket = connect(Number(port), '127.0.0.1')
    socket.pause()
    socket.on('error', () => {})
    const head = `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nAccept: */*\r\nMcp-Session-Id: ${client.sessionId}\r\n`
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`)
    let most = 0
    const [session] = bench.endpoint.table.sessions.values()
    const streams = bench.endpoint.table.openStreams
    while (session!.inFlight > 0 || most === 0) {
      for (const res of streams) most = Math.max(most, res.writableLength)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    // 40 MB were sent to it; one message over the limit may be waiting.
    expect(most).toBeLessThan(1024 * 1024 + 20_000)
    expect(streams.size).toBe(0)
    expect(bench.records.at(-1)).toMatchObject({ tool: 'run', outcome: 'ok' })
    socket.destroy()
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { events, startBench, TestClient } from './test-kit.ts'
import type { Bench, BenchOptions } from './test-kit.ts'
import type { PersistedSession } from './types.ts'

let bench: Bench
afterEach(async () => await bench.close())

async function open(options: BenchOptions, capabilities?: object): Promise<TestClient> {
  bench = await startBench(options)
  const client = new TestClient(bench.url)
  await client.open('2025-11-25', capabilities)
  return client
}

const bad = (mode: string, more: BenchOptions = {}): BenchOptions => ({
  fixture: 'misbehaving.mjs',
  args: [mode],
  ...more,
})
const soon = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms))
const run = (client: TestClient, args: object = {}, id?: number) => client.call('run', args, id)

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await soon(5)
}

describe('a server that fails', () => {
  it('at start: initialize says so', async () => {
    await expect(open(bad('exit-at-start'))).rejects.toThrow('exited with status 1')
    expect(bench.records).toMatchObject([{ method: 'initialize', outcome: 'lost' }])
    expect(bench.endpoint.sessions()).toEqual([])
  })

  it('by not answering initialize: the limit is named', async () => {
    const slow = bad('hang-on-initialize', { upstream: { initializeTimeoutMs: 100 } })
    await expect(open(slow)).rejects.toThrow('did not answer initialize')
    bench.upstreams[0]!.close()
  })

  it('in a call: every pending call learns what happened, and the session goes on with a new server', async () => {
    const client = await open(bad('exit-on-call'))
    const answer = await run(client)
    expect(answer.error.message).toContain('exited with status 3')
    expect((await client.request('ping')).result).toEqual({})
    expect(bench.upstreams).toHaveLength(2)
    expect(bench.records.map(({ outcome }) => outcome)).toEqual(['ok', 'lost', 'ok'])
  })

  it('for good: the session is unknown when there is no new server', async () => {
    let launches = 0
    const client = await open(
      bad('exit-on-call', {
        hooks: { acquire: async () => (launches++ === 0 ? bench.upstreams[0]! : null) },
      }),
    ).catch(() => null)
    expect(client).toBeNull()
    await bench.close()
    const opened = await open(bad('exit-on-call'))
    bench.hooks.acquire = async () => null
    await run(opened)
    expect((await opened.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
    expect(bench.endpoint.sessions()).toEqual([])
  })

  it('by never answering: the call ends at its limit and is cancelled upstream', async () => {
    const client = await open(bad('hang-on-call', { endpoint: { maxCallMs: 100, keepAliveMs: 50 } }))
    const answer = await run(client)
    expect(answer.error.message).toContain('did not answer tools/call')
    expect((await client.request('ping')).result).toEqual({})
  })

  it('by talking nonsense: only what cannot be read is lost', async () => {
    const client = await open(bad('flood-stdout'))
    expect((await run(client)).result.content[0].text).toBe('after the flood')
    expect(bench.upstreams[0]!.skippedLines).toBe(50_000)
    const garbage = await startBench(bad('garbage'))
    const second = new TestClient(garbage.url)
    await second.open()
    expect((await run(second)).error.message).toBe('The server answered with neither a result nor an error.')
    expect((await second.request('ping')).result).toEqual({})
    await garbage.close()
  })

  it('with an answer that is far too long: that call is told', async () => {
    const client = await open(bad('huge'))
    expect((await run(client)).error.message).toContain('50 MB is over the limit of 32 MB')
    expect((await client.request('ping')).result).toEqual({})
  })
})

describe('a client that', () => {
  it('cancels gets its answer at once, and the server is told', async () => {
    const client = await open(bad('slow'))
    const pending = run(client, { steps: 1000, stepMs: 20 }, 42)
    await until(() => bench.endpoint.sessions()[0]!.inFlight === 1)
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 42 } })
    expect((await pending).error.code).toBe(-32800)
    expect(bench.records.at(-1)).toMatchObject({ outcome: 'cancelled', errorCode: -32800 })
    expect(bench.upstreams[0]!.calls.size).toBe(0)
  })

  it('goes away cancels nothing: the call is finished and recorded', async () => {
    const client = await open(bad('slow'))
    const abort = new AbortController()
    const headers = { 'content-type': 'application/json', accept: '*/*', 'mcp-session-id': client.sessionId }
    const body =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run","arguments":{"steps":2,"stepMs":50}}}'
    const gone = fetch(bench.url, { method: 'POST', headers, body, signal: abort.signal }).catch(() => 'gone')
    await until(() => bench.endpoint.sessions()[0]!.inFlight === 1)
    abort.abort()
    expect(await gone).toBe('gone')
    await until(() => bench.records.length === 2)
    expect(bench.records[1]).toMatchObject({ tool: 'run', outcome: 'ok' })
  })

  it('ends its session cancels what it had pending', async () => {
    const client = await open(bad('hang-on-call', { upstream: { isolation: 'shared' } }))
    const pending = run(client)
    await until(() => bench.endpoint.sessions()[0]!.inFlight === 1)
    await fetch(bench.url, { method: 'DELETE', headers: { 'mcp-session-id': client.sessionId } })
    expect((await pending).error.message).toBe('The session ended.')
    expect(bench.upstreams[0]!.calls.size).toBe(0)
    expect(bench.records.at(-1)!.outcome).toBe('lost')
  })

  it('is silent for too long loses its session; one that listens does not', async () => {
    const closed: string[] = []
    const quiet = await open({
      upstream: { isolation: 'shared' },
      endpoint: { idleMs: 100, keepAliveMs: 20 },
      hooks: { sessionClosed: (session, reason) => void closed.push(`${session.id} ${reason}`) },
    })
    const listener = new TestClient(bench.url)
    await listener.open()
    const abort = new AbortController()
    await listener.get({}, abort.signal)
    await until(() => closed.length === 1)
    expect(closed).toEqual([`${quiet.sessionId} idle`])
    expect((await quiet.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
    expect((await listener.request('ping')).result).toEqual({})
    abort.abort()
  })

  it('asks for too much at once is told so', async () => {
    const client = await open(bad('hang-on-call', { endpoint: { maxInFlight: 2 } }))
    void run(client).catch(() => {})
    void run(client).catch(() => {})
    await until(() => bench.endpoint.sessions()[0]!.inFlight === 2)
    const res = await client.post({ jsonrpc: '2.0', id: 9, method: 'ping' })
    expect(res.status).toBe(429)
  })
})

describe('closing sessions by decision', () => {
  it('answers what is pending with the reason, ends streams, and leaves the others alone', async () => {
    const client = await open(bad('hang-on-call'))
    const bystander = new TestClient(bench.url, { 'x-principal': 'p2' })
    await bystander.open()
    const pending = run(client)
    const stream = (await client.get()).text()
    await until(() => bench.endpoint.sessions().some(({ inFlight }) => inFlight === 1))
    const refusal = { code: -32003, message: 'Stopped by decision dec_1', data: { notes: ['trust:drift'] } }
    expect(bench.endpoint.closeSessions(({ principal }) => principal === 'p1', refusal)).toBe(1)
    expect((await pending).error).toEqual({ code: -32003, message: refusal.message, data: refusal.data })
    await stream
    expect(bench.records.at(-1)).toMatchObject({ method: 'tools/call', outcome: 'lost', errorCode: -32003 })
    expect((await bystander.request('ping')).result).toEqual({})
    expect((await client.post({ jsonrpc: '2.0', id: 3, method: 'ping' })).status).toBe(404)
  })
})

describe('a restart of the gateway', () => {
  it('keeps a session under its id, with its log level and subscriptions', async () => {
    const rows = new Map<string, PersistedSession>()
    const options: BenchOptions = {
      fixture: 'everything.mjs',
      hooks: {
        persistSession: (_context, session) => void rows.set(session.id, session),
        lookupSession: async (_context, id) => rows.get(id) ?? null,
        sessionClosed: (session, reason) => void (reason === 'shutdown' || rows.delete(session.id)),
      },
    }
    const before = await open(options)
    await before.request('logging/setLevel', { level: 'error' })
    await before.request('resources/subscribe', { uri: 'test://watched-resource' })
    await bench.close()
    bench = await startBench(options)
    const client = new TestClient(bench.url)
    client.sessionId = before.sessionId
    const early = new TestClient(bench.url, { 'x-principal': 'p2' })
    early.sessionId = before.sessionId
    const spoiler = early.post({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const touched = await Promise.all([
      client.call('test_touch_resource'),
      client.call('test_touch_resource'),
    ])
    expect(touched.map(({ result }) => result.content[0].text)).toEqual([
      'subscribed: true',
      'subscribed: true',
    ])
    expect((await spoiler).status).toBe(404)
    expect(bench.upstreams).toHaveLength(1)
    const res = await client.post({
      jsonrpc: '2.0',
      id: 5,
      method: 'tools/call',
      params: { name: 'test_tool_with_logging' },
    })
    expect(res.headers.get('content-type')).toBe('application/json')
    const stranger = new TestClient(bench.url, { 'x-principal': 'p2' })
    stranger.sessionId = before.sessionId
    expect((await stranger.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
    await fetch(bench.url, { method: 'DELETE', headers: { 'mcp-session-id': client.sessionId } })
    expect(rows.size).toBe(0)
  })

  it('lets calls in flight finish and takes no new ones', async () => {
    const client = await open(bad('slow'))
    const pending = run(client, { steps: 2, stepMs: 50, message: 'finished' })
    await until(() => bench.endpoint.sessions()[0]!.inFlight === 1)
    const down = bench.endpoint.shutdown(2000)
    expect((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(503)
    expect((await pending).result.content[0].text).toBe('finished')
    await down
  })
})

describe('what a server asks of its client', () => {
  const kinds = [
    [
      'sampling',
      'sampling/createMessage',
      { role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' },
    ],
    ['elicitation', 'elicitation/create', { action: 'accept', content: { answer: '42' } }],
    ['roots', 'roots/list', { roots: [{ uri: 'file:///x' }] }],
  ] as const

  it.each(kinds)('%s: arrives on the stream of its call and comes back', async (mode, method, result) => {
    const client = await open(bad(mode), { [mode]: {} })
    const res = await client.post({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'run' } })
    let answer: any
    for await (const { data } of events(res)) {
      if (data === '') continue
      const message = JSON.parse(data)
      if (message.method === method) await client.post({ jsonrpc: '2.0', id: message.id, result })
      else answer = message
    }
    expect(answer.id).toBe(7)
    expect(JSON.parse(answer.result.content[0].text)).toEqual(result)
  })

  it('two calls at once, of a client with no other stream: both are asked and answered', async () => {
    const client = await open(bad('elicitation'), { elicitation: {} })
    const texts = await Promise.all(
      [1, 2].map(async (id) => {
        const res = await client.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'run' } })
        if (!res.headers.get('content-type')!.includes('event-stream')) return await res.text()
        let last = ''
        for await (const { data } of events(res)) {
          if (data === '') continue
          last = data
          const message = JSON.parse(data)
          if (message.method)
            await client.post({ jsonrpc: '2.0', id: message.id, result: { action: 'decline' } })
        }
        return last
      }),
    )
    expect(texts.map((text) => JSON.parse(text).id)).toEqual([1, 2])
    for (const text of texts) expect(JSON.parse(text).result.content[0].text).toContain('decline')
  })

  it('an answer to nothing it asked goes nowhere', async () => {
    const client = await open(bad('sampling'), { sampling: {} })
    const res = await client.post({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'run' } })
    let done = false
    for await (const { data } of events(res)) {
      if (data === '') continue
      const message = JSON.parse(data)
      if (message.method === undefined) {
        done = JSON.parse(message.result.content[0].text).right === true
        continue
      }
      await client.post({ jsonrpc: '2.0', id: 1, result: { right: false } })
      await client.post({ jsonrpc: '2.0', id: 'x-1', result: { right: false } })
      await client.post({ jsonrpc: '2.0', id: message.id, result: { right: true } })
    }
    expect(done).toBe(true)
  })

  it('a ping is answered by the client while it listens, and for it when it does not', async () => {
    const client = await open(bad('ping'))
    const stream = events(
      await client.post({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'run' } }),
    )
    let answer: any
    for await (const { data } of stream) {
      if (data === '') continue
      const message = JSON.parse(data)
      if (message.method === 'ping') await client.post({ jsonrpc: '2.0', id: message.id, result: {} })
      else answer = message
    }
    expect(answer.result.content[0].text).toBe('{}')
  })
})

describe('a single call without a session', () => {
  it('is admitted, made, recorded and released', async () => {
    const context = { principal: 'p', scope: 's' }
    bench = await startBench({ fixture: 'everything.mjs' })
    const call = (name: string, args = {}) =>
      bench.endpoint.callOnce({ context, method: 'tools/call', params: { name, arguments: args } })
    const ok = await call('echo', { message: 'hello' })
    expect(JSON.parse(ok.text)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [{ type: 'text', text: 'hello' }] },
    })
    expect(await call('test_error_handling')).toMatchObject({ outcome: 'tool_error', errorCode: null })
    expect(await call('nothing')).toMatchObject({ outcome: 'error', errorCode: -32602 })
    expect(bench.records.map(({ outcome }) => outcome)).toEqual(['ok', 'tool_error', 'error'])
    expect(bench.upstreams.every(({ gone }) => gone !== null)).toBe(true)
  })

  it('ends at its limit, with a server that dies, and when nobody can be asked', async () => {
    const context = { principal: 'p', scope: 's' }
    const once = async (mode: string) => {
      await bench?.close()
      bench = await startBench(bad(mode))
      return await bench.endpoint.callOnce({
        context,
        method: 'tools/call',
        params: { name: 'run' },
        timeoutMs: 200,
      })
    }
    expect(await once('hang-on-call')).toMatchObject({ outcome: 'lost' })
    expect((await once('exit-on-call')).text).toContain('exited with status 3')
    expect((await once('exit-at-start')).text).toContain('exited with status 1')
    expect((await once('elicitation')).text).toContain('not available in a single call')
  })
})

describe('health', () => {
  it('is an MCP ping: alive, hanging, dead', async () => {
    await open(bad('hang-on-call'))
    expect(await bench.upstreams[0]!.ping()).toBeGreaterThan(0)
    bench.upstreams[0]!.close('The server was stopped.')
    await expect(bench.upstreams[0]!.ping()).rejects.toThrow('The server was stopped.')
  })
})

describe('a thousand idle sessions', () => {
  it('share one server and stay alive', async () => {
    bench = await startBench({ upstream: { isolation: 'shared' } })
    const clients = Array.from({ length: 1000 }, () => new TestClient(bench.url))
    for (let at = 0; at < 1000; at += 50) {
      await Promise.all(clients.slice(at, at + 50).map((client) => client.open()))
    }
    expect(bench.upstreams).toHaveLength(1)
    expect(bench.endpoint.sessions()).toHaveLength(1000)
    const some = clients.filter((_, at) => at % 100 === 0)
    const texts = await Promise.all(some.map((client, at) => client.call('echo', { message: `m${at}` }, 1)))
    expect(texts.map(({ result }) => result.content[0].text)).toEqual(some.map((_, at) => `m${at}`))
  })
})

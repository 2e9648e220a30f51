import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { request } from 'undici'
import { events, startBench, TestClient } from './test-kit.ts'
import type { Bench } from './test-kit.ts'

const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
}

describe('the Streamable HTTP endpoint', () => {
  let bench: Bench
  let client: TestClient

  beforeAll(async () => {
    bench = await startBench({
      fixture: 'everything.mjs',
      upstream: { isolation: 'principal' },
      endpoint: { maxBodyBytes: 100_000 },
    })
    client = new TestClient(bench.url)
    await client.open()
  })
  afterAll(async () => await bench.close())

  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

  it('answers a call without notifications as plain JSON, under the id it came with', async () => {
    for (const id of [7, 'seven', '', -1, 1.5]) {
      const res = await client.post({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'test_simple_text' },
      })
      expect(res.headers.get('content-type')).toBe('application/json')
      const body = (await res.json()) as any
      expect(body.id).toBe(id)
      expect(body.result.content[0].text).toBe('This is a simple text response for testing.')
    }
  })

  it('takes pretty-printed bodies', async () => {
    const res = await client.post(
      JSON.stringify({ ...ping, params: { a: 'x\ny' } }, null, 2).replaceAll('\n', '\r\n'),
    )
    expect(await res.json()).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
  })

  it('becomes an event stream as soon as a notification comes first', async () => {
    const params = { name: 'test_tool_with_progress', _meta: { progressToken: 'p' } }
    const res = await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    expect(res.headers.get('content-type')).toBe('text/event-stream')
    const messages: any[] = []
    for await (const { data } of events(res)) if (data !== '') messages.push(JSON.parse(data))
    expect(messages.map((message) => message.params?.progress ?? message.id)).toEqual([0, 50, 100, 1])
    expect(messages[0].params.progressToken).toBe('p')
  })

  it('gives each of two requests in flight with one id its own answer', async () => {
    const texts = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const { result } = await client.call('echo', { message: `m${at}` }, 1)
        return result.content[0].text
      }),
    )
    expect(texts).toEqual(Array.from({ length: 20 }, (_, at) => `m${at}`))
  })

  it('accepts notifications and responses with 202 and no body', async () => {
    for (const message of [
      { jsonrpc: '2.0', method: 'notifications/whatever' },
      { jsonrpc: '2.0', id: 99, result: {} },
      { jsonrpc: '2.0', id: 'x', error: { code: -1, message: 'no' } },
    ]) {
      const res = await client.post(message)
      expect([res.status, await res.text()]).toEqual([202, ''])
    }
  })

  it('refuses wrong headers with the status that says which', async () => {
    const status = async (headers: Record<string, string>) => (await client.post(ping, headers)).status
    expect(await status({ 'content-type': 'text/plain' })).toBe(415)
    expect(await status({ 'content-type': 'application/json; charset=utf-8' })).toBe(200)
    expect(await status({ accept: 'application/json' })).toBe(406)
    expect(await status({ accept: 'text/event-stream' })).toBe(406)
    expect(await status({ accept: '*/*' })).toBe(200)
    expect(await status({ 'mcp-protocol-version': '2025-03-26' })).toBe(200)
    expect(await status({ 'mcp-protocol-version': '1999-01-01' })).toBe(400)
    expect(await status({ 'mcp-session-id': '' })).toBe(400)
    expect(await status({ 'mcp-session-id': 'unknown' })).toBe(404)
    expect((await client.get({ accept: 'application/json' })).status).toBe(406)
    expect((await fetch(bench.url, { method: 'PUT' })).status).toBe(405)
  })

  it('refuses a foreign Host or Origin', async () => {
    const { statusCode } = await request(bench.url, {
      method: 'POST',
      headers: { host: 'evil.example.com', 'content-type': 'application/json', accept: '*/*' },
      body: JSON.stringify(initialize),
    })
    expect(statusCode).toBe(403)
    expect((await client.post(ping, { origin: 'http://evil.example.com' })).status).toBe(403)
  })

  it('answers malformed input with the JSON-RPC error for it, never with 5xx', async () => {
    const cases: [string, number][] = [
      ['', -32700],
      ['{', -32700],
      ['nonsense', -32700],
      ['null', -32600],
      ['5', -32600],
      ['{}', -32600],
      ['[]', -32600],
      ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
      ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
      ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
      ['{"jsonrpc":"2.0","id":1,"method":5}', -32600],
      ['{"jsonrpc":"2.0","id":1,"method":"ping","params":5}', -32600],
      ['{"jsonrpc":"2.0","id":1}', -32600],
      ['{"jsonrpc":"2.0","id":1,"result":1,"error":{}}', -32600],
      ['{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}', -32602],
    ]
    for (const [body, code] of cases) {
      const res = await client.post(body)
      expect(res.status, body).toBe(400)
      expect(((await res.json()) as any).error.code, body).toBe(code)
    }
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string(), fc.uint8Array({ maxLength: 50 })), async (body) => {
        const res = await fetch(bench.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: '*/*', 'mcp-session-id': client.sessionId },
          body: body as string,
        })
        await res.text()
        expect(res.status).toBeLessThan(500)
      }),
      { numRuns: 60 },
    )
    expect((await client.request('ping')).result).toEqual({})
  })

  it('refuses a body over the limit, declared or not', async () => {
    const big = JSON.stringify({ ...ping, params: { x: 'y'.repeat(200_000) } })
    expect((await client.post(big)).status).toBe(413)
    const chunks = async function* () {
      for (let at = 0; at < 200; at++) yield Buffer.alloc(1000, 'x')
    }
    const { statusCode, body } = await request(bench.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: '*/*', 'mcp-session-id': client.sessionId },
      body: Readable.from(chunks()),
    })
    await body.dump()
    expect(statusCode).toBe(413)
  })

  it('negotiates a version it serves', async () => {
    const versions = ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28', '2024-11-05']
    const agreed = await Promise.all(
      versions.map(async (version) => (await new TestClient(bench.url).open(version)).protocolVersion),
    )
    expect(agreed).toEqual(['2025-03-26', '2025-06-18', '2025-11-25', '2025-11-25', '2025-11-25'])
  })

  it('tells a client of the 2026 era what it supports', async () => {
    const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }
    const data = { supported: ['2025-03-26', '2025-06-18', '2025-11-25'], requested: '2026-07-28' }
    const fresh = new TestClient(bench.url)
    for (const [method, params, headers] of [
      ['server/discover', meta, { 'mcp-protocol-version': '2026-07-28' }],
      ['tools/list', meta, {}],
      ['tools/list', {}, { 'mcp-protocol-version': '2026-07-28' }],
    ] as const) {
      const res = await fresh.post({ jsonrpc: '2.0', id: 'd', method, params }, headers)
      expect(res.status).toBe(400)
      expect(await res.json()).toMatchObject({ id: 'd', error: { code: -32022, data } })
    }
  })

  it('takes batches in 2025-03-26 and refuses them later', async () => {
    const old = new TestClient(bench.url)
    await old.open('2025-03-26')
    const call = (id: number, message: string) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'echo', arguments: { message } },
    })
    const res = await old.post([
      call(1, 'a'),
      { jsonrpc: '2.0', method: 'notifications/x' },
      call(1, 'b'),
      call(2, 'c'),
    ])
    const answers = (await res.json()) as any[]
    expect(answers.map(({ id, result }) => `${id}${result.content[0].text}`).sort()).toEqual([
      '1a',
      '1b',
      '2c',
    ])
    expect((await old.post([{ jsonrpc: '2.0', method: 'notifications/x' }])).status).toBe(202)
    expect((await old.post([call(1, 'a'), 5])).status).toBe(400)
    const inside = (await (await old.post([{ ...initialize, id: 9 }])).json()) as any[]
    expect(inside[0].error.code).toBe(-32600)
    expect((await client.post([ping])).status).toBe(400)
  })

  it('streams a batch whose calls notify', async () => {
    const old = new TestClient(bench.url)
    await old.open('2025-03-26')
    const params = { name: 'test_tool_with_progress', _meta: { progressToken: 1 } }
    const res = await old.post([ping, { jsonrpc: '2.0', id: 2, method: 'tools/call', params }])
    const seen: any[] = []
    for await (const { data } of events(res)) seen.push(JSON.parse(data))
    expect(seen.filter(({ id }) => id !== undefined).map(({ id }) => id)).toEqual([1, 2])
    expect(seen.filter(({ method }) => method === 'notifications/progress')).toHaveLength(3)
  })

  it('keeps a session to its principal and its URL', async () => {
    const other = new TestClient(bench.url, { 'x-principal': 'p2' })
    other.sessionId = client.sessionId
    expect((await other.post(ping)).status).toBe(404)
    expect((await other.get()).status).toBe(404)
    const elsewhere = new TestClient(`${bench.url}/elsewhere`)
    elsewhere.sessionId = client.sessionId
    expect((await elsewhere.post(ping)).status).toBe(404)
    expect((await client.post(ping)).status).toBe(200)
  })

  it('ends a session at DELETE, and does not know it afterwards', async () => {
    const mine = new TestClient(bench.url)
    await mine.open()
    const remove = () => fetch(bench.url, { method: 'DELETE', headers: { 'mcp-session-id': mine.sessionId } })
    expect((await remove()).status).toBe(204)
    expect((await remove()).status).toBe(404)
    expect((await mine.post(ping)).status).toBe(404)
  })
})

describe('what a caller may use', () => {
  it('is filtered from lists and refused in calls', async () => {
    const bench = await startBench({
      fixture: 'everything.mjs',
      upstream: { isolation: 'shared' },
      context: (headers) => ({ allowedTools: headers['x-all'] ? null : new Set(['echo', 'absent']) }),
    })
    try {
      const client = new TestClient(bench.url)
      await client.open()
      const { result } = await client.request('tools/list')
      expect(result.tools.map(({ name }: any) => name)).toEqual(['echo'])
      expect((await client.call('echo', { message: 'x' })).result.content[0].text).toBe('x')
      expect((await client.call('test_simple_text')).error.code).toBe(-32003)
      const all = new TestClient(bench.url, { 'x-all': '1' })
      all.sessionId = client.sessionId
      expect((await all.request('tools/list')).result.tools.length).toBeGreaterThan(10)
      const once = await bench.endpoint.callOnce({
        context: { principal: 'p', scope: 's', allowedTools: new Set(['echo']) },
        method: 'tools/call',
        params: { name: 'test_simple_text' },
      })
      expect(once).toMatchObject({ outcome: 'refused', errorCode: -32003 })
    } finally {
      await bench.close()
    }
  })

  it('is refused when it cannot be checked or recorded, and nothing hangs', async () => {
    let broken = ''
    const fail = (what: string) => {
      if (broken === what) throw new Error('out of order')
      return null
    }
    const bench = await startBench({
      upstream: { isolation: 'shared' },
      hooks: {
        admit: () => fail('admit'),
        beforeRequest: () => (broken === 'later' ? Promise.reject(new Error('late')) : fail('before')),
        record: () => void fail('record'),
      },
    })
    try {
      const client = new TestClient(bench.url)
      await client.open()
      for (const what of ['admit', 'before', 'later', 'record']) {
        broken = what
        const { error } = await client.call('echo', { message: 'x' })
        expect(error.message, what).toMatch(
          what === 'record' ? /could not be recorded/ : /could not be checked/,
        )
      }
      broken = ''
      expect((await client.call('echo', { message: 'x' })).result.content[0].text).toBe('x')
      expect(bench.endpoint.sessions()[0]!.inFlight).toBe(0)
      expect(bench.endpoint.held.size).toBe(0)
    } finally {
      await bench.close()
    }
  })

  it('is asked before every message, also by a hook that takes its time', async () => {
    const asked: string[] = []
    const bench = await startBench({
      upstream: { isolation: 'shared' },
      hooks: {
        admit: (_context, session, method) => {
          asked.push(`${session ? 'session' : 'none'}:${method}`)
          return method === 'tools/list' ? { code: -32003, message: 'no lists' } : null
        },
        beforeRequest: (_context, _session, method) =>
          method === 'prompts/list'
            ? Promise.resolve({ code: -32003, message: 'later no', httpStatus: 429, retryAfterSeconds: 7 })
            : null,
      },
    })
    try {
      const client = new TestClient(bench.url)
      await client.open()
      expect((await client.request('tools/list')).error.message).toBe('no lists')
      const late = await client.post({ jsonrpc: '2.0', id: 5, method: 'prompts/list' })
      expect([late.status, ((await late.json()) as any).error.message]).toEqual([429, 'later no'])
      expect(late.headers.get('retry-after')).toBe('7')
      await client.post({ jsonrpc: '2.0', id: 5, result: {} })
      expect(asked).toEqual([
        'none:initialize',
        'session:notifications/initialized',
        'session:tools/list',
        'session:prompts/list',
        'session:response',
      ])
      expect(bench.records.map(({ method, outcome }) => `${method} ${outcome}`)).toEqual([
        'initialize ok',
        'tools/list refused',
        'prompts/list refused',
      ])
    } finally {
      await bench.close()
    }
  })

  it('refuses what is beyond the requests that may wait in a session, and says when to come again', async () => {
    const held = Promise.withResolvers<null>()
    const bench = await startBench({
      endpoint: { maxInFlight: 1 },
      hooks: {
        beforeRequest: (_context, _session, method) => (method === 'tools/list' ? held.promise : null),
      },
    })
    try {
      const client = new TestClient(bench.url)
      await client.open()
      const waiting = client.request('tools/list')
      await expect.poll(() => bench.endpoint.sessions()[0]!.inFlight).toBe(1)
      const more = await client.post({ jsonrpc: '2.0', id: 9, method: 'ping' })
      expect([more.status, more.headers.get('retry-after')]).toEqual([429, '1'])
      expect(await more.json()).toMatchObject({ error: { message: expect.stringContaining('More than 1') } })
      held.resolve(null)
      expect(await waiting).toHaveProperty('result')
      const after = await client.post({ jsonrpc: '2.0', id: 10, method: 'ping' })
      expect([after.status, after.headers.get('retry-after')]).toEqual([200, null])
    } finally {
      await bench.close()
    }
  })
})

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { RemoteUpstream } from './remote-upstream.ts'
import type { RemoteOptions } from './remote-upstream.ts'
import { SseReader } from './sse-reader.ts'
import { events, fixture, startBench, TestClient } from './test-kit.ts'
import type { Bench } from './test-kit.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function startRemote(env: Record<string, string> = {}): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [fixture('remote.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...env },
  })
  cleanups.push(() => child.kill('SIGKILL'))
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: JSON.parse(chunk.toString()).url, child }
}

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

async function benchFor(
  options: Omit<RemoteOptions, 'isolation'>,
): Promise<{ bench: Bench; upstreams: RemoteUpstream[] }> {
  const upstreams: RemoteUpstream[] = []
  const bench = await startBench({
    hooks: {
      acquire: async () => {
        const upstream = new RemoteUpstream({ ...options, isolation: 'session' })
        upstreams.push(upstream)
        return upstream
      },
    },
  })
  cleanups.push(async () => {
    await bench.close()
    for (const upstream of upstreams) upstream.close()
  })
  return { bench, upstreams }
}

async function openClient(bench: Bench, capabilities: object = {}): Promise<TestClient> {
  const client = new TestClient(bench.url, { authorization: 'Bearer client-secret' })
  await client.open('2025-11-25', capabilities)
  return client
}

const text = (answer: any) => answer.result?.content?.[0]?.text

describe('a remote server', () => {
  it('is called, also many times at once, and never sees the client’s bearer', async () => {
    const { url } = await startRemote({ FIXTURE_KEY: 'upstream-secret' })
    const { bench } = await benchFor({ url, headers: { 'x-api-key': 'upstream-secret' } })
    const client = await openClient(bench)
    const texts = await Promise.all(
      Array.from({ length: 30 }, async (_, at) =>
        text(await client.call('echo', { message: `m${at}` }, at % 3)),
      ),
    )
    expect(texts).toEqual(Array.from({ length: 30 }, (_, at) => `m${at}`))
    const seen = (await (await fetch(new URL('/seen', url))).json()) as any[]
    expect(seen.length).toBeGreaterThan(30)
    for (const { headers } of seen.filter(({ method }) => method === 'POST')) {
      expect(headers.authorization).toBeUndefined()
      expect(headers['x-api-key']).toBe('upstream-secret')
    }
  })

  it('sends progress on the stream of its call, under the token of the client', async () => {
    const { url } = await startRemote()
    const { bench } = await benchFor({ url })
    const client = await openClient(bench)
    const params = { name: 'progress', arguments: {}, _meta: { progressToken: 'mine' } }
    const messages: any[] = []
    for await (const { data } of events(
      await client.post({ jsonrpc: '2.0', id: 3, method: 'tools/call', params }),
    )) {
      if (data !== '') messages.push(JSON.parse(data))
    }
    expect(messages.map((message) => message.params?.progress ?? text(message))).toEqual([1, 2, 3, 'done'])
    expect(messages[0].params.progressToken).toBe('mine')
  })

  it('can ask the client', async () => {
    const { url } = await startRemote()
    const { bench } = await benchFor({ url })
    const client = await openClient(bench, { sampling: {} })
    const own = events(await client.get())
    const pending = client.call('sample', { prompt: 'hello' })
    for await (const { data } of own) {
      if (data === '') continue
      const { id, method } = JSON.parse(data)
      expect(method).toBe('sampling/createMessage')
      const result = { role: 'assistant', content: { type: 'text', text: 'sampled' }, model: 'm' }
      await client.post({ jsonrpc: '2.0', id, result })
      break
    }
    expect(text(await pending)).toBe('sampled')
  })

  it('announces changes on the stream of the session', async () => {
    const { url } = await startRemote()
    const { bench } = await benchFor({ url })
    const client = await openClient(bench)
    await client.request('resources/subscribe', { uri: 'test://watched' })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await client.call('touch')
    const methods: string[] = []
    for await (const { data } of events(await client.get())) {
      if (data !== '') methods.push(JSON.parse(data).method)
      if (methods.length === 2) break
    }
    expect(methods).toEqual(['notifications/resources/updated', 'notifications/tools/list_changed'])
  })

  it('that breaks the stream of a call is asked for the rest', async () => {
    const { url } = await startRemote()
    const { bench } = await benchFor({ url })
    const client = await openClient(bench)
    expect(text(await client.call('drop'))).toBe('resumed')
  })

  it('that forgets its session gets a new one, unnoticed', async () => {
    const { url } = await startRemote()
    const { bench } = await benchFor({ url })
    const client = await openClient(bench)
    await client.call('expire')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const answers = await Promise.all(['a', 'b'].map((message) => client.call('echo', { message })))
    expect(answers.map(text)).toEqual(['a', 'b'])
  })

  it('is told of a cancellation', async () => {
    const { url } = await startRemote()
    const { bench } = await benchFor({ url })
    const client = await openClient(bench)
    const pending = client.call('hang', {}, 77)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } })
    expect((await pending).error.code).toBe(-32800)
    await expect.poll(async () => text(await client.call('cancelled')), { timeout: 20_000 }).toBe('1')
  })

  it('that goes away fails the calls with a sentence', async () => {
    const { url, child } = await startRemote()
    const { bench } = await benchFor({ url })
    const client = await openClient(bench)
    const pending = client.call('hang')
    await new Promise((resolve) => setTimeout(resolve, 100))
    child.kill('SIGKILL')
    expect((await pending).error.message).toMatch(/^The remote server/)
    expect((await client.call('echo')).error.message).toMatch(/could not be reached/)
  })
})

describe('a remote server that does not behave', () => {
  async function failure(url: string, options: Partial<RemoteOptions> = {}): Promise<string> {
    const upstream = new RemoteUpstream({ url, isolation: 'session', initializeTimeoutMs: 500, ...options })
    cleanups.push(() => upstream.close())
    return await upstream.initialize(null).then(
      () => 'no failure',
      (error: Error) => error.message,
    )
  }

  it('is described: wrong credentials, redirects, errors, silence, pages, floods', async () => {
    const keyed = await startRemote({ FIXTURE_KEY: 'k' })
    expect(await failure(keyed.url)).toContain('refused our credentials (HTTP 401)')
    const open = await startRemote()
    expect(await failure(open.url.replace('/mcp', '/redirect'))).toContain(
      'redirect (HTTP 307), which is not followed',
    )
    expect(await failure(await listen((_, res) => res.writeHead(500).end('boom')))).toContain('HTTP 500')
    expect(await failure(await listen(() => {}))).toContain('did not answer initialize')
    expect(await failure(await listen((_, res) => res.end('<html>')))).toContain('HTTP 200')
    const endless = await listen((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      const timer = setInterval(() => res.write(`data: ${'x'.repeat(10_000)}`), 1)
      res.on('close', () => clearInterval(timer))
    })
    expect(await failure(endless, { maxMessageLength: 50_000 })).toContain('over the size limit')
    expect(await failure('http://127.0.0.1:1/mcp')).toContain('could not be reached')
  })

  it('needs https away from loopback', () => {
    expect(() => new RemoteUpstream({ url: 'http://example.com/mcp', isolation: 'session' })).toThrow('https')
    expect(() => new RemoteUpstream({ url: 'ftp://127.0.0.1/mcp', isolation: 'session' })).toThrow('https')
  })

  it('may explain itself by a JSON-RPC error with any status', async () => {
    const url = await listen((_, res) => {
      res.writeHead(400, { 'content-type': 'application/json' })
      res.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"not today"}}')
    })
    expect(await failure(url)).toContain('not today')
  })
})

describe('reading an event stream', () => {
  const encode = (value: string) => new TextEncoder().encode(value)

  it('gives the same events however it is cut, and with any line end', () => {
    const source =
      ': hello\nid: 1\ndata: {"a":"ü"}\n\nretry: 70\n\ndata: two\ndata: lines\n\nid: 2\ndata:\n\nevent: x\n\n'
    const expected = [
      { id: '1', data: '{"a":"ü"}' },
      { id: '1', data: 'two\nlines' },
      { id: '2', data: '' },
    ]
    fc.assert(
      fc.property(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat({ max: 12 })), (end, cuts) => {
        const bytes = encode(source.replaceAll('\n', end))
        const reader = new SseReader(10_000)
        const found = []
        let at = 0
        for (const cut of [...cuts, bytes.length]) {
          found.push(...reader.push(bytes.subarray(at, at + cut)))
          at += cut
        }
        // A carriage return at the very end waits to see what follows it.
        found.push(...reader.push(encode('\n')))
        expect(found).toEqual(expected)
        expect(reader.retryMs).toBe(70)
      }),
    )
  })

  it('stops at an event that never ends', () => {
    expect(() => new SseReader(100).push(encode(`data: ${'x'.repeat(200)}`))).toThrow(RangeError)
    const reader = new SseReader(100)
    expect(() => {
      for (let at = 0; at < 50; at++) reader.push(encode('data: xxxx\n'))
    }).toThrow(RangeError)
  })
})

/** For tests and benchmarks: real child processes as channels, and a bare HTTP server around an endpoint. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { McpEndpoint } from './endpoint.ts'
import type { EndpointOptions } from './limits.ts'
import { StdioUpstream } from './stdio-upstream.ts'
import type { CallRecord, Channel, RelayContext, RelayHooks } from './types.ts'
import type { UpstreamOptions } from './upstream.ts'

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../e2e/fixtures/mcp/${name}`, import.meta.url))
}

export interface SpawnedChannel extends Channel {
  readonly pid: number
  readonly exited: Promise<void>
}

/** Runs a fixture server and splits its stdout into lines. */
export function spawnFixture(
  name: string,
  args: string[] = [],
  env: Record<string, string> = {},
): SpawnedChannel {
  const child = spawn(process.execPath, [fixture(name), ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], ...env },
  })
  let onMessage: (line: string) => void = () => {}
  let onClose: (reason: { sentence: string }) => void = () => {}
  let rest: string[] = []
  let queue = ''
  child.stdin.on('error', () => {})
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = chunk.split('\n')
    rest.push(lines[0]!)
    if (lines.length === 1) return
    lines[0] = rest.join('')
    rest = [lines.pop()!]
    for (const line of lines) if (line !== '') onMessage(line)
  })
  const exited = new Promise<void>((resolve) => {
    child.on('exit', (code) => {
      onClose({ sentence: `The server exited with status ${code}.` })
      resolve()
    })
  })
  const flush = () => {
    if (child.stdin.writable) child.stdin.write(queue)
    queue = ''
  }
  return {
    pid: child.pid!,
    exited,
    // Lines of one turn of the event loop leave in one write.
    send(line) {
      if (queue === '') setImmediate(flush)
      queue += `${line}\n`
    },
    onMessage: (listener) => void (onMessage = listener as (line: string) => void),
    onClose: (listener) => void (onClose = listener),
    close: () => void child.kill('SIGKILL'),
    get writableLength() {
      return child.stdin.writableLength + queue.length
    },
  }
}

/** Servers by how they are used; everything is admitted unless a test says otherwise. */
export interface Bench {
  endpoint: McpEndpoint<RelayContext>
  url: string
  records: CallRecord[]
  upstreams: StdioUpstream[]
  hooks: RelayHooks<RelayContext>
  server: Server
  close(): Promise<void>
}

export interface BenchOptions {
  fixture?: string
  args?: string[]
  env?: Record<string, string>
  upstream?: Partial<UpstreamOptions>
  endpoint?: EndpointOptions
  hooks?: Partial<RelayHooks<RelayContext>>
  context?(headers: Record<string, string | string[] | undefined>): Partial<RelayContext>
}

/**
 * A bare HTTP server around the endpoint. Isolation `session` (the default) spawns a process a session; any other
 * shares one. The caller's principal is the header `x-principal`.
 */
export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const isolation = options.upstream?.isolation ?? 'session'
  const records: CallRecord[] = []
  const upstreams: StdioUpstream[] = []
  const launch = () => {
    const channel = spawnFixture(options.fixture ?? 'echo.mjs', options.args, options.env)
    const upstream = new StdioUpstream(channel, { ...options.upstream, isolation })
    upstreams.push(upstream)
    return upstream
  }
  const hooks: RelayHooks<RelayContext> = {
    admit: () => null,
    acquire: async () => {
      if (isolation === 'session') return launch()
      const shared = upstreams.at(-1)
      return shared && !shared.gone ? shared : launch()
    },
    release: (upstream) => {
      if (isolation === 'session') upstream.close()
    },
    record: (_context, record) => void records.push(record),
    allowOrigin: (req) => {
      const local = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/
      const { host, origin } = req.headers
      return (
        local.test(host ?? '') && (origin === undefined || local.test(origin.replace(/^https?:\/\//, '')))
      )
    },
    ...options.hooks,
  }
  const endpoint = new McpEndpoint(hooks, options.endpoint)
  const server = createServer((req, res) => {
    const principal = String(req.headers['x-principal'] ?? 'p1')
    const context = { principal, scope: req.url ?? '', ...options.context?.(req.headers) }
    endpoint.handle(req, res, context)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  const close = async () => {
    await endpoint.shutdown(0)
    for (const upstream of upstreams) upstream.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { endpoint, url, records, upstreams, hooks, server, close }
}

export interface SseMessage {
  id?: string
  data: string
}

/** A small MCP client on fetch that sees statuses, headers and events as they are. */
export class TestClient {
  readonly url: string
  readonly headers: Record<string, string>
  sessionId = ''
  private lastId = 0

  constructor(url: string, headers: Record<string, string> = {}) {
    this.url = url
    this.headers = headers
  }

  async post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(this.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(this.sessionId === '' ? {} : { 'mcp-session-id': this.sessionId }),
        ...this.headers,
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  async get(headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return await fetch(this.url, {
      headers: { accept: 'text/event-stream', 'mcp-session-id': this.sessionId, ...this.headers, ...headers },
      ...(signal ? { signal } : {}),
    })
  }

  /** initialize and notifications/initialized. Returns the result. */
  async open(version = '2025-11-25', capabilities: object = {}): Promise<any> {
    const params = { protocolVersion: version, capabilities, clientInfo: { name: 'test', version: '1' } }
    const res = await this.post({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
    this.sessionId = res.headers.get('mcp-session-id') ?? ''
    const body = (await res.json()) as any
    if (!body.result) throw new Error(JSON.stringify(body))
    await this.post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return body.result
  }

  /** A request and its response, whichever way it comes. */
  async request(method: string, params: unknown = {}, id: number | string = ++this.lastId): Promise<any> {
    const res = await this.post({ jsonrpc: '2.0', id, method, params })
    if (!(res.headers.get('content-type') ?? '').includes('event-stream')) return await res.json()
    for await (const { data } of events(res)) {
      const message = data === '' ? null : JSON.parse(data)
      if (message && message.method === undefined && message.id === id) return message
    }
    throw new Error('The stream ended without an answer.')
  }

  async call(name: string, args: object = {}, id?: number | string): Promise<any> {
    return await this.request('tools/call', { name, arguments: args }, id)
  }
}

/** The events of a response, as they arrive. Comments are skipped. */
export async function* events(res: Response): AsyncGenerator<SseMessage> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of res.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true })
    const blocks = rest.split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const message: SseMessage = { data: '' }
      let seen = false
      for (const line of block.split('\n')) {
        if (line.startsWith('id: ')) message.id = line.slice(4)
        else if (line.startsWith('data: ')) [message.data, seen] = [line.slice(6), true]
      }
      if (seen) yield message
    }
  }
}

/**
 * The relay alone against a bare one that does nothing but pass lines: same echo server, same load generator, each
 * target in a process of its own, rounds interleaved. Run by hand: `node bench/src/relay-micro.ts [seconds]`.
 */
import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { fixture, startBench } from '@berth/server/relay/test-kit.ts'

const targets = ['floor', 'bare', 'relay'] as const
type Target = (typeof targets)[number]

const answer = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hello"}]}}'

/** HTTP only: what no relay can beat. */
function serveFloor(): Promise<number> {
  const server = createServer((req, res) => {
    req.on('data', () => {})
    req.on('end', () => {
      res.writeHead(200, {
        'content-type': 'application/json',
        'content-length': answer.length,
        'mcp-session-id': 'floor',
      })
      res.end(answer)
    })
  })
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
}

/** Passes each body to one child and each line back, by a new id. */
function serveBare(): Promise<number> {
  const child = spawn(process.execPath, [fixture('echo.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const pending = new Map<number, (text: string) => void>()
  let lastId = 0
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const message = JSON.parse(line)
      pending.get(message.id)?.(JSON.stringify({ ...message, id: 1 }))
      pending.delete(message.id)
    }
  })
  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    req.on('end', () => {
      const message = JSON.parse(body)
      if (message.id === undefined) {
        res.writeHead(202).end()
        return
      }
      const id = ++lastId
      pending.set(id, (text) => {
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
        res.writeHead(200, { ...headers, 'mcp-session-id': 'bare' })
        res.end(text)
      })
      child.stdin.write(`${JSON.stringify({ ...message, id })}\n`)
    })
  })
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
}

async function serveRelay(): Promise<number> {
  let records = 0
  const { url } = await startBench({
    upstream: { isolation: 'shared' },
    hooks: { record: () => void records++ },
  })
  return Number(new URL(url).port)
}

/** The child's half: serves, and tells its CPU time and memory when asked. */
async function serve(target: Target): Promise<void> {
  const port = await { floor: serveFloor, bare: serveBare, relay: serveRelay }[target]()
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send!({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage.rss() / 1e6 })
  })
  process.send!({ port })
}

function ask<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve(message as T))
    child.send('usage')
  })
}

/** One keep-alive socket that sends a request as soon as its answer has arrived. */
class Worker {
  readonly latencies: number[] = []
  sessionId = ''
  private readonly socket
  private buffer = ''
  private onResponse: (head: string) => void = () => {}

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: unknown) => {
      this.buffer += chunk as string
      const end = this.buffer.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = this.buffer.slice(0, end)
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (this.buffer.length < end + 4 + length) return
      this.buffer = this.buffer.slice(end + 4 + length)
      this.onResponse(head)
    })
  }

  post(body: string): Promise<string> {
    const session = this.sessionId === '' ? '' : `Mcp-Session-Id: ${this.sessionId}\r\n`
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n${session}Content-Length: ${body.length}\r\n\r\n`
    this.socket.write(head + body)
    return new Promise((resolve) => (this.onResponse = resolve))
  }

  async open(): Promise<void> {
    const head = await this.post(
      '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"b","version":"1"}}}',
    )
    this.sessionId = /mcp-session-id: (\S+)/i.exec(head)?.[1] ?? ''
  }

  async run(until: number): Promise<void> {
    const body =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hello"}}}'
    while (performance.now() < until) {
      const start = performance.now()
      await this.post(body)
      this.latencies.push(performance.now() - start)
    }
  }

  close(): void {
    this.socket.destroy()
  }
}

async function measure(child: ChildProcess, port: number, sessions: number, ms: number) {
  const workers = Array.from({ length: sessions }, () => new Worker(port))
  await Promise.all(workers.map((worker) => worker.open()))
  const before = await ask<{ cpuMs: number }>(child)
  const start = performance.now()
  await Promise.all(workers.map((worker) => worker.run(start + ms)))
  const seconds = (performance.now() - start) / 1000
  const after = await ask<{ cpuMs: number; rssMb: number }>(child)
  for (const worker of workers) worker.close()
  const latencies = workers.flatMap((worker) => worker.latencies).sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? NaN
  return {
    perSecond: latencies.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    cpuMs: (after.cpuMs - before.cpuMs) / latencies.length,
    rssMb: after.rssMb,
  }
}

async function main(): Promise<void> {
  const ms = Number(process.argv[2] ?? 2) * 1000
  const children = targets.map((target) => fork(fileURLToPath(import.meta.url), ['--serve', target]))
  const ports = await Promise.all(
    children.map(
      (child) => new Promise<number>((resolve) => child.once('message', (m: any) => resolve(m.port))),
    ),
  )
  for (const [at, child] of children.entries()) await measure(child, ports[at]!, 16, ms / 2)
  for (const sessions of [1, 16, 64]) {
    for (let round = 1; round <= 2; round++) {
      for (const [at, target] of targets.entries()) {
        const found = await measure(children[at]!, ports[at]!, sessions, ms)
        console.log(
          `${target.padEnd(6)} sessions=${String(sessions).padEnd(3)} round=${round} ` +
            `${found.perSecond.toFixed(0).padStart(6)} calls/s  p50 ${found.p50.toFixed(2)} ms  ` +
            `p99 ${found.p99.toFixed(2)} ms  CPU ${found.cpuMs.toFixed(4)} ms/call  RSS ${found.rssMb.toFixed(0)} MB`,
        )
      }
    }
  }
  for (const child of children) child.kill('SIGKILL')
}

if (process.argv[2] === '--serve') await serve(process.argv[3] as Target)
else await main()

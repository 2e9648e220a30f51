/**
 * The allow-list proxy of one sandbox: the only way out for a server whose release declares egress hosts.
 *
 * It runs in the runner and accepts on a socket that was opened inside the sandbox's own loopback (see launcher.mjs).
 * A name is resolved once, every address is checked, and the connection goes to a checked address. A refusal answers 403
 * with a sentence that names the host, also inside a plain HTTP tunnel, where clients would hide the proxy's answer.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, isIP, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  AddressRefused,
  resolveChecked,
  type Lookup,
  type ResolvedAddress,
} from '../../platform/net/addresses.ts'
import { findRule, parseAuthority, parseEgressHosts, type EgressTarget } from './egress-rules.ts'

export interface EgressProxyOptions {
  /** As declared by the release. */
  hosts: string[]
  /** Reach private and loopback addresses too: an operator's choice. A declared IP literal is always reached. */
  allowPrivate: boolean
  /** Told every refusal and every failed connection, as one sentence. */
  note: (sentence: string) => void
  lookup?: Lookup
}

export interface EgressProxy {
  /** Serves connections that arrive on a listening socket. */
  serve(listener: Server): void
  /** Ends every connection and the listening socket. */
  close(): void
}

const CONNECT_TIMEOUT_MS = 10_000
const MAX_CONNECTIONS = 256
const HOP_BY_HOP = [
  'connection',
  'proxy-connection',
  'proxy-authorization',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
]
// A TLS alert record, "fatal: access denied": what a TLS client reports better than a cut connection.
const TLS_ACCESS_DENIED = Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x31])
const TLS_HANDSHAKE = 0x16

class EgressRefused extends Error {}

/** Creates the proxy. Throws a TypeError when a declared host cannot be read. */
export function createEgressProxy(options: EgressProxyOptions): EgressProxy {
  const rules = parseEgressHosts(options.hosts)
  const sockets = new Set<Duplex>()
  const listeners = new Set<Server>()

  async function open(target: EgressTarget): Promise<Socket> {
    const name = nameOf(target)
    const rule = findRule(rules, target)
    if (!rule) {
      const sentence = `egress to ${name} is not declared by this release; it declares: ${options.hosts.join(', ')}`
      throw new EgressRefused(sentence)
    }
    const allowPrivate = options.allowPrivate || isIP(rule.host) !== 0
    try {
      return track(
        await connectFirst(await resolveChecked(target.host, { ...options, allowPrivate }), target.port),
      )
    } catch (error) {
      if (error instanceof AddressRefused && error.kind !== 'unresolved') {
        throw new EgressRefused(`egress to ${name} is refused: ${error.message}`)
      }
      throw new Error(`egress to ${name} failed: ${(error as Error).message}`, { cause: error })
    }
  }

  function track<T extends Duplex>(socket: T): T {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    return socket
  }

  const web = createServer((request, response) => void forward(request, response))
  web.on('connect', (request, client: Duplex, head: Buffer) => void tunnel(request, track(client), head))
  web.on('clientError', (_error, client) => client.destroy())

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.canParse(request.url ?? '') ? new URL(request.url!) : null
    const target = url?.protocol === 'http:' ? parseAuthority(url.host) : null
    if (!url || !target)
      return answer(response, 400, 'this is an egress proxy: it takes absolute http:// URLs and CONNECT')
    try {
      const upstream = await open({ host: target.host, port: target.port ?? 80 })
      relay(request, response, url, upstream)
    } catch (error) {
      options.note((error as Error).message)
      answer(response, error instanceof EgressRefused ? 403 : 502, (error as Error).message)
    }
  }

  async function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const target = parseAuthority(request.url ?? '')
    if (!target) return void client.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    const port = target.port ?? 443
    try {
      const upstream = await open({ host: target.host, port })
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      if (head.length > 0) upstream.write(head)
      join(client, upstream)
    } catch (error) {
      const { message } = error as Error
      options.note(message)
      if (error instanceof EgressRefused && port !== 443) refuseInside(client, head, message)
      else
        client.end(plainAnswer(error instanceof EgressRefused ? '403 Forbidden' : '502 Bad Gateway', message))
    }
  }

  return {
    serve(listener) {
      listener.maxConnections = MAX_CONNECTIONS
      listeners.add(listener)
      listener.on('connection', (socket) => web.emit('connection', track(socket)))
    },
    close() {
      for (const listener of listeners) listener.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function relay(request: IncomingMessage, response: ServerResponse, url: URL, upstream: Socket): void {
  const headers = { ...request.headers, host: url.host, connection: 'close' }
  for (const name of HOP_BY_HOP.slice(1)) delete headers[name as keyof typeof headers]
  const outgoing = httpRequest({
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers,
    createConnection: () => upstream,
  })
  outgoing.on('response', (incoming) => {
    const kept = Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.includes(name))
    response.writeHead(incoming.statusCode ?? 502, Object.fromEntries(kept))
    incoming.pipe(response)
    incoming.on('error', () => response.destroy())
  })
  outgoing.on('error', (error) => {
    if (response.headersSent) response.destroy()
    else answer(response, 502, `egress to ${url.host} failed: ${error.message}`)
  })
  response.on('close', () => upstream.destroy())
  request.pipe(outgoing)
}

/** Opens the tunnel to ourselves and refuses there: HTTP with a body the program can show, TLS with an alert. */
function refuseInside(client: Duplex, head: Buffer, sentence: string): void {
  client.write('HTTP/1.1 200 Connection established\r\n\r\n')
  const refuse = (first: Buffer) => {
    client.end(first[0] === TLS_HANDSHAKE ? TLS_ACCESS_DENIED : plainAnswer('403 Forbidden', sentence))
    client.resume()
  }
  if (head.length > 0) refuse(head)
  else client.once('data', refuse)
}

function plainAnswer(status: string, sentence: string): string {
  const body = `${sentence}\n`
  const headers = `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
  return `HTTP/1.1 ${status}\r\n${headers}Connection: close\r\n\r\n${body}`
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(`${sentence}\n`)
}

function join(client: Duplex, upstream: Socket): void {
  client.pipe(upstream)
  upstream.pipe(client)
  client.on('close', () => upstream.destroy())
  upstream.on('close', () => client.destroy())
}

/** Connects to the first checked address that answers; the name is not looked up again. */
async function connectFirst(addresses: ResolvedAddress[], port: number): Promise<Socket> {
  let reason: Error = new Error('no address')
  for (const { address, family } of addresses) {
    try {
      return await connectTo(address, family, port)
    } catch (error) {
      reason = error as Error
    }
  }
  throw reason
}

function connectTo(host: string, family: 4 | 6, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, family, port, noDelay: true })
    socket.setTimeout(CONNECT_TIMEOUT_MS, () =>
      socket.destroy(new Error(`no answer in ${CONNECT_TIMEOUT_MS / 1000} s`)),
    )
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function nameOf({ host, port }: EgressTarget): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}

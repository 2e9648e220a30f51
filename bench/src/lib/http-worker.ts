/** One MCP session on one keep-alive socket, as cheap as possible: it runs on the cores that it measures. */
import { connect, type Socket } from 'node:net'

export interface Target {
  url: string
  token?: string
}

interface Answer {
  status: number
  head: string
  /** With its framing, when it came in chunks or as events. */
  body: string
}

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
})
const initialized = '{"jsonrpc":"2.0","method":"notifications/initialized"}'

/** Where the answer at the beginning of `buffer` ends; -1 while it is not complete. */
export function endOfAnswer(buffer: string): number {
  const head = buffer.indexOf('\r\n\r\n')
  if (head < 0) return -1
  const body = head + 4
  const length = /\r\ncontent-length: *(\d+)/i.exec(buffer.slice(0, head))
  if (length) return buffer.length >= body + Number(length[1]) ? body + Number(length[1]) : -1
  if (!/\r\ntransfer-encoding: *chunked/i.test(buffer.slice(0, head))) return body
  if (buffer.startsWith('0\r\n\r\n', body)) return body + 5
  const last = buffer.indexOf('\r\n0\r\n\r\n', body)
  return last < 0 ? -1 : last + 7
}

export class HttpWorker {
  private sessionId = ''
  private socket: Socket
  private readonly target: URL
  private readonly headers: string
  private buffer = ''
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null
  private headOfCalls = ''

  constructor({ url, token }: Target) {
    this.target = new URL(url)
    this.headers = `Host: ${this.target.host}\r\n${token ? `Authorization: Bearer ${token}\r\n` : ''}`
    this.socket = this.connect()
  }

  private connect(): Socket {
    const { port, hostname } = this.target
    const socket = connect(Number(port), hostname).setNoDelay(true).setEncoding('latin1')
    socket.on('data', (chunk) => this.take(chunk as unknown as string))
    const lost = (why: string) => {
      if (this.socket !== socket) return
      this.waiting?.reject(new Error(`the connection to ${this.target.href} ended: ${why}`))
      this.waiting = null
    }
    socket.on('error', (error) => lost(error.message))
    socket.on('close', () => lost('closed'))
    return socket
  }

  /** A new connection for the same session: servers close those that were idle for some seconds. */
  renew(): Promise<void> {
    this.socket.destroy()
    this.buffer = ''
    this.socket = this.connect()
    return new Promise((resolve, reject) => this.socket.once('connect', resolve).once('error', reject))
  }

  private take(chunk: string): void {
    this.buffer += chunk
    const end = endOfAnswer(this.buffer)
    if (end < 0) return
    const text = this.buffer.slice(0, end)
    this.buffer = this.buffer.slice(end)
    const split = text.indexOf('\r\n\r\n')
    const { waiting } = this
    this.waiting = null
    waiting?.resolve({
      status: Number(text.slice(9, 12)),
      head: text.slice(0, split),
      body: text.slice(split + 4),
    })
  }

  private headFor(method: string): string {
    const session = this.sessionId
      ? `Mcp-Session-Id: ${this.sessionId}\r\nMcp-Protocol-Version: 2025-11-25\r\n`
      : ''
    return (
      `${method} ${this.target.pathname} HTTP/1.1\r\n${this.headers}Content-Type: application/json\r\n` +
      `Accept: application/json, text/event-stream\r\n${session}Content-Length: `
    )
  }

  private send(text: string): Promise<Answer> {
    if (this.socket.destroyed) return Promise.reject(new Error(`no connection to ${this.target.href}`))
    this.socket.write(text)
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }))
  }

  post(body: string): Promise<Answer> {
    return this.send(`${this.headOfCalls}${body.length}\r\n\r\n${body}`)
  }

  /** Initialises a session. */
  async open(): Promise<void> {
    this.headOfCalls = this.headFor('POST')
    const { status, head, body } = await this.post(initialize)
    if (status !== 200) throw new Error(`initialize was answered with ${status}: ${body}`)
    this.sessionId = /\r\nmcp-session-id: *(\S+)/i.exec(head)?.[1] ?? ''
    this.headOfCalls = this.headFor('POST')
    await this.post(initialized)
  }

  /** Whether the tool `echo` gave back the message. Plain ASCII without quotes only. */
  async echo(message: string): Promise<boolean> {
    const { status, body } = await this.post(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"${message}"}}}`,
    )
    return status === 200 && body.includes(`"text":"${message}"`)
  }

  /** Ends the session as a client does, where there is one. */
  async close(): Promise<void> {
    await this.renew().catch(() => {})
    if (this.sessionId) await this.send(`${this.headFor('DELETE')}0\r\n\r\n`).catch(() => {})
    this.socket.destroy()
  }

  /** Leaves the session as it is. */
  drop(): void {
    this.socket.destroy()
  }
}

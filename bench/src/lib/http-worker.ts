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
  private readonly socket: Socket
  private readonly path: string
  private readonly headers: string
  private buffer = ''
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null
  private headOfCalls = ''

  constructor({ url, token }: Target) {
    const { hostname, port, pathname, host } = new URL(url)
    this.path = pathname
    this.headers = `Host: ${host}\r\n${token ? `Authorization: Bearer ${token}\r\n` : ''}`
    this.socket = connect(Number(port), hostname).setNoDelay(true).setEncoding('latin1')
    this.socket.on('data', (chunk) => this.take(chunk as unknown as string))
    const lost = (why: string) => {
      this.waiting?.reject(new Error(`the connection to ${url} ended: ${why}`))
      this.waiting = null
    }
    this.socket.on('error', (error) => lost(error.message))
    this.socket.on('close', () => lost('closed'))
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
      `${method} ${this.path} HTTP/1.1\r\n${this.headers}Content-Type: application/json\r\n` +
      `Accept: application/json, text/event-stream\r\n${session}Content-Length: `
    )
  }

  private send(text: string): Promise<Answer> {
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
    if (this.sessionId) await this.send(`${this.headFor('DELETE')}0\r\n\r\n`).catch(() => {})
    this.socket.destroy()
  }

  /** Leaves the session as it is. */
  drop(): void {
    this.socket.destroy()
  }
}

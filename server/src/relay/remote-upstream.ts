/**
 * A server somewhere else, over Streamable HTTP. One upstream session for one downstream session; the client's own
 * headers never go up, only those given here.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import type { Call } from './call.ts'
import { codes, notificationText, oneLine, UpstreamError } from './jsonrpc.ts'
import { RemoteListener } from './remote-listener.ts'
import { SseReader } from './sse-reader.ts'
import type { InitializeParams } from './types.ts'
import { Upstream } from './upstream.ts'
import type { InitializeResult, UpstreamOptions } from './upstream.ts'

export interface RemoteOptions extends UpstreamOptions {
  /** https, or http to loopback. */
  url: string
  /** Sent with every request: the upstream's own credentials. */
  headers?: Record<string, string>
  /** Where connections go. Default: an agent of its own. An injected one pins addresses, and stays open at close. */
  dispatcher?: Dispatcher
  /** Called when the given dispatcher is not used any more. */
  onShut?(): void
  /** How often a broken event stream of one call is resumed. Default 5. */
  maxResumes?: number
}

type Body = Dispatcher.ResponseData['body']

/** Thrown when the server no longer knows the session. */
class SessionExpired extends Error {}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

export class RemoteUpstream extends Upstream {
  readonly remote: RemoteOptions
  private readonly dispatcher: Dispatcher
  private readonly ownDispatcher: boolean
  private readonly listener: RemoteListener
  private readonly abort = new AbortController()
  private readonly exchanges = new Map<Call, AbortController>()
  private sessionId: string | null = null
  private params: InitializeParams | null = null
  private renewing: Promise<void> | null = null
  /** Notifications go up one after the other, so that `initialized` is first. */
  private queue: Promise<void> = Promise.resolve()

  /** Throws when `url` is not https (or http to loopback). */
  constructor(options: RemoteOptions) {
    super(options)
    const { protocol, hostname } = new URL(options.url)
    if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname))) {
      throw new UpstreamError('A remote server needs an https URL.')
    }
    this.remote = options
    this.ownDispatcher = options.dispatcher === undefined
    this.dispatcher = options.dispatcher ?? new Agent({ connections: 64, pipelining: 1 })
    this.listener = new RemoteListener(
      (lastId) => this.openStream(lastId),
      (text) => this.receive(text, null),
      {
        limit: this.limit,
        signal: this.abort.signal,
      },
    )
  }

  private get limit(): number {
    return this.options.maxMessageLength ?? 32 * 1024 * 1024
  }

  override get tellsOrigin(): boolean {
    return true
  }

  override initialize(params: InitializeParams | null): Promise<InitializeResult> {
    this.params ??= params
    return super.initialize(params)
  }

  override markInitialized(): void {
    super.markInitialized()
    this.queue = this.queue.then(() => this.listener.start())
  }

  protected transmit(line: string, call: Call | null): void {
    if (call) {
      void this.exchange(line, call)
      return
    }
    this.abortCancelled()
    this.queue = this.queue.then(() => this.deliver(line)).catch(() => {})
  }

  /** The streams of calls nobody waits for any more are ended. */
  private abortCancelled(): void {
    for (const [call, abort] of this.exchanges) if (!this.calls.has(call.upstreamId)) abort.abort()
  }

  /** Posts a notification or a response. */
  private async deliver(line: string): Promise<void> {
    try {
      const res = await this.post(line, this.abort.signal)
      await res.body.dump()
    } catch (error) {
      if (error instanceof SessionExpired) await this.renew()
    }
  }

  /** Posts a request and relays whatever its response carries. Ends with the call answered, always. */
  private async exchange(line: string, call: Call): Promise<void> {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, this.abort.signal])
    this.exchanges.set(call, abort)
    try {
      // A request must not overtake the notifications before it.
      if (call.method !== 'initialize') await this.queue
      const res = await this.postOnce(line, call, signal)
      await this.consume(res, call, signal)
      if (this.calls.has(call.upstreamId))
        this.failCall(call, 'The remote server ended its answer without a response.')
    } catch (error) {
      if (this.calls.has(call.upstreamId)) this.failCall(call, describe(error))
    } finally {
      this.exchanges.delete(call)
    }
  }

  /** Starts a new session with the server if it forgot ours, and sends the request again. */
  private async postOnce(line: string, call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await this.post(line, signal)
    } catch (error) {
      if (!(error instanceof SessionExpired) || call.method === 'initialize') throw error
      await this.renew()
      return await this.post(line, signal)
    }
  }

  private async post(line: string, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const sessionId = this.sessionId
    const res = await this.fetch('POST', { 'content-type': 'application/json' }, line, signal)
    const { statusCode } = res
    if (statusCode === 404 && sessionId !== null) {
      await res.body.dump()
      if (this.sessionId === sessionId) this.sessionId = null
      throw new SessionExpired()
    }
    return res
  }

  private fetch(
    method: 'POST' | 'GET' | 'DELETE',
    headers: Record<string, string>,
    body: string | null,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const version = this.initializeResult?.protocolVersion
    return request(this.remote.url, {
      method,
      body,
      signal,
      dispatcher: this.dispatcher,
      // Silence is normal: calls end by their own limits.
      headersTimeout: 0,
      bodyTimeout: 0,
      headers: {
        accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
        ...this.remote.headers,
        ...headers,
        ...(this.sessionId === null ? {} : { 'mcp-session-id': this.sessionId }),
        ...(version === undefined ? {} : { 'mcp-protocol-version': version }),
      },
    })
  }

  private async consume(res: Dispatcher.ResponseData, call: Call, signal: AbortSignal): Promise<void> {
    const { statusCode, headers, body } = res
    if (call.method === 'initialize' && typeof headers['mcp-session-id'] === 'string') {
      this.sessionId = headers['mcp-session-id']
    }
    const type = String(headers['content-type'] ?? '')
    if (statusCode === 200 && type.includes('text/event-stream')) {
      await this.follow(body, call, signal)
      return
    }
    const text = await readAll(body, this.limit)
    if (type.includes('application/json') && this.tryAnswer(text, call, statusCode)) return
    throw new UpstreamError(statusSentence(statusCode))
  }

  /** A JSON answer; an error without an id (a refusal of the whole request) is the call's too. */
  private tryAnswer(text: string, call: Call, statusCode: number): boolean {
    const line = oneLine(text)
    if (statusCode === 200) {
      this.receive(line, call)
      return true
    }
    try {
      const { error } = JSON.parse(line) as { error?: { code?: unknown; message?: unknown } }
      if (typeof error?.code !== 'number' || typeof error.message !== 'string') return false
      this.receive(JSON.stringify({ jsonrpc: '2.0', id: call.upstreamId, error }), call)
      return true
    } catch {
      return false
    }
  }

  /** An event stream, resumed where it broke for as long as the call is unanswered. */
  private async follow(first: Body, call: Call, signal: AbortSignal): Promise<void> {
    let body: Body | null = first
    let lastId: string | null = null
    const attempts = this.remote.maxResumes ?? 5
    for (let attempt = 0; ; attempt++) {
      const reader = new SseReader(this.limit)
      reader.lastId = lastId
      let fault: unknown = null
      try {
        if (body) await this.drain(body, reader, call)
      } catch (error) {
        fault = error
      }
      lastId = reader.lastId
      if (!this.calls.has(call.upstreamId)) return
      if (fault instanceof RangeError || lastId === null || attempt >= attempts || signal.aborted) {
        throw fault ?? new UpstreamError('The remote server ended its stream without an answer.')
      }
      await sleep(Math.min(reader.retryMs ?? 500, 30_000), undefined, { signal })
      body = await this.openStream(lastId).catch(() => null)
    }
  }

  private async drain(body: Body, reader: SseReader, call: Call): Promise<void> {
    for await (const chunk of body) {
      for (const { data } of reader.push(chunk as Uint8Array)) {
        if (data !== '') this.receive(oneLine(data), call)
      }
      // The answer ends the exchange, even when the server forgets to end the stream.
      if (!this.calls.has(call.upstreamId)) return
    }
  }

  /** The session's own stream, or the rest of another; null when the server offers none (405). */
  private async openStream(lastId: string | null): Promise<Body | null> {
    const headers: Record<string, string> = lastId === null ? {} : { 'last-event-id': lastId }
    const res = await this.fetch('GET', headers, null, this.abort.signal)
    const isStream = String(res.headers['content-type'] ?? '').includes('text/event-stream')
    if (res.statusCode === 200 && isStream) return res.body
    await res.body.dump()
    if (res.statusCode === 405 || res.statusCode === 404) return null
    throw new UpstreamError(statusSentence(res.statusCode))
  }

  /** A new session with the same parameters; subscriptions and log level are repeated. */
  private renew(): Promise<void> {
    this.renewing ??= this.startOver().finally(() => (this.renewing = null))
    return this.renewing
  }

  private async startOver(): Promise<void> {
    this.sessionId = null
    this.initializeResult = null
    await this.reinitialize(this.params)
    const initialized = notificationText('notifications/initialized', undefined)
    await (await this.post(initialized, this.abort.signal)).body.dump()
    this.listener.restart()
    // Not awaited: whatever is being renewed for may stand before them in the queue.
    const again = (method: string, params: object) => this.ask(method, params, 30_000).catch(() => {})
    for (const link of this.links) {
      if (link.logLevel !== null) void again('logging/setLevel', { level: link.logLevel })
      for (const uri of link.subscriptions) void again('resources/subscribe', { uri })
    }
  }

  private failCall(call: Call, message: string): void {
    this.calls.delete(call.upstreamId)
    call.fail('lost', { code: codes.serverGone, message })
  }

  protected shut(): void {
    this.listener.stop()
    const ended = this.sessionId === null ? Promise.resolve() : this.endSession()
    void ended.finally(() => {
      this.abort.abort()
      if (this.ownDispatcher) void this.dispatcher.destroy()
      this.remote.onShut?.()
    })
  }

  /** A courtesy: servers forget sessions by themselves too. */
  private async endSession(): Promise<void> {
    try {
      const res = await this.fetch('DELETE', {}, null, AbortSignal.timeout(5000))
      await res.body.dump()
    } catch {
      // It is gone either way.
    }
  }
}

async function readAll(body: Body, limit: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk as Uint8Array)
    size += (chunk as Uint8Array).length
    if (size > limit) throw new RangeError('The answer is too long.')
  }
  return Buffer.concat(chunks).toString('utf8')
}

function statusSentence(status: number): string {
  if (status === 401 || status === 403) return `The remote server refused our credentials (HTTP ${status}).`
  if (status >= 300 && status < 400)
    return `The remote server answered with a redirect (HTTP ${status}), which is not followed.`
  return `The remote server answered with HTTP ${status}.`
}

/** A sentence without addresses or bodies. */
function describe(error: unknown): string {
  if (error instanceof UpstreamError) return error.message
  if (error instanceof SessionExpired) return 'The remote server no longer knows the session.'
  if (error instanceof RangeError) return "The remote server's answer is over the size limit."
  const code = (error as { code?: unknown }).code
  return `The remote server could not be reached${typeof code === 'string' ? ` (${code})` : ''}.`
}

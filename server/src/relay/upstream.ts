/**
 * One initialised server and the sessions that use it. Transport-neutral: it gives every request an id of its own on the
 * way up and the client's id back on the way down, so that sessions can share a server and never see each other.
 */
import { codes, errorText, LATEST_VERSION, notificationText, resultText, UpstreamError } from './jsonrpc.ts'
import { composeCall, paramsWith, readdress } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { InternalCall } from './call.ts'
import type { Call } from './call.ts'
import { Link } from './link.ts'
import type { Peer } from './link.ts'
import { routeNotification, routeServerRequest, type ServerMessage } from './routing.ts'
import type { InitializeParams, Isolation, JsonObject } from './types.ts'

export type ListKind = 'tools' | 'prompts' | 'resources'

export interface UpstreamOptions {
  isolation: Isolation
  /** Sent as `clientInfo` when the relay itself initialises (anything but isolation `session`). */
  clientInfo?: { name: string; version: string }
  /** A list changed; once for the server, not once a session. */
  onListChanged?(kind: ListKind): void
  /** A line that is no JSON-RPC message was skipped. `sample` is its start. */
  onGarbage?(sample: string): void
  /** Longest message accepted from the server, in characters. Default 32 Mi. */
  maxMessageLength?: number
  /** Default 60,000 ms. */
  initializeTimeoutMs?: number
  /** For the test that shows what id remapping is for. */
  remapIds?: boolean
}

export interface InitializeResult extends JsonObject {
  protocolVersion: string
  capabilities: JsonObject
  serverInfo?: JsonObject
  instructions?: string
}

export abstract class Upstream {
  readonly isolation: Isolation
  readonly links = new Set<Link>()
  /** Requests the server has not answered, by the id it knows. */
  readonly calls = new Map<number | string, Call>()
  /** Progress tokens that outlive their answer (tasks): upstream token → session and its own token. */
  readonly taskTokens = new Map<number | string, { link: Link; rawToken: string }>()
  readonly options: UpstreamOptions
  /** Why the server is gone; null while it serves. */
  gone: { sentence: string } | null = null
  skippedLines = 0
  initializeResult: InitializeResult | null = null
  private readonly remap: boolean
  private lastId = 0
  private initializing: Promise<InitializeResult> | null = null
  private initializedSent = false
  private readonly goneListeners: ((reason: { sentence: string }) => void)[] = []

  constructor(options: UpstreamOptions) {
    this.options = options
    this.isolation = options.isolation
    this.remap = options.remapIds ?? true
  }

  /** True when exactly one session may use the server and everything passes end to end. */
  get exclusive(): boolean {
    return this.isolation === 'session'
  }

  /** Sends one message up. `call` is set for requests. Must not throw. */
  protected abstract transmit(line: string, call: Call | null): void
  /** Releases the transport. */
  protected abstract shut(): void

  /** True when the transport says which call a message belongs to. */
  get tellsOrigin(): boolean {
    return false
  }

  /** Bytes waiting to be read by the server, when the transport knows. */
  get backlog(): number {
    return 0
  }

  /** Joins a session. Throws when the server is gone, or exclusive and taken. */
  attach(peer: Peer): Link {
    if (this.gone) throw new UpstreamError(this.gone.sentence)
    if (this.exclusive && this.links.size > 0)
      throw new UpstreamError('This server belongs to another session.')
    const link = new Link(this, peer)
    this.links.add(link)
    return link
  }

  onGone(listener: (reason: { sentence: string }) => void): void {
    if (this.gone) listener(this.gone)
    else this.goneListeners.push(listener)
  }

  /** Ends the server: pending calls get `sentence`, the transport is closed. */
  close(sentence = 'The server was closed.'): void {
    this.lost(sentence)
    this.shut()
  }

  /**
   * Initialises once and caches the result. With isolation `session` the client's own parameters go up; otherwise the
   * relay initialises as itself, without capabilities, and `params` is ignored.
   * Throws UpstreamError when the server refuses, dies, or does not answer in time.
   */
  initialize(params: InitializeParams | null): Promise<InitializeResult> {
    this.initializing ??= this.handshake(params)
    return this.initializing
  }

  private async handshake(params: InitializeParams | null): Promise<InitializeResult> {
    const sent: InitializeParams =
      this.exclusive && params !== null
        ? params
        : {
            protocolVersion: LATEST_VERSION,
            capabilities: {},
            clientInfo: this.options.clientInfo ?? { name: 'berth', version: '1' },
          }
    const answer = await this.ask('initialize', sent, this.options.initializeTimeoutMs ?? 60_000)
    if (answer.error)
      throw new UpstreamError(`The server refused to initialize: ${String(answer.error.message)}`)
    const result = answer.result as InitializeResult | undefined
    if (typeof result?.protocolVersion !== 'string')
      throw new UpstreamError('The server answered initialize with no protocol version.')
    if (result.capabilities === null || typeof result.capabilities !== 'object') result.capabilities = {}
    this.initializeResult = result
    if (!this.exclusive || params === null) this.markInitialized()
    return result
  }

  /** Sends `notifications/initialized`, once. */
  markInitialized(): void {
    if (this.initializedSent) return
    this.initializedSent = true
    this.transmit(notificationText('notifications/initialized', undefined), null)
  }

  /** For a transport that has to start a new session with the same server. */
  protected async reinitialize(params: InitializeParams | null): Promise<void> {
    await this.handshake(params)
  }

  /** A request of the relay's own. Resolves with the parsed response; throws UpstreamError on death or timeout. */
  ask(method: string, params: unknown, timeoutMs: number): Promise<ServerMessage> {
    return new Promise((resolve, reject) => {
      if (this.gone) {
        reject(new UpstreamError(this.gone.sentence))
        return
      }
      const call = new InternalCall(method, resolve, reject)
      call.timer = setTimeout(() => {
        this.abandon(call, method === 'initialize' ? null : 'timed out')
        reject(
          new UpstreamError(`The server did not answer ${method} within ${Math.round(timeoutMs / 1000)} s.`),
        )
      }, timeoutMs)
      const tail = params === undefined ? '' : `,"params":${JSON.stringify(params)}`
      const id = this.register(call)
      this.transmit(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${tail}}`, call)
    })
  }

  /** Health: the round trip of an MCP ping in milliseconds. Any answer counts, an error too. */
  async ping(timeoutMs = 10_000): Promise<number> {
    const start = performance.now()
    await this.ask('ping', undefined, timeoutMs)
    return performance.now() - start
  }

  private register(call: Call): number {
    const id = ++this.lastId
    call.upstreamId = id
    this.calls.set(id, call)
    return id
  }

  /** Sends a session's request up under an id of the relay's. */
  send(call: Call, envelope: Envelope): void {
    const id = this.register(call)
    let params = envelope.params
    if (!this.remap) {
      this.calls.delete(id)
      call.upstreamId = envelope.message.id as number | string
      this.calls.set(call.upstreamId, call)
      this.transmit(composeCall(envelope, envelope.rawId, params), call)
      return
    }
    if (envelope.tokenStart >= 0) {
      call.rawToken = params.slice(envelope.tokenStart, envelope.tokenEnd)
      params = paramsWith(envelope, String(id))
    }
    this.transmit(composeCall(envelope, String(id), params), call)
  }

  sendRaw(line: string): void {
    if (!this.gone) this.transmit(line, null)
  }

  /** Forgets a call and tells the server, unless `reason` is null. A late answer is dropped. */
  abandon(call: Call, reason: string | null): void {
    if (!this.calls.delete(call.upstreamId)) return
    if (reason === null || this.gone) return
    this.transmit(notificationText('notifications/cancelled', { requestId: call.upstreamId, reason }), null)
  }

  /**
   * One message from the server. `origin` is the call whose own stream carried it, when the transport has such.
   * Nothing a server says may throw here: what cannot be read is skipped.
   */
  protected receive(line: string | Buffer, origin: Call | null): void {
    try {
      this.accept(line, origin)
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error
      this.skip(line.slice(0, 200).toString())
    }
  }

  private accept(line: string | Buffer, origin: Call | null): void {
    const limit = this.options.maxMessageLength ?? 32 * 1024 * 1024
    if (line.length > limit) {
      this.receiveOversize(line, limit)
      return
    }
    const text = typeof line === 'string' ? line : line.toString('utf8')
    const message = JSON.parse(text) as ServerMessage
    if (message === null || typeof message !== 'object') {
      this.skip(text)
      return
    }
    if (Array.isArray(message)) {
      // A batch, allowed by 2025-03-26 only.
      for (const part of message as unknown[]) this.receive(JSON.stringify(part), origin)
      return
    }
    if (typeof message.method === 'string') {
      if (message.id === undefined) routeNotification(this, text, message, origin)
      else routeServerRequest(this, text, message, origin)
      return
    }
    this.receiveAnswer(text, message)
  }

  private receiveAnswer(text: string, message: ServerMessage): void {
    const id = message.id as number | string
    const call = this.calls.get(id)
    if (call === undefined) {
      if (message.jsonrpc !== '2.0') this.skip(text)
      return
    }
    this.calls.delete(id)
    if (message.result === undefined && (message.error === null || typeof message.error !== 'object')) {
      call.fail('lost', {
        code: codes.serverGone,
        message: 'The server answered with neither a result nor an error.',
      })
      return
    }
    if (call.rawToken !== null && call.task && call.link) {
      if (this.taskTokens.size >= 1024) this.taskTokens.delete(this.taskTokens.keys().next().value!)
      this.taskTokens.set(id, { link: call.link, rawToken: call.rawToken })
    }
    call.link?.settled(call, message)
    call.answer(call.rawId === '' ? text : readdress(text, message, id, call.rawId), message)
  }

  /** A message too long to parse: only the request it answers is disturbed. */
  private receiveOversize(line: string | Buffer, limit: number): void {
    const head = line.slice(0, 200).toString()
    const tail = line.slice(-200).toString()
    const id =
      /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+)/.exec(head) ??
      /,\s*"id"\s*:\s*(\d+)\s*\}\s*$/.exec(tail)
    const call = id && this.calls.get(Number(id[1]))
    this.skip(head)
    if (!call) return
    this.calls.delete(call.upstreamId)
    const size = (mb: number) => `${Math.round(mb / 1024 / 1024)} MB`
    call.fail('lost', {
      code: codes.serverGone,
      message: `The server's answer of ${size(line.length)} is over the limit of ${size(limit)}.`,
    })
  }

  private skip(text: string): void {
    this.skippedLines++
    this.options.onGarbage?.(text.slice(0, 200))
  }

  /** Answers a request of the server's with the relay's own error or result. */
  reply(rawId: string, rawResult: string | null, refusal?: { code: number; message: string }): void {
    this.sendRaw(rawResult === null ? errorText(rawId, refusal!) : resultText(rawId, rawResult))
  }

  /** The server is gone: every pending call is told so, every session hears of it. Idempotent. */
  protected lost(sentence: string): void {
    if (this.gone) return
    this.gone = { sentence }
    const calls = [...this.calls.values()]
    this.calls.clear()
    for (const call of calls) call.fail('lost', { code: codes.serverGone, message: sentence })
    for (const link of this.links) link.peer.upstreamGone(sentence)
    for (const listener of this.goneListeners) listener(this.gone)
  }
}

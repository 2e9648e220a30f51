/** The server side of MCP's Streamable HTTP transport, 2025-03-26 to 2025-11-25, in front of any upstream. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerInitialize } from './opening.ts'
import { codes } from './jsonrpc.ts'
import { admit, admitRequest, hold } from './admission.ts'
import { isBatch, readBatch } from './batch.ts'
import { readEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { Exchange, HttpCall } from './exchange.ts'
import type { ExchangeHost } from './exchange.ts'
import {
  accepts,
  checkPostHeaders,
  checkVersion,
  checkVersionHeader,
  readBody,
  sendEmpty,
  sendRefusal,
  transportFault,
  unknownSession,
} from './http.ts'
import { Session } from './session.ts'
import { SessionTable, sessionEnded } from './session-table.ts'
import { SessionStreams } from './streams.ts'
import { callOnce } from './call-once.ts'
import type { OnceAnswer, OnceRequest } from './call-once.ts'
import { faultOf, refuseBody, unheard, type Unheard } from './refuse.ts'
import { usualLimits, type EndpointOptions } from './limits.ts'
import { upkeep } from './upkeep.ts'
import type { CallRecord, Outcome, Refusal, RelayContext, RelayHooks, SessionView } from './types.ts'

export class McpEndpoint<C extends RelayContext> implements ExchangeHost<C> {
  readonly held = new Set<Exchange<C>>()
  readonly hooks: RelayHooks<C>
  readonly table: SessionTable<C>
  readonly options: Required<EndpointOptions>
  private readonly timer: NodeJS.Timeout
  private draining = false

  constructor(hooks: RelayHooks<C>, options: EndpointOptions = {}) {
    this.hooks = hooks
    this.options = { ...usualLimits, ...options }
    this.table = new SessionTable(hooks)
    this.timer = setInterval(() => upkeep(this), this.options.keepAliveMs).unref()
  }

  /** Answers one HTTP request. The caller has authenticated it and resolved its URL; never throws. */
  handle(req: IncomingMessage, res: ServerResponse, context: C): void {
    const fault = this.checkTransport(req)
    if (fault) {
      req.resume()
      sendRefusal(res, fault)
    } else if (req.method === 'POST') this.post(req, res, context)
    else if (req.method === 'GET') void this.guarded(res, 'null', () => this.get(req, res, context))
    else void this.guarded(res, 'null', () => this.remove(req, res, context))
  }

  private checkTransport(req: IncomingMessage): Refusal | null {
    if (this.draining) return transportFault(503, 'The gateway is shutting down.')
    if (this.hooks.allowOrigin?.(req) === false)
      return transportFault(403, 'This Host or Origin is not allowed here.')
    const { method } = req
    if (method === 'POST') return checkPostHeaders(req)
    if (method === 'GET') {
      if (!accepts(req, 'text/event-stream'))
        return transportFault(406, 'Accept must include text/event-stream.')
    } else if (method !== 'DELETE') return transportFault(405, 'Use POST, GET or DELETE.')
    return checkVersionHeader(req)
  }

  private post(req: IncomingMessage, res: ServerResponse, context: C): void {
    readBody(req, res, this.options.maxBodyBytes, (body) => {
      if (body === null) return
      try {
        this.dispatch(req, res, context, body)
      } catch (error) {
        sendRefusal(res, faultOf(error), 'null')
      }
    })
  }

  private dispatch(req: IncomingMessage, res: ServerResponse, context: C, body: Buffer): void {
    const text = body.toString('utf8')
    if (isBatch(text)) {
      this.withSession(req, res, context, (session) => this.batch(session, res, context, text))
      return
    }
    const envelope = readEnvelope(text)
    if (!('kind' in envelope)) {
      sendRefusal(res, envelope)
      return
    }
    if (envelope.kind === 'request') {
      const unsupported = checkVersion(req, envelope)
      if (unsupported) {
        sendRefusal(res, unsupported, envelope.rawId)
        return
      }
      if (envelope.method === 'initialize') {
        void this.guarded(res, envelope.rawId, () =>
          answerInitialize(this, res, context, envelope, body.length),
        )
        return
      }
    }
    this.withSession(
      req,
      res,
      context,
      (session) => {
        if (envelope.kind === 'request') {
          const exchange = new Exchange(this, session, context, res, 1, false)
          this.request(session, exchange, envelope, body.length)
        } else this.accept(session, res, context, envelope)
      },
      envelope,
    )
  }

  /** Runs `then` with the request's session: at once when it is here, after restoring it when it is not. */
  private withSession(
    req: IncomingMessage,
    res: ServerResponse,
    context: C,
    then: (session: Session<C>) => void,
    envelope?: Envelope,
  ): void {
    const rawId = envelope?.kind === 'request' ? envelope.rawId : 'null'
    const id = req.headers['mcp-session-id']
    if (typeof id !== 'string' || id === '') {
      sendRefusal(res, transportFault(400, 'The Mcp-Session-Id header is missing. Initialize first.'), rawId)
      return
    }
    const found = this.table.find(id, context)
    if (found instanceof Session && found.link) {
      found.lastSeenAt = Date.now()
      then(found)
      return
    }
    if (found && !(found instanceof Session)) {
      sendRefusal(res, found, rawId)
      return
    }
    void this.guarded(res, rawId, async () => {
      try {
        const session = found ?? (await this.revive(id, context, envelope))
        const refusal = session instanceof Session ? await this.reattach(session, context, envelope) : session
        if (!refusal) return then(session as Session<C>)
        this.recordUnheard(context, envelope, { sessionId: id, refusal, outcome: 'refused' })
        sendRefusal(res, { ...refusal, httpStatus: refusal.httpStatus ?? 403 }, rawId)
      } catch (error) {
        const fault = faultOf(error)
        this.recordUnheard(context, envelope, { sessionId: id, refusal: fault, outcome: 'lost' })
        throw error
      }
    })
  }

  /** Asks admission before a server is launched for a session that lost its own. */
  private async reattach(session: Session<C>, context: C, envelope?: Envelope): Promise<Refusal | null> {
    if (session.link) return null
    const refusal = admit(this.hooks, context, session, envelope)
    return refusal ?? (await this.table.reattach(session, context))
  }

  /** The same for a session that is not here. */
  private async revive(id: string, context: C, envelope?: Envelope): Promise<Session<C> | Refusal> {
    if (!this.hooks.lookupSession) return unknownSession()
    const refusal = admit(this.hooks, context, null, envelope)
    if (refusal) return { ...refusal, httpStatus: refusal.httpStatus ?? 403 }
    return await this.table.restore(id, context)
  }

  /** One request of a session: admission, then up to the server. */
  private request(session: Session<C>, exchange: Exchange<C>, envelope: Envelope, bytes: number): void {
    const call = new HttpCall(exchange, envelope, bytes)
    const refusal = this.checkRequest(session, exchange.context, envelope)
    if (refusal) {
      call.fail('refused', refusal)
      return
    }
    const held = hold(this.hooks, exchange.context, session, envelope)
    if (held === null) this.forward(session, call, envelope)
    else void this.afterHold(held, session, call, envelope)
  }

  private checkRequest(session: Session<C>, context: C, envelope: Envelope): Refusal | null {
    if (session.inFlight > this.options.maxInFlight) {
      const message = `More than ${this.options.maxInFlight} requests are in flight in this session.`
      // That is over as soon as something of it is answered.
      return { ...transportFault(429, message), retryAfterSeconds: 1 }
    }
    if (envelope.method === 'initialize')
      return { code: codes.invalidRequest, message: 'initialize cannot be batched.' }
    return admitRequest(this.hooks, context, session, envelope)
  }

  private async afterHold(
    held: Promise<Refusal | null> | Refusal,
    session: Session<C>,
    call: HttpCall<C>,
    envelope: Envelope,
  ): Promise<void> {
    const refusal = await held
    if (refusal) call.fail('refused', refusal)
    else this.forward(session, call, envelope)
  }

  private forward(session: Session<C>, call: HttpCall<C>, envelope: Envelope): void {
    call.passed = true
    const { link } = session
    if (!link) {
      call.fail('lost', sessionEnded)
      return
    }
    const outcome = link.request(envelope, call)
    if (outcome === null) return
    if ('rawResult' in outcome) call.succeed(outcome.rawResult)
    else call.fail('refused', outcome)
  }

  /** A notification or a response: no answer but 202. */
  private accept(session: Session<C>, res: ServerResponse, context: C, envelope: Envelope): void {
    const refusal = admit(this.hooks, context, session, envelope)
    if (refusal) {
      sendRefusal(res, { ...refusal, httpStatus: refusal.httpStatus ?? 403 })
      return
    }
    this.pass(session, envelope)
    sendEmpty(res, 202)
  }

  private pass(session: Session<C>, envelope: Envelope): void {
    if (envelope.kind === 'response') session.link?.respond(envelope)
    else session.link?.notify(envelope)
  }

  private batch(session: Session<C>, res: ServerResponse, context: C, text: string): void {
    const parts = readBatch(text, session.protocolVersion, this.options.maxBatch)
    if (!Array.isArray(parts)) {
      sendRefusal(res, parts)
      return
    }
    const requests = parts.filter(({ kind }) => kind === 'request')
    const exchange =
      requests.length > 0 ? new Exchange(this, session, context, res, requests.length, true) : null
    for (const part of parts) {
      if (part.kind === 'request') this.request(session, exchange!, part, part.params.length)
      else if (!admit(this.hooks, context, session, part)) this.pass(session, part)
    }
    if (!exchange) sendEmpty(res, 202)
  }

  private async get(req: IncomingMessage, res: ServerResponse, context: C): Promise<void> {
    const eventId = req.headers['last-event-id']
    this.withSession(req, res, context, (session) => {
      const refusal = this.hooks.admit(context, session, 'GET', undefined)
      if (refusal) {
        sendRefusal(res, { ...refusal, httpStatus: refusal.httpStatus ?? 403 })
        return
      }
      const { streams } = session
      const place = typeof eventId === 'string' ? streams.locate(eventId) : null
      if (typeof eventId === 'string' && !place && !SessionStreams.isOwn(eventId)) {
        sendRefusal(res, transportFault(400, 'The stream of this Last-Event-ID is over.'))
        return
      }
      const stream = place?.stream ?? streams.own
      streams.connect(stream, res)
      streams.replay(stream, place?.seq)
    })
  }

  private async remove(req: IncomingMessage, res: ServerResponse, context: C): Promise<void> {
    const id = req.headers['mcp-session-id']
    if (typeof id !== 'string') {
      sendRefusal(res, transportFault(400, 'The Mcp-Session-Id header is missing.'))
      return
    }
    const found = this.table.find(id, context) ?? (await this.revive(id, context))
    if (!(found instanceof Session)) {
      sendRefusal(res, found)
      return
    }
    this.table.close(found, 'client', sessionEnded)
    sendEmpty(res, 204)
  }

  record(context: C, record: CallRecord): void {
    this.hooks.record?.(context, record)
  }

  recordSoon(context: C, record: CallRecord, done: (recorded: boolean) => void): void {
    if (this.hooks.recordSoon) return this.hooks.recordSoon(context, record, done)
    let recorded = true
    try {
      this.record(context, record)
    } catch {
      recorded = false
    }
    done(recorded)
  }

  /** A request that did not reach its session; one whose session is unknown is nobody's call. */
  private recordUnheard(context: C, envelope: Envelope | undefined, about: Unheard): void {
    if (envelope?.kind !== 'request' || about.refusal.httpStatus === 404) return
    this.record(context, unheard(envelope, about))
  }

  /** Runs an asynchronous answer; whatever goes wrong becomes a JSON-RPC error. */
  private async guarded(res: ServerResponse, rawId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      sendRefusal(res, faultOf(error), rawId)
    }
  }

  /** Sessions of this process. */
  sessions(): SessionView[] {
    return [...this.table.sessions.values()]
  }

  /** Closes the sessions that match: their pending requests get `refusal`, their streams end. Returns how many. */
  closeSessions(predicate: (session: SessionView) => boolean, refusal: Refusal): number {
    const closing = this.sessions().filter(predicate) as Session<C>[]
    for (const session of closing) this.table.close(session, 'refused', refusal)
    return closing.length
  }

  /** Answers a request that may not even look for its session; what a POST asks for is recorded as refused. */
  refuse(req: IncomingMessage, res: ServerResponse, context: C, refusal: Refusal): void {
    if (req.method !== 'POST') {
      sendRefusal(res, { ...refusal, httpStatus: refusal.httpStatus ?? 403 })
      return
    }
    readBody(req, res, this.options.maxBodyBytes, (body) => {
      if (body) this.refuseBody(res, context, body, refusal)
    })
  }

  /** The same for a body that was read already; `lost` when it may have reached the server. */
  refuseBody(
    res: ServerResponse,
    context: C,
    body: Buffer,
    refusal: Refusal,
    more: { outcome?: Outcome; startedAt?: number } = {},
  ): void {
    try {
      refuseBody(res, body, { outcome: 'refused', ...more, refusal }, (one) => this.record(context, one))
    } catch (error) {
      sendRefusal(res, faultOf(error), 'null')
    }
  }

  /** Calls a server without HTTP and without a session. */
  callOnce(request: OnceRequest<C>): Promise<OnceAnswer> {
    return callOnce(this.hooks, request)
  }

  /** Stops taking requests, waits up to `graceMs` for those in flight, then ends every session. Rows may stay. */
  async shutdown(graceMs = 5000): Promise<void> {
    this.draining = true
    const deadline = Date.now() + graceMs
    const busy = () => this.sessions().some(({ inFlight }) => inFlight > 0)
    while (busy() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
    clearInterval(this.timer)
    const refusal: Refusal = { code: codes.serverGone, message: 'The gateway is shutting down.' }
    for (const session of this.table.sessions.values()) this.table.close(session, 'shutdown', refusal)
  }
}

/**
 * One POST with requests in it. The response head is held back: if the answer comes first it is plain JSON, if a
 * notification or a server's request comes first (or nothing for a while) it becomes an event stream.
 */
import type { ServerResponse } from 'node:http'
import { toolName } from './admission.ts'
import { Call } from './call.ts'
import type { Envelope } from './envelope.ts'
import { retryAfter } from './http.ts'
import { codes, errorText, resultText } from './jsonrpc.ts'
import type { ServerMessage } from './routing.ts'
import type { Session } from './session.ts'
import type { SseStream } from './streams.ts'
import type { CallRecord, Outcome, Refusal, RelayContext } from './types.ts'

export interface ExchangeHost<C extends RelayContext> {
  /** Exchanges whose head is held. */
  readonly held: Set<Exchange<C>>
  recordSoon(context: C, record: CallRecord, done: (recorded: boolean) => void): void
}

export class Exchange<C extends RelayContext> {
  readonly host: ExchangeHost<C>
  readonly session: Session<C>
  readonly context: C
  readonly res: ServerResponse
  readonly startedAt = Date.now()
  private readonly batch: boolean
  private outstanding: number
  private stream: SseStream | null = null
  private answers: string[] | null = null

  constructor(
    host: ExchangeHost<C>,
    session: Session<C>,
    context: C,
    res: ServerResponse,
    requests: number,
    batch: boolean,
  ) {
    this.host = host
    this.session = session
    this.context = context
    this.res = res
    this.outstanding = requests
    this.batch = batch
    session.inFlight += requests
    host.held.add(this)
  }

  /** Turns the held response into an event stream. False when the client has gone or has its answer. */
  upgrade(): boolean {
    if (this.stream) return true
    if (this.outstanding === 0 || this.res.destroyed || this.res.headersSent || this.session.closed)
      return false
    this.host.held.delete(this)
    const { streams } = this.session
    this.stream = streams.create()
    streams.connect(this.stream, this.res)
    for (const text of this.answers ?? []) streams.push(this.stream, text)
    this.answers = null
    return true
  }

  push(text: string): boolean {
    if (!this.upgrade()) return false
    this.session.streams.push(this.stream!, text)
    return true
  }

  /** Takes one request's answer. The record is written before any byte of it. */
  settle(
    call: HttpCall<C>,
    text: string,
    outcome: Outcome,
    errorCode: number | null,
    refusal: Refusal | null = null,
  ): void {
    const responseBytes = Buffer.byteLength(text)
    const record = {
      sessionId: this.session.id,
      method: call.method,
      tool: call.tool,
      passed: call.passed,
      outcome,
      errorCode,
      requestBytes: call.requestBytes,
      responseBytes,
      startedAt: this.startedAt,
      latencyUs: Math.round((performance.now() - call.startedAt) * 1000),
    }
    this.host.recordSoon(this.context, record, (recorded) => {
      if (recorded) return this.answer(text, responseBytes, refusal)
      const instead = errorText(call.rawId, notRecorded)
      this.answer(instead, Buffer.byteLength(instead), refusal)
    })
  }

  private answer(text: string, bytes: number, refusal: Refusal | null): void {
    const { session } = this
    session.inFlight--
    session.lastSeenAt = Date.now()
    this.outstanding--
    if (this.stream) {
      if (session.closed) return
      session.streams.push(this.stream, text)
      if (this.outstanding === 0) session.streams.finish(this.stream)
      return
    }
    if (this.batch) {
      this.answers ??= []
      this.answers.push(text)
      if (this.outstanding === 0) this.finish(`[${this.answers.join(',')}]`, -1)
      return
    }
    this.finish(text, bytes, refusal)
  }

  private finish(body: string, bytes: number, refusal: Refusal | null = null): void {
    this.host.held.delete(this)
    if (this.res.destroyed) return
    const length = bytes < 0 ? Buffer.byteLength(body) : bytes
    this.res.writeHead(refusal?.httpStatus ?? 200, {
      'content-type': 'application/json',
      'content-length': length,
      ...retryAfter(refusal),
    })
    this.res.end(body)
  }
}

const notRecorded: Refusal = {
  code: codes.serverGone,
  message: 'The call was made but could not be recorded.',
}

/** A request of a client, within its exchange. */
export class HttpCall<C extends RelayContext> extends Call {
  readonly exchange: Exchange<C>
  readonly tool: string | null
  readonly requestBytes: number
  /** Nothing stood against it. */
  passed = false
  private done = false

  constructor(exchange: Exchange<C>, envelope: Envelope, requestBytes: number) {
    super(envelope.method, envelope.rawId)
    this.exchange = exchange
    this.requestBytes = requestBytes
    this.tool = toolName(envelope)
  }

  message(text: string): boolean {
    return this.exchange.push(text)
  }

  answer(text: string, message: ServerMessage): void {
    if (this.done) return
    const { error } = message
    if (error) {
      this.done = true
      this.exchange.settle(this, text, 'error', typeof error.code === 'number' ? error.code : 0)
      return
    }
    const result = message.result as { isError?: unknown; tools?: unknown } | null
    if (this.method === 'tools/list') text = allowedToolsOnly(text, this.rawId, result, this.exchange.context)
    this.done = true
    const failed = this.method === 'tools/call' && result?.isError === true
    this.exchange.settle(this, text, failed ? 'tool_error' : 'ok', null)
  }

  fail(outcome: Outcome, refusal: Refusal): void {
    if (this.done) return
    this.done = true
    this.exchange.settle(this, errorText(this.rawId, refusal), outcome, refusal.code, refusal)
  }

  /** An answer the relay knows itself. */
  succeed(rawResult: string): void {
    if (this.done) return
    this.done = true
    this.exchange.settle(this, resultText(this.rawId, rawResult), 'ok', null)
  }
}

/** A tools/list answer without the tools the caller may not use; untouched when there is no such limit. */
export function allowedToolsOnly(
  text: string,
  rawId: string,
  result: { tools?: unknown } | null,
  context: RelayContext,
): string {
  const { allowedTools } = context
  if (!allowedTools || !Array.isArray(result?.tools)) return text
  result.tools = (result.tools as { name?: unknown }[]).filter((tool) =>
    allowedTools.has(tool?.name as string),
  )
  return resultText(rawId, JSON.stringify(result))
}

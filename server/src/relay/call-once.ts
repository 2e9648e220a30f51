/** A single request without HTTP and without a session: what "call this tool" on a page uses. */
import { randomUUID } from 'node:crypto'
import { admitRequest, hold, toolName } from './admission.ts'
import { Call } from './call.ts'
import { readEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { allowedToolsOnly } from './exchange.ts'
import { codes, errorText, LATEST_VERSION, resultText } from './jsonrpc.ts'
import type { Link } from './link.ts'
import type { ServerMessage } from './routing.ts'
import { Upstream } from './upstream.ts'
import type { InitializeParams, Outcome, Refusal, RelayContext, RelayHooks } from './types.ts'

export interface OnceRequest<C extends RelayContext> {
  context: C
  method: string
  params?: Record<string, unknown>
  /** Default 60,000 ms, launch excluded. */
  timeoutMs?: number
  /** Given to `clientInfo` when the server is for this call alone. */
  clientInfo?: { name: string; version: string }
}

export interface OnceAnswer {
  /** The JSON-RPC response, id 1, as text. */
  text: string
  outcome: Outcome
  errorCode: number | null
  /** The server's time for the request, launch excluded. */
  latencyUs: number
}

/** Admits, acquires, calls, records, releases. Every failure is an answer; never throws for what a server does. */
export async function callOnce<C extends RelayContext>(
  hooks: RelayHooks<C>,
  request: OnceRequest<C>,
): Promise<OnceAnswer> {
  const { context, method, params } = request
  const startedAt = Date.now()
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const envelope = readEnvelope(text)
  let passed = false
  const onPassed = () => (passed = true)
  const answer = 'kind' in envelope ? await perform(hooks, request, envelope, onPassed) : refused(envelope)
  hooks.record?.(context, {
    sessionId: '',
    method,
    tool: 'kind' in envelope ? toolName(envelope) : null,
    passed,
    outcome: answer.outcome,
    errorCode: answer.errorCode,
    requestBytes: Buffer.byteLength(text),
    responseBytes: Buffer.byteLength(answer.text),
    startedAt,
    latencyUs: answer.latencyUs,
  })
  return answer
}

async function perform<C extends RelayContext>(
  hooks: RelayHooks<C>,
  request: OnceRequest<C>,
  envelope: Envelope,
  onPassed: () => void,
): Promise<OnceAnswer> {
  const { context } = request
  const refusal = admitRequest(hooks, context, null, envelope) ?? (await hold(hooks, context, null, envelope))
  if (refusal) return refused(refusal)
  onPassed()
  const sessionId = `once_${randomUUID()}`
  const initialize: InitializeParams = {
    protocolVersion: LATEST_VERSION,
    capabilities: {},
    clientInfo: request.clientInfo ?? { name: 'berth', version: '1' },
  }
  let upstream: Upstream | Refusal | null = null
  try {
    upstream = await hooks.acquire(context, { reason: 'call-once', sessionId, params: initialize })
    if (!(upstream instanceof Upstream)) {
      return refused(upstream ?? { code: codes.serverGone, message: 'There is no server to call.' })
    }
    await upstream.initialize(initialize)
    upstream.markInitialized()
    return await exchange(upstream, request, envelope)
  } catch (error) {
    return failed('lost', { code: codes.serverGone, message: (error as Error).message }, 0)
  } finally {
    if (upstream instanceof Upstream) hooks.release(upstream, sessionId)
  }
}

async function exchange<C extends RelayContext>(
  upstream: Upstream,
  request: OnceRequest<C>,
  envelope: Envelope,
): Promise<OnceAnswer> {
  const timeoutMs = request.timeoutMs ?? 60_000
  let link: Link | null = null
  const peer = {
    listening: true,
    deliver: (text: string) => answerNothing(link!, text),
    upstreamGone: () => {},
  }
  link = upstream.attach(peer)
  const { promise, resolve } = Promise.withResolvers<OnceAnswer>()
  const call = new OnceCall(envelope.method, envelope.rawId, request.context, resolve)
  const message = `The server did not answer ${envelope.method} within ${Math.round(timeoutMs / 1000)} s.`
  const timer = setTimeout(() => {
    upstream.abandon(call, 'timed out')
    call.fail('lost', { code: codes.serverGone, message })
  }, timeoutMs)
  try {
    const direct = link.request(envelope, call)
    if (direct && 'rawResult' in direct) call.answer(resultText(call.rawId, direct.rawResult), { result: {} })
    else if (direct) call.fail('refused', direct)
    return await promise
  } finally {
    clearTimeout(timer)
    link.close({ code: codes.serverGone, message: 'The call ended.' })
  }
}

/** Nobody is there to ask: the server's own requests are declined, its notifications dropped. */
function answerNothing(link: Link, text: string): void {
  const envelope = readEnvelope(text)
  if (!('kind' in envelope) || envelope.kind !== 'request') return
  const message = `${envelope.method} is not available in a single call.`
  const answer = readEnvelope(errorText(envelope.rawId, { code: codes.methodNotFound, message }))
  if ('kind' in answer) link.respond(answer)
}

class OnceCall extends Call {
  private readonly context: RelayContext
  private readonly resolve: (answer: OnceAnswer) => void

  constructor(method: string, rawId: string, context: RelayContext, resolve: (answer: OnceAnswer) => void) {
    super(method, rawId)
    this.context = context
    this.resolve = resolve
  }

  message(): boolean {
    return false
  }

  answer(text: string, message: ServerMessage): void {
    const latencyUs = this.elapsed()
    if (message.error) {
      const code = typeof message.error.code === 'number' ? message.error.code : 0
      this.resolve({ text, outcome: 'error', errorCode: code, latencyUs })
      return
    }
    const result = message.result as { isError?: unknown; tools?: unknown } | null
    if (this.method === 'tools/list') text = allowedToolsOnly(text, this.rawId, result, this.context)
    const isError = this.method === 'tools/call' && result?.isError === true
    this.resolve({ text, outcome: isError ? 'tool_error' : 'ok', errorCode: null, latencyUs })
  }

  fail(outcome: Outcome, refusal: Refusal): void {
    this.resolve(failed(outcome, refusal, this.elapsed()))
  }

  private elapsed(): number {
    return Math.round((performance.now() - this.startedAt) * 1000)
  }
}

function refused(refusal: Refusal): OnceAnswer {
  return failed('refused', refusal, 0)
}

function failed(outcome: Outcome, refusal: Refusal, latencyUs: number): OnceAnswer {
  return { text: errorText('1', refusal), outcome, errorCode: refusal.code, latencyUs }
}

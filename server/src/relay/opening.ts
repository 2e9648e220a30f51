/** `initialize`: a new session. */
import type { ServerResponse } from 'node:http'
import { admit, hold } from './admission.ts'
import type { McpEndpoint } from './endpoint.ts'
import type { Envelope } from './envelope.ts'
import { sendJson } from './http.ts'
import { codes, errorText, resultText, UpstreamError } from './jsonrpc.ts'
import { sessionEnded } from './session-table.ts'
import type { Session } from './session.ts'
import type { InitializeParams, JsonObject, Outcome, Refusal, RelayContext } from './types.ts'
import type { InitializeResult } from './upstream.ts'

/** Admits, opens, records and answers. The record and the persisted row come before the answer. */
export async function answerInitialize<C extends RelayContext>(
  endpoint: McpEndpoint<C>,
  res: ServerResponse,
  context: C,
  envelope: Envelope,
  requestBytes: number,
): Promise<void> {
  const startedAt = Date.now()
  const start = performance.now()
  const reply = (sessionId: string, outcome: Outcome, refusal: Refusal | null, body: string) => {
    endpoint.record(context, {
      sessionId,
      method: 'initialize',
      tool: null,
      passed: false,
      outcome,
      errorCode: refusal?.code ?? null,
      requestBytes,
      responseBytes: Buffer.byteLength(body),
      startedAt,
      latencyUs: Math.round((performance.now() - start) * 1000),
    })
    sendJson(res, refusal?.httpStatus ?? 200, body, sessionId === '' ? {} : { 'mcp-session-id': sessionId })
  }
  const refuse = (outcome: Outcome, refusal: Refusal) =>
    reply('', outcome, refusal, errorText(envelope.rawId, refusal))

  const params = readParams(envelope.message.params)
  if (!params) {
    refuse('refused', badParams)
    return
  }
  const { hooks } = endpoint
  const refusal = admit(hooks, context, null, envelope) ?? (await hold(hooks, context, null, envelope))
  if (refusal) {
    refuse('refused', { ...refusal, httpStatus: refusal.httpStatus ?? 403 })
    return
  }
  try {
    const opened = await endpoint.table.open(context, params)
    if (!('session' in opened)) {
      refuse('refused', { ...opened, httpStatus: opened.httpStatus ?? 403 })
      return
    }
    const { session, result } = opened
    if (res.destroyed) {
      endpoint.table.close(session, 'client', sessionEnded)
      return
    }
    reply(session.id, 'ok', null, resultText(envelope.rawId, JSON.stringify(downstream(session, result))))
  } catch (error) {
    if (error instanceof UpstreamError) refuse('lost', { code: error.code, message: error.message })
    else
      refuse('lost', { code: codes.serverGone, message: 'The session could not be opened.', httpStatus: 503 })
  }
}

/** The server's own answer, with the version agreed with this client and without what is refused later. */
function downstream<C extends RelayContext>(session: Session<C>, result: InitializeResult): InitializeResult {
  const answer = { ...result, protocolVersion: session.protocolVersion }
  if (session.upstream?.isolation === 'shared') {
    const { logging: _logging, tasks: _tasks, ...rest } = result.capabilities
    answer.capabilities = rest
  }
  return answer
}

const badParams: Refusal = {
  code: codes.invalidParams,
  message: 'initialize needs protocolVersion (a string), capabilities and clientInfo (objects).',
  httpStatus: 400,
}

function readParams(params: unknown): InitializeParams | null {
  const given = params as Partial<InitializeParams> | undefined
  if (
    typeof given?.protocolVersion !== 'string' ||
    !isObject(given.capabilities) ||
    !isObject(given.clientInfo)
  ) {
    return null
  }
  return given as InitializeParams
}

function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Requests that end before they reach a session: how they are answered, and the record each leaves. */
import type { ServerResponse } from 'node:http'
import { toolName } from './admission.ts'
import { isBatch, readBatch } from './batch.ts'
import { readEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { sendRefusal } from './http.ts'
import { codes, UpstreamError } from './jsonrpc.ts'
import type { CallRecord, Outcome, Refusal } from './types.ts'

const MAX_BATCH = 64

export interface Unheard {
  refusal: Refusal
  outcome: Outcome
  /** Known for sure, or empty. */
  sessionId?: string
  /** Wall clock, milliseconds. Default: now. */
  startedAt?: number
}

/** The record of a request that nobody heard. */
export function unheard(envelope: Envelope, about: Unheard): CallRecord {
  const { refusal, outcome, sessionId = '', startedAt = Date.now() } = about
  return {
    sessionId,
    method: envelope.method,
    tool: toolName(envelope),
    passed: false,
    outcome,
    errorCode: refusal.code,
    requestBytes: envelope.params.length,
    responseBytes: 0,
    startedAt,
    latencyUs: Math.max(0, Date.now() - startedAt) * 1000,
  }
}

/** Answers a whole body under the id of its request; each request in it is recorded. */
export function refuseBody(
  res: ServerResponse,
  body: Buffer,
  about: Unheard,
  record: (record: CallRecord) => void,
): void {
  const requests = requestsIn(body.toString('utf8'))
  for (const envelope of requests) record(unheard(envelope, about))
  const rawId = requests.length === 1 ? requests[0]!.rawId : 'null'
  sendRefusal(res, { ...about.refusal, httpStatus: about.refusal.httpStatus ?? 403 }, rawId)
}

function requestsIn(text: string): Envelope[] {
  const read = isBatch(text) ? readBatch(text, '2025-03-26', MAX_BATCH) : readEnvelope(text)
  const parts = Array.isArray(read) ? read : 'kind' in read ? [read] : []
  return parts.filter(({ kind }) => kind === 'request')
}

/** Whatever went wrong, as an answer. */
export function faultOf(error: unknown): Refusal {
  const known = error instanceof UpstreamError
  const message = known ? error.message : 'The gateway could not handle this message.'
  return { code: codes.serverGone, message, httpStatus: known ? 502 : 503 }
}

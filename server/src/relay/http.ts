/** The plain HTTP half of the endpoint: bodies in, errors out, and the checks that need no session. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Envelope } from './envelope.ts'
import { codes, errorText, isSupportedVersion, SUPPORTED_VERSIONS } from './jsonrpc.ts'
import type { Refusal } from './types.ts'

const MODERN_META = 'io.modelcontextprotocol/protocolVersion'

/** A whole reply that is a JSON-RPC error. */
export function sendRefusal(
  res: ServerResponse,
  refusal: Refusal,
  rawId = 'null',
  headers?: Record<string, string>,
): void {
  const text = errorText(rawId, refusal)
  sendJson(res, refusal.httpStatus ?? 400, text, { ...retryAfter(refusal), ...headers })
}

export function sendJson(
  res: ServerResponse,
  status: number,
  body: string,
  headers?: Record<string, string>,
): void {
  if (res.destroyed || res.headersSent) return
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  res.end(body)
}

export function retryAfter(refusal: Refusal | null): Record<string, string> | undefined {
  const seconds = refusal?.retryAfterSeconds
  return seconds === undefined ? undefined : { 'retry-after': String(seconds) }
}

export function sendEmpty(res: ServerResponse, status: number): void {
  if (res.destroyed || res.headersSent) return
  res.writeHead(status, { 'content-length': 0 })
  res.end()
}

export function transportFault(httpStatus: number, message: string): Refusal {
  return { code: codes.transport, message, httpStatus }
}

export function unknownSession(): Refusal {
  return { code: codes.serverGone, message: 'Session not found. Initialize again.', httpStatus: 404 }
}

/** Calls back once with the body, or with null after it answered 413 itself. Never, when the client goes away. */
export function readBody(
  req: IncomingMessage,
  res: ServerResponse,
  limit: number,
  done: (body: Buffer | null) => void,
): void {
  let first: Buffer | null = null
  let more: Buffer[] | null = null
  let size = 0
  const refuse = () => {
    first = more = null
    req.removeAllListeners('data')
    req.removeAllListeners('end')
    req.resume()
    const message = `The body is over the limit of ${limit} bytes.`
    sendRefusal(res, transportFault(413, message), 'null', { connection: 'close' })
    done(null)
  }
  if (Number(req.headers['content-length']) > limit) {
    refuse()
    return
  }
  req.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > limit) refuse()
    else if (first === null) first = chunk
    else (more ??= [first]).push(chunk)
  })
  req.on('end', () => done(more ? Buffer.concat(more, size) : (first ?? Buffer.alloc(0))))
  req.on('error', () => {})
}

/** Media types of a POST; null when they are right. */
export function checkPostHeaders(req: IncomingMessage): Refusal | null {
  const type = req.headers['content-type']
  if (type !== 'application/json' && !/^application\/json\s*(;|$)/i.test(type ?? '')) {
    return transportFault(415, 'Content-Type must be application/json.')
  }
  if (req.headers['content-encoding'] !== undefined)
    return transportFault(415, 'Content-Encoding is not supported.')
  if (!accepts(req, 'application/json') || !accepts(req, 'text/event-stream')) {
    return transportFault(406, 'Accept must include both application/json and text/event-stream.')
  }
  return null
}

/** Whether the client takes `type`; no Accept header takes everything. */
export function accepts(req: IncomingMessage, type: string): boolean {
  const { accept } = req.headers
  if (accept === undefined || accept.includes(type) || accept.includes('*/*')) return true
  const folded = accept.toLowerCase()
  return folded.includes(type) || folded.includes(`${type.slice(0, type.indexOf('/'))}/*`)
}

/** Refuses a version that is not served: the clear answer a client of a later era expects. */
export function checkVersionHeader(req: IncomingMessage): Refusal | null {
  const version = req.headers['mcp-protocol-version']
  if (version === undefined || isSupportedVersion(version as string)) return null
  // A server may have agreed to a version older than this transport; its clients say so in every request.
  if (version === '2024-11-05' || version === '2024-10-07') return null
  return unsupportedVersion(version as string)
}

/** The version a request names, in its header or (in the sessionless era) in its own `_meta`. */
export function checkVersion(req: IncomingMessage, envelope: Envelope): Refusal | null {
  const { method } = envelope
  const params = envelope.message.params as { _meta?: Record<string, unknown> } | undefined
  const version = params?._meta?.[MODERN_META]
  if (version !== undefined) return unsupportedVersion(typeof version === 'string' ? version : null)
  if (method === 'server/discover')
    return unsupportedVersion((req.headers['mcp-protocol-version'] as string) ?? null)
  // initialize negotiates by its parameters.
  return method === 'initialize' ? null : checkVersionHeader(req)
}

function unsupportedVersion(requested: string | null): Refusal {
  return {
    code: codes.unsupportedVersion,
    message: `Unsupported protocol version. Start with initialize and one of ${SUPPORTED_VERSIONS.join(', ')}.`,
    data: { supported: [...SUPPORTED_VERSIONS], ...(requested === null ? {} : { requested }) },
    httpStatus: 400,
  }
}

/**
 * Reads a JSON-RPC message without re-serialising it: `JSON.parse` once to inspect and validate, then one pass over the
 * text for the places of the few members the relay replaces. Everything else keeps its exact bytes.
 *
 * Members that decide routing may occur once only, in their exact spelling: servers disagree on which duplicate counts,
 * and some match names without case, so `{"id":1,"ID":2}` would let one session speak under another's id.
 */
import { codes } from './jsonrpc.ts'
import type { Refusal } from './types.ts'

export interface Envelope {
  kind: 'request' | 'notification' | 'response'
  /** The parsed message. */
  message: { id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: unknown }
  method: string
  /** JSON text of the id; empty for notifications. */
  rawId: string
  /** JSON text of params; empty when absent. */
  params: string
  /** Where `_meta.progressToken` (or, in notifications, the replaced member) stands in `params`; -1 when absent. */
  tokenStart: number
  tokenEnd: number
  /** `"result":…` or `"error":…` of a response. */
  outcome: string
  /** Unknown members, as `,"name":value` text. */
  extra: string
}

const QUOTE = 34
const BACKSLASH = 92
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const COMMA = 44
const ROUTED = ['jsonrpc', 'id', 'method', 'params', 'result', 'error']

/**
 * The message in `text`, or why it is not one (-32700, -32600). `parsed` saves a second parse when the caller has it.
 * Never throws.
 */
export function readEnvelope(text: string, parsed?: unknown): Envelope | Refusal {
  let message = parsed
  if (message === undefined) {
    try {
      message = JSON.parse(text)
    } catch {
      return { code: codes.parseError, message: 'The body is not valid JSON.', httpStatus: 400 }
    }
  }
  if (message === null || typeof message !== 'object' || Array.isArray(message)) {
    return invalid('A JSON-RPC message is an object.')
  }
  const fields = message as Envelope['message'] & { jsonrpc?: unknown }
  if (fields.jsonrpc !== '2.0') return invalid('"jsonrpc" must be "2.0".')
  const kind = kindOf(fields)
  if (typeof kind !== 'string') return kind
  return locate(text, fields, kind)
}

function kindOf(message: Envelope['message']): Envelope['kind'] | Refusal {
  const { id, method, params } = message
  const hasId = id !== undefined
  if (hasId && typeof id !== 'string' && typeof id !== 'number')
    return invalid('"id" must be a string or a number.')
  if (method !== undefined) {
    if (typeof method !== 'string' || method === '') return invalid('"method" must be a non-empty string.')
    if (params !== undefined && (params === null || typeof params !== 'object')) {
      return invalid('"params" must be an object.')
    }
    return hasId ? 'request' : 'notification'
  }
  if (!hasId) return invalid('A message needs "method", or "id" with "result" or "error".')
  if ((message.result === undefined) === (message.error === undefined)) {
    return invalid('A response has either "result" or "error".')
  }
  return 'response'
}

function invalid(message: string): Refusal {
  return { code: codes.invalidRequest, message: `Invalid request. ${message}`, httpStatus: 400 }
}

/** One pass over the top level of valid JSON `text`. */
function locate(text: string, message: Envelope['message'], kind: Envelope['kind']): Envelope | Refusal {
  const envelope: Envelope = {
    kind,
    message,
    method: kind === 'response' ? '' : (message.method as string),
    rawId: '',
    params: '',
    tokenStart: -1,
    tokenEnd: -1,
    outcome: '',
    extra: '',
  }
  let seen = 0
  let at = skipSpace(text, 0) + 1
  for (;;) {
    at = skipSpace(text, at)
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1)
    if (text.charCodeAt(at) === CLOSE_BRACE) break
    const keyStart = at
    at = skipString(text, at)
    const key = keyText(text, keyStart, at)
    at = skipSpace(text, skipSpace(text, at) + 1)
    const valueStart = at
    at = skipValue(text, at)
    const routed = ROUTED.indexOf(key)
    if (routed < 0) {
      if (ROUTED.includes(key.toLowerCase())) return invalid(`Write "${key.toLowerCase()}" in lower case.`)
      envelope.extra += `,${text.slice(keyStart, at)}`
      continue
    }
    if ((seen & (1 << routed)) !== 0) return invalid(`"${key}" occurs twice.`)
    seen |= 1 << routed
    if (key === 'id') envelope.rawId = text.slice(valueStart, at)
    else if (key === 'params') envelope.params = text.slice(valueStart, at)
    else if (key === 'result' || key === 'error') envelope.outcome = `"${key}":${text.slice(valueStart, at)}`
  }
  return locateToken(envelope)
}

/** Finds the token or request id that the relay has to replace inside params. */
function locateToken(envelope: Envelope): Envelope | Refusal {
  const { params, method } = envelope
  if (params === '' || params.charCodeAt(0) !== OPEN_BRACE) return envelope
  if (envelope.kind === 'request') {
    if (!hasMeta(envelope.message.params as object)) return envelope
    const meta = findMember(params, 0, '_meta')
    if (typeof meta !== 'object') return meta === 'absent' ? envelope : invalid('"_meta" occurs twice.')
    if (params.charCodeAt(meta.start) !== OPEN_BRACE) return envelope
    const token = findMember(params, meta.start, 'progressToken')
    if (token === 'twice') return invalid('"progressToken" occurs twice.')
    return place(envelope, token)
  }
  const name =
    method === 'notifications/cancelled'
      ? 'requestId'
      : method === 'notifications/progress'
        ? 'progressToken'
        : null
  if (name === null) return envelope
  const member = findMember(params, 0, name)
  if (member === 'twice') return invalid(`"${name}" occurs twice.`)
  return place(envelope, member)
}

/** Spares the pass over a large `arguments` when there is no `_meta` in any spelling. */
function hasMeta(params: object): boolean {
  for (const key in params) {
    if (key.length === 5 && key.toLowerCase() === '_meta') return true
  }
  return false
}

function place(envelope: Envelope, member: Span | 'absent'): Envelope {
  if (member !== 'absent') {
    envelope.tokenStart = member.start
    envelope.tokenEnd = member.end
  }
  return envelope
}

interface Span {
  start: number
  end: number
}

/** The value of `name` in the object that opens at `open`; any other spelling by case counts as a second one. */
function findMember(text: string, open: number, name: string): Span | 'absent' | 'twice' {
  let found: Span | null = null
  const folded = name.toLowerCase()
  let at = open + 1
  for (;;) {
    at = skipSpace(text, at)
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1)
    if (text.charCodeAt(at) === CLOSE_BRACE) return found ?? 'absent'
    const keyStart = at
    at = skipString(text, at)
    const key = keyText(text, keyStart, at)
    at = skipSpace(text, skipSpace(text, at) + 1)
    const start = at
    at = skipValue(text, at)
    if (key.length !== name.length || key.toLowerCase() !== folded) continue
    if (found !== null || key !== name) return 'twice'
    found = { start, end: at }
  }
}

function keyText(text: string, start: number, end: number): string {
  const key = text.slice(start + 1, end - 1)
  return key.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : key
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= 32) at++
  return at
}

/** From an opening quote to just after the closing one. */
function skipString(text: string, from: number): number {
  let at = from + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    let slashes = quote
    while (text.charCodeAt(slashes - 1) === BACKSLASH) slashes--
    at = quote + 1
    // An escaped quote follows an odd number of backslashes.
    if (((quote - slashes) & 1) === 0) return at
  }
}

function skipValue(text: string, from: number): number {
  const first = text.charCodeAt(from)
  if (first === QUOTE) return skipString(text, from)
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    let at = from
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 32) return at
      at++
    }
  }
  let depth = 0
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = skipString(text, at)
      continue
    }
    at++
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at
  }
}

/** `params` with the located token replaced by `raw` JSON text. */
export function paramsWith(envelope: Envelope, raw: string): string {
  return envelope.params.slice(0, envelope.tokenStart) + raw + envelope.params.slice(envelope.tokenEnd)
}

/** The located token's JSON text. */
export function tokenText(envelope: Envelope): string {
  return envelope.params.slice(envelope.tokenStart, envelope.tokenEnd)
}

/** A request or notification rebuilt from exact member texts. `rawId` empty makes a notification. */
export function composeCall(envelope: Envelope, rawId: string, params: string): string {
  const id = rawId === '' ? '' : `,"id":${rawId}`
  const tail = params === '' ? '' : `,"params":${params}`
  return `{"jsonrpc":"2.0"${id},"method":${JSON.stringify(envelope.method)}${tail}${envelope.extra}}`
}

/** A response rebuilt under another id. */
export function composeResponse(envelope: Envelope, rawId: string): string {
  return `{"jsonrpc":"2.0","id":${rawId},${envelope.outcome}${envelope.extra}}`
}

/**
 * A server's response under the client's id. The two usual layouts are recognised by their ends (the text is known to
 * be valid JSON whose `id` is `id`); anything else is rebuilt.
 */
export function readdress(text: string, parsed: object, id: number | string, rawId: string): string {
  const tail = `,"id":${id}}`
  if (text.endsWith(tail)) return `${text.slice(0, text.length - tail.length)},"id":${rawId}}`
  const head = `{"jsonrpc":"2.0","id":${id},`
  if (text.startsWith(head)) return `{"jsonrpc":"2.0","id":${rawId},${text.slice(head.length)}`
  const envelope = readEnvelope(text, parsed)
  if ('kind' in envelope) return composeResponse(envelope, rawId)
  const { result, error } = parsed as { result?: unknown; error?: unknown }
  return `{"jsonrpc":"2.0","id":${rawId},${error === undefined ? `"result":${JSON.stringify(result)}` : `"error":${JSON.stringify(error)}`}}`
}

/**
 * The seams of the relay: what it needs from an executor (a channel), and what the gateway decides for it (hooks).
 * Nothing here knows HTTP frameworks, databases or how a server is launched.
 */
import type { IncomingMessage } from 'node:http'
import type { Upstream } from './upstream.ts'

/** Newline-delimited JSON-RPC to and from one server process. */
export interface Channel {
  /** Takes a line without its newline. False when it was not taken: the process does not read. */
  send(line: string): boolean | void
  onMessage(listener: (line: string | Buffer) => void): void
  onClose(listener: (reason: { sentence: string }) => void): void
  close(): void
  /** Bytes accepted by `send` that the process has not read yet, when known. */
  writableLength?: number
}

/**
 * How an initialised server is used: by one session only (`session`: everything passes end to end), by the sessions of
 * one principal, or by everybody. The last two are initialised without client capabilities.
 */
export type Isolation = 'session' | 'principal' | 'shared'

/** A JSON-RPC error given instead of an answer. `httpStatus` (default 200) applies when the refusal is the whole reply. */
export interface Refusal {
  code: number
  message: string
  data?: unknown
  httpStatus?: number
  /** When it may be asked again; stands in the header `Retry-After` of a whole reply. */
  retryAfterSeconds?: number | undefined
}

/** Who is asking, and for what. The gateway extends this with whatever its own hooks need. */
export interface RelayContext {
  /** A session belongs to its principal: with another principal its id is unknown. */
  principal: string
  /** What the URL names (a deployment): a session of one scope is unknown in another. */
  scope: string
  /** Names this caller may list and call; null or absent is all of them. */
  allowedTools?: ReadonlySet<string> | null
}

export type JsonObject = Record<string, unknown>

/** `params` of `initialize`, as the client sent them. */
export interface InitializeParams extends JsonObject {
  protocolVersion: string
  capabilities: JsonObject
  clientInfo: JsonObject
}

/** Everything needed to re-create a session under the same id in another process. */
export interface PersistedSession {
  id: string
  principal: string
  scope: string
  params: InitializeParams
  /** The version agreed with the client. */
  protocolVersion: string
  logLevel: string | null
  subscriptions: string[]
}

/** A live session as hooks and listings see it. */
export interface SessionView {
  readonly id: string
  readonly principal: string
  readonly scope: string
  /** What the gateway said of the caller who opened it. */
  readonly context: RelayContext
  readonly params: InitializeParams
  readonly protocolVersion: string
  /** Wall clock, milliseconds. */
  readonly openedAt: number
  readonly lastSeenAt: number
  readonly inFlight: number
  readonly upstream: Upstream | null
}

export type AcquireReason = 'initialize' | 'restore' | 'reattach' | 'call-once'

/** Asks the gateway for a server. `reattach` follows the death of the session's server. */
export interface Opening {
  reason: AcquireReason
  sessionId: string
  params: InitializeParams
}

export type Outcome = 'ok' | 'tool_error' | 'error' | 'refused' | 'cancelled' | 'lost'

/** One finished request. `lost`: the server died, did not answer in time, or the session ended first. */
export interface CallRecord {
  /** Empty when the request had no session. */
  sessionId: string
  method: string
  tool: string | null
  /** Nothing stood against it: it was on its way to the server. */
  passed: boolean
  outcome: Outcome
  errorCode: number | null
  requestBytes: number
  responseBytes: number
  /** Wall clock, milliseconds. */
  startedAt: number
  latencyUs: number
}

export type CloseReason = 'client' | 'idle' | 'refused' | 'server-gone' | 'shutdown'

/** Decisions and effects that belong to the gateway. Synchronous hooks are on the path of every message. */
export interface RelayHooks<C extends RelayContext> {
  /** Asked for every message; null admits. `method` is `response` for a client's answer, `GET` for a stream. */
  admit(context: C, session: SessionView | null, method: string, params: unknown): Refusal | null
  /** Asked after `admit` for every request. Returning null costs nothing; a promise holds the request. */
  beforeRequest?(
    context: C,
    session: SessionView | null,
    method: string,
    params: unknown,
  ): Promise<Refusal | null> | null
  /** Gives the server for a session. A refusal is the client's answer; null ends the session (404). */
  acquire(context: C, opening: Opening): Promise<Upstream | Refusal | null>
  /** The session (or single call) no longer uses the server. */
  release(upstream: Upstream, sessionId: string): void
  /** A request finished. Called before the last byte of its answer is written. */
  record?(context: C, record: CallRecord): void
  /** Where given, instead of `record` for answers of a session: `done` hears soon whether the request was recorded. */
  recordSoon?(context: C, record: CallRecord, done: (recorded: boolean) => void): void
  /** The session is new or its state changed. Awaited before `initialize` is answered. */
  persistSession?(context: C, session: PersistedSession): Promise<void> | void
  /** A session id this process does not know. Another principal's or scope's row is treated as absent. */
  lookupSession?(context: C, id: string): Promise<PersistedSession | null>
  /** After `shutdown` the row should stay, so that the session can be restored. */
  sessionClosed?(session: SessionView, reason: CloseReason): void
  /** Host and Origin check; false answers 403. */
  allowOrigin?(req: IncomingMessage): boolean
}

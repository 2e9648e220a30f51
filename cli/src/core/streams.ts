import { ApiError, UnreachableError, type Endpoint, type EndpointInput } from '@berth/contracts'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type { Context } from './context.ts'
import { NotSignedInError } from './errors.ts'
import { pause } from './time.ts'

const shortestPauseMs = 200
const longestPauseMs = 5_000
/** The server sends something every 15 s; a connection silent for three times that is dead. */
const silenceMs = 45_000
/** A connection that held this long counts as good: the pauses start small again. */
const steadyMs = 5_000

/** What is said once a stream stands. */
export const following = 'Following; Ctrl-C ends it.'

/** What a caller does with a stream. */
export interface Following {
  /** One event of the stream, in order, each exactly once. */
  onEvent: (data: unknown) => Promise<void> | void
  /** The position is older than what the server keeps: a snapshot is due. The stream goes on from now. */
  onReset?: () => Promise<void> | void
  /** The stream stands: whatever happens from now on will be told. Once, however often it is connected again. */
  onReady?: () => void
  /** A number that only grows from event to event of one series; what was seen already is dropped. */
  positionOf?: (data: unknown) => { series: string; position: number }
  signal?: AbortSignal
  silenceMs?: number
}

/**
 * Follows a stream of server-sent events until the signal fires, through broken connections and restarts of the
 * server: it reconnects with growing pauses, resumes with `Last-Event-ID`, and drops what arrives twice. The first
 * connection must succeed (UnreachableError otherwise); later refusals (ApiError) end it, save those that pass.
 */
export async function follow<E extends Endpoint>(
  context: Context,
  endpoint: E,
  input: EndpointInput<E>,
  listener: Following,
): Promise<void> {
  const state: Position = { lastEventId: undefined, ready: false, seen: new Map() }
  const stopped = listener.signal ?? new AbortController().signal
  let connectedOnce = false
  let failures = 0
  while (!stopped.aborted) {
    const connection = new Connection(stopped, listener.silenceMs ?? silenceMs)
    try {
      const { lastEventId } = state
      const response = await context.open(endpoint, input, { signal: connection.signal, lastEventId })
      connectedOnce = true
      if (failures > 1) context.out.say('Connected again.')
      await readStream(response, connection, state, listener)
    } catch (error) {
      if (stopped.aborted) return
      if (!connection.fellSilent && (!connectedOnce || !passes(error))) throw error
    } finally {
      connection.close()
    }
    failures = connection.ageMs > steadyMs ? 1 : failures + 1
    if (failures === 2) context.out.say('The connection broke; trying again…')
    await pause(pauseAfter(failures), stopped)
  }
}

/** One connection: ends with the signal it was given, and by itself when nothing is heard for too long. */
class Connection {
  fellSilent = false
  private readonly controller = new AbortController()
  private readonly openedAt = Date.now()
  private readonly ms: number
  private readonly outer: AbortSignal
  private readonly end = () => this.controller.abort()
  private timer: NodeJS.Timeout | undefined

  constructor(outer: AbortSignal, ms: number) {
    this.outer = outer
    this.ms = ms
    outer.addEventListener('abort', this.end)
    this.heard()
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  get ageMs(): number {
    return Date.now() - this.openedAt
  }

  heard(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.fellSilent = true
      this.end()
    }, this.ms)
  }

  close(): void {
    clearTimeout(this.timer)
    this.outer.removeEventListener('abort', this.end)
    this.end()
  }
}

interface Position {
  lastEventId: string | undefined
  ready: boolean
  seen: Map<string, number>
}

/** Reads one connection to its end; events are handled one after the other. */
async function readStream(
  response: Response,
  connection: Connection,
  state: Position,
  listener: Following,
): Promise<void> {
  const waiting: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (message) => waiting.push(message) })
  const decoder = new TextDecoder()
  const reader = response.body!.getReader()
  for (;;) {
    const chunk = await reader.read().catch((cause: unknown) => {
      throw new UnreachableError(`The stream from ${response.url} broke.`, { cause })
    })
    if (chunk.done) return
    connection.heard()
    parser.feed(decoder.decode(chunk.value, { stream: true }))
    for (const message of waiting.splice(0)) {
      if (listener.signal?.aborted) return
      await handle(message, state, listener)
    }
  }
}

async function handle(message: EventSourceMessage, state: Position, listener: Following): Promise<void> {
  const data: unknown = JSON.parse(message.data || 'null')
  switch (message.event) {
    case 'ready':
      state.lastEventId = cursorOf(data) ?? message.id ?? state.lastEventId
      if (!state.ready) listener.onReady?.()
      state.ready = true
      return
    case 'reset':
      state.lastEventId = cursorOf(data) ?? message.id
      state.seen.clear()
      await listener.onReset?.()
      return
    case 'revoked':
      throw new NotSignedInError('Your sign-in ended, and the stream with it.')
    default:
      if (isNew(data, state, listener)) await listener.onEvent(data)
      if (message.id) state.lastEventId = message.id
  }
}

function isNew(data: unknown, state: Position, listener: Following): boolean {
  if (!listener.positionOf) return true
  const { series, position } = listener.positionOf(data)
  if (position <= (state.seen.get(series) ?? -Infinity)) return false
  state.seen.set(series, position)
  return true
}

function cursorOf(data: unknown): string | undefined {
  const cursor = (data as { cursor?: unknown } | null)?.cursor
  return typeof cursor === 'string' ? cursor : undefined
}

/** Whether trying again may help: the server is away, restarting or busy. A refusal or a fault of ours stays. */
function passes(error: unknown): boolean {
  if (error instanceof ApiError) return [429, 500, 502, 503, 504].includes(error.problem.status)
  return error instanceof UnreachableError
}

/** Grows from a fifth of a second to five, with chance in it so that a crowd does not come back in one moment. */
function pauseAfter(failures: number): number {
  const ms = Math.min(longestPauseMs, shortestPauseMs * 2 ** (failures - 1))
  return ms * (0.75 + Math.random() / 2)
}

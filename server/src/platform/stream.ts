import type { LogEvent } from '@berth/contracts'
import type { Database } from './db/database.ts'
import type { Feed } from './feed.ts'
import type { SseStream } from './http/sse.ts'
import type { Logger } from './logger.ts'
import { readEvents } from './log/read.ts'

/** A position in one or several logs, opaque to callers. */
export type Positions = Map<string, number>

export function encodeCursor(positions: Positions): string {
  return Buffer.from(JSON.stringify([...positions])).toString('base64url')
}

/** Null when the text is not a cursor. */
export function decodeCursor(text: string): Positions | null {
  try {
    const pairs = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown
    if (!Array.isArray(pairs)) return null
    const sound = pairs.every(
      (pair: unknown) =>
        Array.isArray(pair) && typeof pair[0] === 'string' && Number.isSafeInteger(pair[1]) && pair[1] >= 0,
    )
    return sound ? new Map(pairs as [string, number][]) : null
  } catch {
    return null
  }
}

/** Where the given logs are now. */
export async function headsOf(db: Database, organizations: string[]): Promise<Positions> {
  if (organizations.length === 0) return new Map()
  const rows = await db
    .selectFrom('logHeads')
    .select(['organizationId', 'seq'])
    .where('organizationId', 'in', organizations)
    .orderBy('organizationId')
    .execute()
  return new Map(rows.map((row) => [row.organizationId, row.seq]))
}

export interface EventStreamOptions {
  db: Database
  feed: Feed
  logger: Logger
  sse: SseStream
  organizations: string[]
  cursor: string | undefined
  /** Which events to send; others only move the position. */
  wanted: (event: LogEvent) => boolean
}

const frames = new WeakMap<LogEvent, string>()

function frameOf(event: LogEvent): string {
  let frame = frames.get(event)
  if (!frame) frames.set(event, (frame = JSON.stringify(event)))
  return frame
}

/**
 * Sends the events of some logs from a cursor on, each once and in order, then live. A gap in what comes live is
 * filled from the database; a position that is no longer kept is answered with `reset`.
 */
export async function streamEvents(options: EventStreamOptions): Promise<void> {
  const { db, feed, logger, sse } = options
  const mine = new Set(options.organizations)
  const pumping = new Map<string, boolean>()
  let positions: Positions = new Map()
  let started = false

  const unsubscribe = feed.subscribe((events) => {
    const id = events[0]!.organizationId
    if (!mine.has(id) || !started) return
    const position = positions.get(id)!
    if (!pumping.has(id) && events[0]!.seq === position + 1) return events.forEach(send)
    if (events.at(-1)!.seq > position) pump(id).catch(end)
  })
  sse.onClose(unsubscribe)

  function send(event: LogEvent): void {
    positions.set(event.organizationId, event.seq)
    if (options.wanted(event)) sse.send({ event: 'event', id: encodeCursor(positions), data: frameOf(event) })
  }

  /** The client comes back with its cursor and loses nothing. */
  function end(error: Error): void {
    logger.warn({ err: error.message }, 'a stream ended')
    sse.close()
  }

  /**
   * Reads on from the database until there is nothing more, no faster than the client takes it; a call meanwhile
   * makes it look once more.
   */
  async function pump(id: string): Promise<void> {
    if (pumping.has(id)) return void pumping.set(id, true)
    do {
      pumping.set(id, false)
      for (;;) {
        const events = await readEvents(db, id, positions.get(id)!, 500)
        if (sse.closed) return
        if (events.length === 0) break
        for (const event of events) {
          send(event)
          await sse.drained()
        }
      }
    } while (pumping.get(id))
    pumping.delete(id)
  }

  try {
    const start = await startingPositions(db, options)
    positions = start.positions
    started = true
    if (start.reset) sse.send({ event: 'reset', data: JSON.stringify({ cursor: encodeCursor(positions) }) })
    await Promise.all(options.organizations.map(pump))
    sse.send({
      event: 'ready',
      id: encodeCursor(positions),
      data: JSON.stringify({ cursor: encodeCursor(positions) }),
    })
  } catch (error) {
    end(error as Error)
  }
}

/** The cursor's positions where they are still kept; the heads, with a reset, where they are not. */
async function startingPositions(db: Database, options: EventStreamOptions) {
  const ids = options.organizations
  const rows = ids.length
    ? await db
        .selectFrom('logHeads')
        .selectAll()
        .where('organizationId', 'in', ids)
        .orderBy('organizationId')
        .execute()
    : []
  const heads: Positions = new Map(rows.map((row) => [row.organizationId, row.seq]))
  if (options.cursor === undefined) return { positions: heads, reset: false }
  const given = decodeCursor(options.cursor)
  if (!given) return { positions: heads, reset: true }
  const positions: Positions = new Map()
  for (const row of rows) {
    const position = given.get(row.organizationId) ?? row.seq
    if (position > row.seq || position + 1 < row.retainedFrom) return { positions: heads, reset: true }
    positions.set(row.organizationId, position)
  }
  return { positions, reset: false }
}

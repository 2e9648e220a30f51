import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import type { LogEvent } from '@berth/contracts'
import type { Clock } from './clock.ts'
import type { Database } from './db/database.ts'
import type { Logger } from './logger.ts'
import { readManyEvents } from './log/read.ts'

const channel = 'berth_heads'
const pollMs = 500
const coalesceMs = 5
/** Looks begin at least so far apart: what many commits hint within it is read at once. */
const apartMs = 5
/** Logs read in one query, and events of each. */
const logsAtOnce = 100
const eventsAtOnce = 100
/** A feed that has not read the heads for this long says so: what relies on it refuses. */
export const feedLeaseMs = 2000

interface Head {
  id: string
  seq: number
}

export type EventListener = (events: LogEvent[]) => void

/** This process's view of all logs: events in order, and whether the view is fresh. */
export interface Feed {
  /** Calls `listener` with new events of one organization at a time, in order, each once. */
  subscribe(listener: EventListener): () => void
  /** Whether the heads were read within the lease. */
  isFresh(): boolean
  /** The position up to which this process has seen a log. */
  position(organizationId: string): number
  /** Says that logs grew: this process looks at once, the others are notified. */
  hint(organizations: string[]): void
  /** Resolves when everything committed before the call has been dispatched. */
  catchUp(): Promise<void>
  close(): Promise<void>
}

export interface FeedOptions {
  db: Database
  /** For LISTEN and NOTIFY: not a pooler in transaction mode. */
  directUrl: string
  clock: Clock
  logger: Logger
}

/**
 * Starts following the log heads. Heads are re-read every 500 ms, which is the truth and the lease; notifications
 * only make it sooner. A head is found by the transaction that moved it, so a late commit is never passed over.
 */
export async function startFeed({ db, directUrl, clock, logger }: FeedOptions): Promise<Feed> {
  const positions = new Map<string, number>()
  const listeners = new Set<EventListener>()
  let horizon = '0'
  let readAt = Number.NEGATIVE_INFINITY
  let lookedAt = Number.NEGATIVE_INFINITY
  let closed = false
  let running: Promise<void> | null = null
  let again = false

  async function look(): Promise<void> {
    const started = clock.monotonic()
    const { heads, oldest } = await movedHeads(db, horizon)
    const grown = heads.filter(isAhead)
    for (let at = 0; at < grown.length; at += logsAtOnce) await advance(grown.slice(at, at + logsAtOnce))
    horizon = oldest
    readAt = started
  }

  function isAhead({ id, seq }: Head): boolean {
    return seq > (positions.get(id) ?? 0)
  }

  /** Reads on in these logs up to their heads: together, since many logs that grow a little are the usual load. */
  async function advance(heads: Head[]): Promise<void> {
    for (let behind = heads; behind.length > 0; behind = behind.filter(isAhead)) {
      const from = new Map(behind.map(({ id }) => [id, positions.get(id) ?? 0]))
      const found = await readManyEvents(db, from, eventsAtOnce)
      if (found.length === 0) break
      for (const [id, events] of Map.groupBy(found, (event) => event.organizationId)) {
        positions.set(id, events.at(-1)!.seq)
        for (const listener of listeners) tell(listener, events)
      }
    }
  }

  function tell(listener: EventListener, events: LogEvent[]): void {
    try {
      listener(events)
    } catch (error) {
      logger.error({ err: error }, 'a listener of the log failed')
    }
  }

  /** One look at a time; a request during a look makes another one after it. */
  function wake(): Promise<void> {
    if (running) {
      again = true
      return running
    }
    running = (async () => {
      do {
        const early = apartMs - (clock.monotonic() - lookedAt)
        if (early > 0) await sleep(early)
        again = false
        lookedAt = clock.monotonic()
        await look().catch((error: Error) => {
          if (!closed) logger.warn({ err: error.message }, 'the log heads could not be read')
        })
      } while (again && !closed)
      running = null
    })()
    return running
  }

  const initial = await movedHeads(db, '0')
  for (const head of initial.heads) positions.set(head.id, head.seq)
  horizon = initial.oldest
  readAt = clock.monotonic()
  const timer = setInterval(() => void wake(), pollMs)
  const notifier = startNotifier(directUrl, logger, () => void wake())

  return {
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    isFresh: () => clock.monotonic() - readAt < feedLeaseMs,
    position: (id) => positions.get(id) ?? 0,
    hint: () => {
      if (closed) return
      void wake()
      notifier.notify()
    },
    catchUp: async () => {
      await running
      await wake()
    },
    close: async () => {
      closed = true
      clearInterval(timer)
      await running
      await notifier.close()
    },
  }
}

/** Heads moved by transactions not yet finished at the last look, and the oldest one running now. */
async function movedHeads(db: Database, horizon: string) {
  const { rows } = await sql<{ oldest: string; heads: Head[] }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as oldest,
      (select coalesce(jsonb_agg(jsonb_build_object('id', organization_id, 'seq', seq)), '[]'::jsonb)
       from log_heads where changed >= ${horizon}::xid8) as heads`.execute(db)
  return rows[0]!
}

/** One connection that listens for other processes' hints and sends this one's, coalesced. */
function startNotifier(url: string, logger: Logger, onHint: () => void) {
  let client: pg.Client | null = null
  let closed = false
  let pending = false
  let sending = false
  let retry: NodeJS.Timeout | null = null
  let flush: NodeJS.Timeout | null = null

  async function connect(): Promise<void> {
    const fresh = new pg.Client({ connectionString: url, application_name: 'berth-feed', keepAlive: true })
    const lost = () => {
      if (client === fresh) client = null
      fresh.removeAllListeners('end')
      if (!closed && !retry) retry = setTimeout(reconnect, 500)
    }
    fresh.on('error', lost)
    fresh.on('end', lost)
    fresh.on('notification', onHint)
    try {
      await fresh.connect()
      await fresh.query(`listen ${channel}`)
      client = fresh
      if (closed) await fresh.end()
    } catch (error) {
      if (!closed) logger.warn({ err: (error as Error).message }, 'cannot listen for hints; polling goes on')
      lost()
    }
  }

  function reconnect(): void {
    retry = null
    void connect()
  }

  /** One at a time: what is hinted while one is under way goes with the next. */
  function send(): void {
    flush = null
    if (sending || closed) return
    pending = false
    if (!client) return
    sending = true
    client
      .query(`notify ${channel}`)
      .catch(() => {})
      .finally(() => {
        sending = false
        if (pending) send()
      })
  }

  void connect()
  return {
    notify: () => {
      if (pending) return
      pending = true
      flush = setTimeout(send, coalesceMs)
    },
    close: async () => {
      closed = true
      if (retry) clearTimeout(retry)
      if (flush) clearTimeout(flush)
      await client?.end().catch(() => {})
    },
  }
}

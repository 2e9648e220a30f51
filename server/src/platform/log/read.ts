import { sql } from 'kysely'
import type { Actor, LogEvent } from '@berth/contracts'
import type { Queryable } from '../db/database.ts'

/** A row of `events e` with its openings. */
export interface EventRow {
  organizationId: string
  seq: number
  type: string
  version: number
  at: Date
  effectiveAt: Date
  actor: Actor
  requestId: string | null
  payload: Record<string, unknown>
  leafHash: Buffer
  openings: Record<string, unknown> | null
}

/** Events of one log after `after`, in order, at most `limit`, personal fields opened where not erased. */
export async function readEvents(
  db: Queryable,
  organizationId: string,
  after: number,
  limit = 1000,
): Promise<LogEvent[]> {
  const { rows } = await sql<EventRow>`
    select e.organization_id, e.seq, e.type, e.version, e.at, e.effective_at, e.actor, e.request_id, e.payload,
           e.leaf_hash, ${openingsOf}
    from events e
    where e.organization_id = ${organizationId} and e.seq > ${after}
    order by e.seq limit ${limit}`.execute(db)
  return rows.map(toLogEvent)
}

/** The same of several logs in one query, each from its own position; at most `limit` of each, log by log. */
export async function readManyEvents(
  db: Queryable,
  after: ReadonlyMap<string, number>,
  limit: number,
): Promise<LogEvent[]> {
  const { rows } = await sql<EventRow>`
    select e.organization_id, e.seq, e.type, e.version, e.at, e.effective_at, e.actor, e.request_id, e.payload,
           e.leaf_hash, ${openingsOf}
    from unnest(${[...after.keys()]}::text[], ${[...after.values()]}::bigint[]) as p (organization_id, seq)
    cross join lateral (
      select * from events where organization_id = p.organization_id and seq > p.seq
      order by seq limit ${limit}) e
    order by e.organization_id, e.seq`.execute(db)
  return rows.map(toLogEvent)
}

/** The column that gathers an event's openings as one object; for queries over `events e`. */
export const openingsOf = sql`(
  select jsonb_object_agg(o.field, o.value) from event_openings o
  where o.organization_id = e.organization_id and o.seq = e.seq) as openings`

export function toLogEvent(row: EventRow): LogEvent {
  return {
    organizationId: row.organizationId,
    seq: row.seq,
    type: row.type,
    version: row.version,
    at: row.at.toISOString(),
    effectiveAt: row.effectiveAt.toISOString(),
    actor: row.actor,
    requestId: row.requestId,
    payload: { ...row.payload, ...row.openings },
    leafHash: row.leafHash.toString('hex'),
  }
}

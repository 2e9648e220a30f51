import { sql } from 'kysely'
import type { LogEvent } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import { openingsOf, toLogEvent, type EventRow } from '../platform/log/read.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { notFound, Refusal } from '../platform/problem.ts'

export interface AuditQuery {
  cursor?: string | undefined
  limit: number
  /** A type, or its beginning followed by `*`; after `!`, all others. */
  type?: string | undefined
  actorId?: string | undefined
  deploymentId?: string | undefined
}

/** One organization's log, newest first. */
export async function pageOfEvents(
  db: Queryable,
  organizationId: string,
  query: AuditQuery,
): Promise<{ items: LogEvent[]; nextCursor: string | null }> {
  const before = seqIn(query.cursor)
  const { rows } = await sql<EventRow>`
    select e.organization_id, e.seq, e.type, e.version, e.at, e.effective_at, e.actor, e.request_id, e.payload,
           e.leaf_hash, ${openingsOf}
    from events e
    where e.organization_id = ${organizationId} and e.seq < ${before}
      ${query.type ? ofType(query.type) : sql``}
      ${query.actorId ? sql`and e.actor ->> 'id' = ${query.actorId}` : sql``}
      ${query.deploymentId ? ofDeployment(query.deploymentId) : sql``}
    order by e.seq desc limit ${query.limit + 1}`.execute(db)
  return cutPage(rows, query.limit, (row) => String(row.seq), toLogEvent)
}

const ofDeployment = (id: string) =>
  sql`and e.payload ? 'deploymentId' and e.payload ->> 'deploymentId' = ${id}`

function ofType(asked: string) {
  const type = asked.replace(/^!/, '')
  const fits = type.endsWith('*') ? sql`starts_with(e.type, ${type.slice(0, -1)})` : sql`e.type = ${type}`
  return asked.startsWith('!') ? sql`and not ${fits}` : sql`and ${fits}`
}

function seqIn(cursor: string | undefined): number {
  const key = afterCursor(cursor)
  if (key === null) return Number.MAX_SAFE_INTEGER
  const seq = Number(key)
  if (Number.isSafeInteger(seq) && seq > 0) return seq
  throw new Refusal('invalid_input', 'This cursor is not one that a list gave.')
}

export interface LeafReply {
  /** Base64. */
  leaf: string
  leafHash: string
  openings: { field: string; value: unknown; salt: string }[]
}

/** The bytes that were hashed for one event, and what its commitments open to where that was not erased. */
export async function readLeaf(db: Queryable, organizationId: string, seq: number): Promise<LeafReply> {
  const row = await db
    .selectFrom('events')
    .select(['leaf', 'leafHash'])
    .where('organizationId', '=', organizationId)
    .where('seq', '=', seq)
    .executeTakeFirst()
  if (!row) throw notFound('event')
  const openings = await db
    .selectFrom('eventOpenings')
    .select(['field', 'value', 'salt'])
    .where('organizationId', '=', organizationId)
    .where('seq', '=', seq)
    .orderBy('field')
    .execute()
  return {
    leaf: row.leaf.toString('base64'),
    leafHash: row.leafHash.toString('hex'),
    openings: openings.map(({ field, value, salt }) => ({ field, value, salt: salt.toString('base64') })),
  }
}

import { sql, type Transaction } from 'kysely'
import type { Actor } from '@berth/contracts'
import type { DB } from '../db/schema.generated.ts'
import { leafOf, type PreparedEvent } from './leaf.ts'

export interface AppendContext {
  actor: Actor
  requestId: string | null
  at: Date
}

/**
 * Gives the buffered events their places in the logs of their organizations: heads are locked once, in ascending
 * id order, at the end of the transaction, so that two transactions never wait for each other in a circle.
 * Returns the organizations whose heads moved.
 */
export async function appendEvents(
  trx: Transaction<DB>,
  events: PreparedEvent[],
  context: AppendContext,
): Promise<string[]> {
  const organizations = [...new Set(events.map((event) => event.organizationId))].sort()
  const next = await advanceHeads(trx, organizations, events)
  const rows = events.map((event) => {
    const seq = next.get(event.organizationId)!
    next.set(event.organizationId, seq + 1)
    const place = { ...context, seq, effectiveAt: context.at }
    return { event, seq, leaf: leafOf(event, place) }
  })
  await insertEvents(trx, rows, context)
  return organizations
}

type Row = { event: PreparedEvent; seq: number; leaf: { bytes: Buffer; hash: Buffer } }

async function advanceHeads(trx: Transaction<DB>, organizations: string[], events: PreparedEvent[]) {
  const counts = organizations.map((id) => events.filter((event) => event.organizationId === id).length)
  const { rows } = await sql<{ organizationId: string; seq: number; count: number }>`
    with moved as (
      select h.organization_id, m.count
      from log_heads h join unnest(${organizations}::text[], ${counts}::int[]) as m (organization_id, count)
        using (organization_id)
      order by h.organization_id
      for update of h
    )
    update log_heads h set seq = h.seq + moved.count, changed = pg_current_xact_id()
    from moved where moved.organization_id = h.organization_id
    returning h.organization_id, h.seq, moved.count`.execute(trx)
  if (rows.length !== organizations.length) {
    const missing = organizations.filter((id) => !rows.some((row) => row.organizationId === id))
    throw new Error(`no log for ${missing.join(', ')}`)
  }
  return new Map(rows.map((row) => [row.organizationId, row.seq - row.count + 1]))
}

/** A statement takes 65,535 parameters at most. */
const rowsAtOnce = 1000

async function insertEvents(trx: Transaction<DB>, rows: Row[], context: AppendContext): Promise<void> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) {
    await insertSome(trx, rows.slice(at, at + rowsAtOnce), context)
  }
}

async function insertSome(trx: Transaction<DB>, rows: Row[], context: AppendContext): Promise<void> {
  const actor = JSON.stringify(context.actor)
  await trx
    .insertInto('events')
    .values(
      rows.map(({ event, seq, leaf }) => ({
        organizationId: event.organizationId,
        seq,
        type: event.type,
        version: event.version,
        at: context.at,
        effectiveAt: context.at,
        actor,
        requestId: context.requestId,
        payload: JSON.stringify(event.payload),
        leaf: leaf.bytes,
        leafHash: leaf.hash,
      })),
    )
    .execute()
  const openings = rows.flatMap(({ event, seq }) =>
    event.openings.map((opening) => ({
      organizationId: event.organizationId,
      seq,
      field: opening.field,
      value: JSON.stringify(opening.value),
      salt: opening.salt,
    })),
  )
  if (openings.length > 0) await trx.insertInto('eventOpenings').values(openings).execute()
}

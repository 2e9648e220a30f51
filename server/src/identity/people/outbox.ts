import { sql } from 'kysely'
import { platformOrganizationId, type Actor, type EventPayload, type EventType } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'

const batch = 100

type Noted = { type: EventType; payload: { userId: string } }

/**
 * Moves what better-auth did from the outbox to the platform's log, each exactly once: a row leaves the outbox in
 * the transaction that writes its event. One process drains at a time, so that events keep their order.
 */
export async function drainOutbox(platform: Platform): Promise<void> {
  for (;;) {
    const next = await platform.db
      .selectFrom('identityOutbox')
      .select('payload')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    if (!next) return
    const actor = personIn(next.payload)
    await platform.mutate({ actor, requestId: null }, (tx) => drainOf(tx, actor))
  }
}

/** Drains the rows at the front that are about one person, who is the actor of their events. */
async function drainOf(tx: Tx, actor: Actor): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('berth:identity-outbox'))`.execute(tx.db)
  const rows = await tx.db.selectFrom('identityOutbox').selectAll().orderBy('id').limit(batch).execute()
  const other = rows.findIndex((row) => personIn(row.payload).id !== actor.id)
  const mine = other === -1 ? rows : rows.slice(0, other)
  if (mine.length === 0) return
  for (const row of mine as unknown as Noted[]) {
    tx.emit(platformOrganizationId, row.type, row.payload as unknown as EventPayload<EventType>)
  }
  const ids = mine.map((row) => row.id)
  await tx.db.deleteFrom('identityOutbox').where('id', 'in', ids).execute()
}

function personIn(payload: unknown): Actor {
  const { userId } = payload as Noted['payload']
  return userId ? { kind: 'user', id: userId, tokenId: null } : systemActor('identity')
}

/** Writes what the triggers noted of a person in this unit of work to the log with it, in its order. */
export async function takeNoted(tx: Tx, userId: string): Promise<void> {
  const rows = await tx.db
    .deleteFrom('identityOutbox')
    .where(sql<string>`payload ->> 'userId'`, '=', userId)
    .returningAll()
    .execute()
  for (const row of rows.toSorted((a, b) => a.id - b.id) as unknown as Noted[])
    tx.emit(platformOrganizationId, row.type, row.payload as unknown as EventPayload<EventType>)
}

/**
 * Ends sessions of a person inside a unit of work, whose actor ended them: one, all but one, or all. Returns how
 * many there were.
 */
export async function endSessions(
  tx: Tx,
  userId: string,
  which: { only?: string; except?: string | null } = {},
): Promise<number> {
  let query = tx.db.deleteFrom('sessions').where('userId', '=', userId).returning('id')
  if (which.only) query = query.where('id', '=', which.only)
  if (which.except) query = query.where('id', '!=', which.except)
  const ids = (await query.execute()).map((row) => row.id)
  if (ids.length === 0) return 0
  await tx.db
    .deleteFrom('identityOutbox')
    .where('type', '=', 'session.revoked')
    .where(sql<string>`payload ->> 'sessionId'`, 'in', ids)
    .execute()
  for (const id of ids) tx.emit(platformOrganizationId, 'session.revoked', { userId, sessionId: id })
  return ids.length
}

import { sql, type Transaction } from 'kysely'
import type { Actor } from '@berth/contracts'
import type { DB } from '../db/schema.generated.ts'
import { leafOf, type Opening, type PreparedEvent } from './leaf.ts'

export interface AppendContext {
  actor: Actor
  requestId: string | null
  at: Date
}

/**
 * Gives the buffered events their places in the logs of their organizations, in one statement at the end of the
 * transaction; the database completes their leaves (`append_events`). Returns the organizations whose heads moved.
 */
export async function appendEvents(
  trx: Transaction<DB>,
  given: PreparedEvent[],
  { at, actor, requestId }: AppendContext,
): Promise<string[]> {
  const events = given.toSorted((a, b) => compare(a.organizationId, b.organizationId))
  const leaves = events.map((event) => leafOf(event, { at, actor, requestId }))
  const { rows } = await sql<{ missing: string[] }>`
    select append_events(${at}, ${JSON.stringify(actor)}, ${requestId},
      ${events.map((event) => event.organizationId)}, ${events.map((event) => event.type)},
      ${events.map((event) => event.version)}, ${events.map((event) => event.effectiveAt ?? at)},
      ${events.map((event) => JSON.stringify(event.payload))},
      ${leaves.map((leaf) => leaf.before)}, ${leaves.map((leaf) => leaf.after)},
      ${events.map(({ openings }) => JSON.stringify(openings.map(asJson)))}) as missing`.execute(trx)
  const { missing } = rows[0]!
  if (missing.length > 0) throw new Error(`no log for ${missing.join(', ')}`)
  return [...new Set(events.map((event) => event.organizationId))]
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const asJson = ({ field, value, salt }: Opening) => ({ field, value, salt: salt.toString('hex') })

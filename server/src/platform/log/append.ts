import { sql, type RawBuilder } from 'kysely'
import type { Actor } from '@berth/contracts'
import { leafOf, type Opening, type PreparedEvent } from './leaf.ts'

export interface AppendContext {
  actor: Actor
  requestId: string | null
  at: Date
}

/**
 * Gives events their places in the logs of their organizations, in one statement at the end of a transaction; the
 * database completes their leaves, and refuses organizations that have no log (`append_events`).
 */
export function appending(
  given: PreparedEvent[],
  { at, actor, requestId }: AppendContext,
): RawBuilder<unknown> {
  const events = given.toSorted((a, b) => compare(a.organizationId, b.organizationId))
  const leaves = events.map((event) => leafOf(event, { at, actor, requestId }))
  return sql`
    select append_events(${at}, ${JSON.stringify(actor)}, ${requestId},
      ${events.map((event) => event.organizationId)}, ${events.map((event) => event.type)},
      ${events.map((event) => event.version)}, ${events.map((event) => event.effectiveAt ?? at)},
      ${events.map((event) => JSON.stringify(event.payload))},
      ${leaves.map((leaf) => leaf.before)}, ${leaves.map((leaf) => leaf.after)},
      ${events.map(({ openings }) => JSON.stringify(openings.map(asJson)))})`
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const asJson = ({ field, value, salt }: Opening) => ({ field, value, salt: salt.toString('hex') })

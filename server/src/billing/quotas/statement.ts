/** The one statement that decides and writes uses of quota: `use_quota` of the database. */
import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { fits, outcomeOf, type Answer, type Frame } from './decide.ts'

/** So much of a key that is granted like this. `taken`: how much there is of it, where it is not metered. */
export interface Item extends Frame {
  quantity: number
  taken: number
}

/** A use that crosses a limit: how much was used before. */
export interface Crossing {
  key: string
  before: number
  quantity: number
}

interface Written {
  allowed: boolean[]
  used: number[]
  held: number[]
  /** Items by their number, from 1. */
  crossing: number[]
}

/** Decides in the order of the requests, each all or nothing, and writes what they use at the organization's time. */
export async function runUses(
  db: Queryable,
  organizationId: string,
  requests: readonly (readonly Item[])[],
  at: Date,
): Promise<{ answers: Answer[]; crossings: Crossing[] }> {
  const items = requests.flat()
  // In the order in which balances are held.
  const places = [...new Map(items.map((item) => [item.key, item])).values()].toSorted((a, b) =>
    a.key < b.key ? -1 : 1,
  )
  const numberOf = new Map(places.map(({ key }, index) => [key, index + 1]))
  const { rows } = await sql<{ written: Written }>`
    select use_quota(
      ${organizationId}, ${at}, ${places.map(({ key }) => key)},
      ${places.map(({ metered, window }) => (metered ? window!.start : null))},
      ${places.map(({ metered, window }) => (metered ? window!.end : null))},
      ${places.map(({ limit }) => limit)}, ${places.map(({ soft }) => soft)},
      ${places.map(({ refusal }) => refusal !== null)}, ${places.map(({ taken }) => taken)},
      ${requests.length}, ${requests.flatMap((own, request) => own.map(() => request + 1))},
      ${items.map(({ key }) => numberOf.get(key)!)}, ${items.map(({ quantity }) => quantity)}
    ) as written`.execute(db)
  const { allowed, used, held, crossing } = rows[0]!.written
  let last = 0
  return {
    answers: requests.map((own, index) => {
      const first = last
      last += own.length
      return answerOf(own, allowed[index]!, used.slice(first, last), held.slice(first, last))
    }),
    crossings: crossing.map((number) => {
      const { key, quantity } = items[number - 1]!
      return { key, quantity, before: used[number - 1]! - quantity }
    }),
  }
}

/** What is used stands as it is after it, what is denied as it was. */
function answerOf(items: readonly Item[], allowed: boolean, used: number[], held: number[]): Answer {
  return {
    allowed,
    items: items.map((item, index) => {
      const stand = { used: used[index]!, held: held[index]! }
      return outcomeOf(item, stand, allowed || fits(item, item.quantity, stand))
    }),
  }
}

/** The one statement that decides and writes uses of quota: `use_quota` of the database. */
import { sql } from 'kysely'
import { sha256 } from '../../platform/crypto.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { canonical } from '../../platform/log/leaf.ts'
import { fits, outcomeOf, type Answer, type Frame } from './decide.ts'

/** What one request wants. */
export interface Ask {
  organizationId: string
  requestKey: string | null
  items: readonly Item[]
  /** The organization's time. */
  now: Date
}

/** So much of a key that is granted like this. `taken`: how much there is of it, where it is not metered. */
export interface Item extends Frame {
  quantity: number
  taken: number
}

/** `conflict`: its key came with another request before. */
export type UseResult = Answer | 'conflict'

/** A use that crosses a limit: how much was used before. */
export interface Crossing {
  key: string
  before: number
  quantity: number
}

interface Written {
  results: ('used' | 'denied' | 'before' | 'conflict')[]
  outcomes: (Kept | null)[]
  used: number[]
  held: number[]
  /** Items by their number, from 1. */
  crossing: number[]
}

/** What is kept under a request key. */
interface Kept {
  result: 'used' | 'denied'
  frames: Item[]
  used: number[]
  held: number[]
}

/** Decides in the order of the requests, each all or nothing, and writes what they use. `fresh`: those that used something. */
export async function runUses(
  db: Queryable,
  asks: readonly Ask[],
  at: Date,
): Promise<{ results: UseResult[]; fresh: boolean[]; crossings: Crossing[] }> {
  const { places, numbers } = placesOf(asks)
  const items = asks.flatMap((ask) => ask.items)
  const { rows } = await sql<{ written: Written }>`
    select use_quota(
      ${at},
      ${places.map(({ organizationId }) => organizationId)}, ${places.map(({ item }) => item.key)},
      ${places.map(({ item: { metered, window } }) => (metered ? window!.start : null))},
      ${places.map(({ item: { metered, window } }) => (metered ? window!.end : null))},
      ${places.map(({ item }) => item.limit)}, ${places.map(({ item }) => item.soft)},
      ${places.map(({ item }) => item.refusal !== null)}, ${places.map(({ item }) => item.taken)},
      ${places.map(({ now }) => now)},
      ${asks.flatMap((ask, request) => ask.items.map(() => request + 1))}, ${numbers},
      ${items.map(({ quantity }) => quantity)},
      ${asks.map(({ organizationId }) => organizationId)}, ${asks.map(({ requestKey }) => requestKey)},
      ${asks.map((ask) => (ask.requestKey === null ? null : hashOf(ask)))},
      ${asks.map((ask) => (ask.requestKey === null ? null : JSON.stringify(ask.items)))}
    ) as written`.execute(db)
  const { results, outcomes, used, held, crossing } = rows[0]!.written
  let last = 0
  return {
    results: asks.map(({ items: frames }, index) => {
      const first = last
      last += frames.length
      const result = results[index]!
      if (result === 'conflict') return result
      const own = { frames: [...frames], used: used.slice(first, last), held: held.slice(first, last) }
      return answerOf(result === 'before' ? outcomes[index]! : { ...own, result })
    }),
    fresh: results.map((result) => result === 'used'),
    crossings: crossing.map((number) => {
      const { key, quantity } = items[number - 1]!
      return { key, quantity, before: used[number - 1]! - quantity }
    }),
  }
}

/** The keys of the organizations, each once, in the order in which balances are held; and the number (from 1) of each item's. */
function placesOf(asks: readonly Ask[]) {
  const known = new Map<string, { organizationId: string; now: Date; item: Item }>()
  for (const { organizationId, now, items } of asks)
    for (const item of items) known.set(nameOf(organizationId, item), { organizationId, now, item })
  const names = [...known.keys()].toSorted()
  const places = names.map((name) => known.get(name)!)
  const numberOf = new Map(names.map((name, index) => [name, index + 1]))
  const numbers = asks.flatMap(({ organizationId, items }) =>
    items.map((item) => numberOf.get(nameOf(organizationId, item))!),
  )
  return { places, numbers }
}

const nameOf = (organizationId: string, { key }: Item): string => `${organizationId} ${key}`

const hashOf = ({ items }: Ask): Buffer =>
  sha256(canonical(items.map(({ key, quantity }) => ({ key, quantity }))))

/** What is used stands as it is after it, what is denied as it was. */
function answerOf({ result, frames, used, held }: Kept): Answer {
  const items = frames.map((item, index) => {
    const stand = { used: used[index]!, held: held[index]! }
    return outcomeOf(item, stand, result === 'used' || fits(item, item.quantity, stand))
  })
  return { allowed: result === 'used', items }
}

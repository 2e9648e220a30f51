/** Checking and using quota, all of it or nothing. */
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { addUp, decide, frameOf, kindOf, placeFor, standsOf, type Answer, type Wanted } from './decide.ts'
import { findEntitled, type Entitled } from './entitled.ts'
import { readBalances, type Balance } from './ledger.ts'
import { serversOf } from '../servers.ts'
import { countTaken } from './room.ts'
import { runUses } from './statement.ts'

/** Whether so much may be used; nothing is changed. Throws `invalid_input`. */
export async function checkQuota(
  db: Queryable,
  organizationId: string,
  items: readonly Wanted[],
  wall: Date,
): Promise<Answer> {
  const wanted = addUp(items)
  const entitled = await findEntitled(db, organizationId, wall)
  const places = entitled ? wanted.flatMap(({ key }) => placeFor(entitled, key) ?? []) : []
  const balances = await readBalances(db, organizationId, places)
  return decide(entitled, wanted, standsOf(entitled, balances, await othersOf(db, organizationId, [wanted])))
}

/**
 * Uses quota: requests are decided in their order, each all or nothing, and what they use together is one event. What is
 * not metered is only checked. Throws `invalid_input`.
 */
export async function useQuotas(
  tx: Tx,
  organizationId: string,
  requests: readonly (readonly Wanted[])[],
): Promise<Answer[]> {
  const wanted = requests.map(addUp)
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  const others = await othersOf(tx.db, organizationId, wanted)
  const asked = wanted.map((items) =>
    items.map(({ key, quantity }) => ({
      ...frameOf(entitled, key),
      quantity,
      taken: others.get(key) ?? 0,
    })),
  )
  const now = entitled?.now ?? tx.now
  const { answers, crossings } = await runUses(tx.db, organizationId, asked, now)
  for (const { key, before, quantity } of crossings) {
    const { start: windowStart, end: windowEnd } = placeFor(entitled!, key)!.window
    const balance = { key, used: before, held: 0, windowStart, windowEnd }
    sayCrossing(tx, organizationId, entitled!, balance, quantity)
  }
  const used = addUp(
    wanted.filter((_, index) => answers[index]!.allowed).flatMap((items) => items.filter(isMetered)),
  )
  if (used.length > 0) tx.emit(organizationId, 'quota.consumed', { items: used }, now)
  return answers
}

const isMetered = ({ key }: Wanted): boolean => kindOf(key) === 'metered'

/** The same of one request. */
export async function useQuota(tx: Tx, organizationId: string, items: readonly Wanted[]): Promise<Answer> {
  const [answer] = await useQuotas(tx, organizationId, [items])
  return answer!
}

/** Says in the log that a limit is used up, or that more than a soft one is used: once a window, by its nature. */
export function sayCrossing(
  tx: Tx,
  organizationId: string,
  entitled: Entitled,
  { key, used, windowStart, windowEnd }: Balance,
  quantity: number,
): void {
  const grant = entitled.grants.find((one) => one.key === key)
  if (!grant || grant.limit === null || quantity === 0) return
  const { limit } = grant
  const payload = { key, limit, start: windowStart.toISOString(), end: windowEnd.toISOString() }
  if (grant.mode === 'soft') {
    if (used <= limit && used + quantity > limit)
      tx.emit(organizationId, 'quota.overage_began', payload, entitled.now)
  } else if (used < limit && used + quantity >= limit)
    tx.emit(organizationId, 'quota.exhausted', payload, entitled.now)
}

/** How much there is of what is not metered, of the keys that are asked for. */
export async function othersOf(
  db: Queryable,
  organizationId: string,
  wanted: readonly (readonly Wanted[])[],
) {
  const others = new Map<string, number>()
  for (const key of new Set(wanted.flat().map((one) => one.key))) {
    if (key === 'seats' || key === 'workspaces') others.set(key, await countTaken(db, organizationId, key))
    else if (kindOf(key) === 'concurrency') others.set(key, (await serversOf(db, organizationId)).length)
  }
  return others
}

/** Checking and using quota, all of it or nothing. */
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { addUp, decide, frameOf, kindOf, placeFor, standsOf, type Answer, type Wanted } from './decide.ts'
import { findEntitled, type Entitled } from './entitled.ts'
import { readBalances, type Balance } from './ledger.ts'
import { serversOf } from '../servers.ts'
import { countTaken } from './room.ts'
import { runUses, type Ask, type UseResult } from './statement.ts'

export interface UseRequest {
  items: readonly Wanted[]
  /** Whoever sends it again gets the same answer, and nothing more is used. */
  requestKey?: string
}

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
 * Uses quota: requests are decided in their order, each all or nothing. What is not metered is only checked. Throws
 * `invalid_input`; a request key that came with another body before is refused with `idempotency_conflict`.
 */
export async function useQuotas(
  tx: Tx,
  organizationId: string,
  requests: readonly UseRequest[],
): Promise<(Answer | Refusal)[]> {
  return (await useEach(tx, organizationId, requests)).map(({ answer }) => answer)
}

/** The same; `fresh`: something was used for it now, and not when its key came before. */
export async function useEach(
  tx: Tx,
  organizationId: string,
  requests: readonly UseRequest[],
): Promise<{ answer: Answer | Refusal; fresh: boolean }[]> {
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  const asks = await asksOf(tx.db, organizationId, entitled, requests, tx.now)
  const { results, fresh, crossings } = await runUses(tx.db, asks, tx.now)
  for (const { key, before, quantity } of crossings) {
    const { start: windowStart, end: windowEnd } = placeFor(entitled!, key)!.window
    sayCrossing(
      tx,
      organizationId,
      entitled!,
      { key, used: before, held: 0, windowStart, windowEnd },
      quantity,
    )
  }
  return results.map((result, index) => ({
    answer: refusing(result, requests[index]!),
    fresh: fresh[index]!,
  }))
}

/** The same of one request. Throws `idempotency_conflict`, too. */
export async function useQuota(tx: Tx, organizationId: string, request: UseRequest): Promise<Answer> {
  const [answer] = await useQuotas(tx, organizationId, [request])
  if (answer instanceof Refusal) throw answer
  return answer!
}

/** What requests of one organization ask of the database. Throws `invalid_input`. */
async function asksOf(
  db: Queryable,
  organizationId: string,
  entitled: Entitled | null,
  requests: readonly UseRequest[],
  wall: Date,
): Promise<Ask[]> {
  const wanted = requests.map(({ items }) => addUp(items))
  const others = await othersOf(db, organizationId, wanted)
  const now = entitled?.now ?? wall
  return requests.map(({ requestKey = null }, index) => {
    const items = wanted[index]!.map(({ key, quantity }) => ({
      ...frameOf(entitled, key),
      quantity,
      taken: others.get(key) ?? 0,
    }))
    return { organizationId, requestKey, items, now }
  })
}

const refusing = (result: UseResult, { requestKey }: UseRequest): Answer | Refusal =>
  result === 'conflict'
    ? new Refusal('idempotency_conflict', `The request key "${requestKey}" was used for another request.`)
    : result

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

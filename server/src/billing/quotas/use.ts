/** Checking and using quota, all of it or nothing. */
import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import { sha256 } from '../../platform/crypto.ts'
import { canonical } from '../../platform/log/leaf.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { addUp, decide, kindOf, placeFor, standsOf, type Answer, type Wanted } from './decide.ts'
import { findEntitled, type Entitled } from './entitled.ts'
import {
  lockBalances,
  move,
  placeOf,
  readBalances,
  type Balance,
  type Movement,
  type Place,
} from './ledger.ts'
import { countTaken } from './room.ts'

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
  const balances = await readBalances(db, organizationId, placesOf(entitled, [wanted]))
  return decide(entitled, wanted, standsOf(entitled, balances, await othersOf(db, organizationId, [wanted])))
}

/**
 * Uses quota: requests are decided in their order, each all or nothing, in one unit of work with one statement for all
 * that is used. What is not metered is only checked. Throws `invalid_input`, and `idempotency_conflict` for a request key
 * that came with another body; then nothing of any is used.
 */
export async function useQuota(
  tx: Tx,
  organizationId: string,
  requests: readonly UseRequest[],
): Promise<Answer[]> {
  const wanted = requests.map(({ items }) => addUp(items))
  const done = await claimRequests(tx, organizationId, requests, wanted)
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  const balances = await lockBalances(tx, organizationId, placesOf(entitled, wanted))
  const stands = standsOf(entitled, balances, await othersOf(tx.db, organizationId, wanted))
  const movements: Movement[] = []
  const answers = requests.map((request, index) => {
    const before = request.requestKey === undefined ? undefined : done.get(request.requestKey)
    if (before) return before
    const answer = takeIfAllowed(
      tx,
      organizationId,
      { entitled, balances, stands, movements },
      wanted[index]!,
    )
    if (request.requestKey !== undefined) done.set(request.requestKey, answer)
    return answer
  })
  await move(tx, organizationId, movements, entitled?.now ?? tx.now)
  await keepAnswers(tx, organizationId, requests, answers)
  return answers
}

interface State {
  entitled: Entitled | null
  balances: Map<string, Balance>
  stands: ReturnType<typeof standsOf>
  movements: Movement[]
}

function takeIfAllowed(tx: Tx, organizationId: string, state: State, wanted: Wanted[]): Answer {
  const { entitled, balances, stands, movements } = state
  if (!decide(entitled, wanted, stands).allowed) return decide(entitled, wanted, stands)
  for (const { key, quantity } of wanted) {
    const place = placeFor(entitled!, key)
    if (!place) continue
    const balance = balances.get(placeOf(key, place.window.start))!
    sayCrossing(tx, organizationId, entitled!, balance, quantity)
    balance.used += quantity
    movements.push({ key, windowStart: balance.windowStart, kind: 'consume', used: quantity, held: 0 })
  }
  const { items } = decide(entitled, wanted, stands)
  return { allowed: true, items: items.map((item) => ({ ...item, allowed: true, notes: [] })) }
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

function placesOf(entitled: Entitled | null, wanted: readonly (readonly Wanted[])[]): Place[] {
  if (!entitled) return []
  const keys = new Set(wanted.flat().map(({ key }) => key))
  return [...keys].flatMap((key) => placeFor(entitled, key) ?? [])
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
    else if (kindOf(key) === 'concurrency') others.set(key, await countServers(db, organizationId))
  }
  return others
}

async function countServers(db: Queryable, organizationId: string): Promise<number> {
  const { rows } = await sql<{ up: number }>`
    select count(*) as up from deployments
    where organization_id = ${organizationId} and phase in ('launching', 'running', 'stopping')`.execute(db)
  return rows[0]!.up
}

/** Claims the requests' keys; those that were done before are given with their answers. */
async function claimRequests(
  tx: Tx,
  organizationId: string,
  requests: readonly UseRequest[],
  wanted: readonly Wanted[][],
): Promise<Map<string, Answer>> {
  const hashes = new Map<string, Buffer>()
  for (const [index, { requestKey }] of requests.entries()) {
    if (requestKey === undefined) continue
    const hash = sha256(canonical(wanted[index]))
    if (!(hashes.get(requestKey) ?? hash).equals(hash)) throw conflict(requestKey)
    hashes.set(requestKey, hash)
  }
  if (hashes.size === 0) return new Map()
  const keys = [...hashes.keys()].toSorted()
  // Waits for whoever claims one of them right now.
  await tx.db
    .insertInto('quotaRequests')
    .values(
      keys.map((key) => ({
        organizationId,
        key,
        requestHash: hashes.get(key)!,
        outcome: 'null',
        at: tx.now,
      })),
    )
    .onConflict((clash) => clash.doNothing())
    .execute()
  const rows = await tx.db
    .selectFrom('quotaRequests')
    .select(['key', 'requestHash', 'outcome'])
    .where('organizationId', '=', organizationId)
    .where('key', 'in', keys)
    .execute()
  for (const { key, requestHash } of rows) if (!requestHash.equals(hashes.get(key)!)) throw conflict(key)
  return new Map(
    rows.filter(({ outcome }) => outcome !== null).map(({ key, outcome }) => [key, outcome as Answer]),
  )
}

const conflict = (key: string) =>
  new Refusal('idempotency_conflict', `The request key "${key}" was used for another request.`)

async function keepAnswers(
  tx: Tx,
  organizationId: string,
  requests: readonly UseRequest[],
  answers: readonly Answer[],
): Promise<void> {
  const kept = requests.flatMap(({ requestKey }, index) =>
    requestKey === undefined ? [] : [{ key: requestKey, outcome: answers[index]! }],
  )
  if (kept.length === 0) return
  await sql`
    update quota_requests q set outcome = g.outcome
    from unnest(${kept.map(({ key }) => key)}::text[], ${kept.map(({ outcome }) => JSON.stringify(outcome))}::jsonb[])
      as g (key, outcome)
    where q.organization_id = ${organizationId} and q.key = g.key and q.outcome = 'null'::jsonb`.execute(
    tx.db,
  )
}

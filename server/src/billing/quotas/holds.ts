/** Quota that is reserved before it is used. A hold ends once: confirmed, released or expired. */
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { addUp, decide, placeFor, standsOf, type Answer, type Wanted } from './decide.ts'
import { findEntitled } from './entitled.ts'
import { lockBalances, move, placeOf, type Kind, type Movement } from './ledger.ts'
import { othersOf, sayCrossing } from './use.ts'

export type HoldEnd = 'confirmed' | 'released' | 'expired'

/** Just where a hold was taken from: it goes back there, whatever the plan and the window are by then. */
interface HeldItem {
  key: string
  windowStart: string
  windowEnd: string
  quantity: number
}

/** Reserves quota until a time, all of it or nothing. The hold's id is null when it is not allowed. */
export async function reserveQuota(
  tx: Tx,
  organizationId: string,
  items: readonly Wanted[],
  expiresAt: Date,
): Promise<Answer & { holdId: string | null }> {
  const wanted = addUp(items)
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  const places = entitled ? wanted.flatMap(({ key }) => placeFor(entitled, key) ?? []) : []
  const balances = await lockBalances(tx, organizationId, places)
  const others = await othersOf(tx.db, organizationId, [wanted])
  const answer = decide(entitled, wanted, standsOf(entitled, balances, others))
  if (!answer.allowed) return { ...answer, holdId: null }
  const holdId = newId('hold')
  const quantities = new Map(wanted.map(({ key, quantity }) => [key, quantity]))
  const held: HeldItem[] = places.map(({ key, window }) => ({
    key,
    windowStart: window.start.toISOString(),
    windowEnd: window.end.toISOString(),
    quantity: quantities.get(key)!,
  }))
  const createdAt = tx.now
  await tx.db
    .insertInto('quotaHolds')
    .values({ id: holdId, organizationId, items: JSON.stringify(held), state: 'held', expiresAt, createdAt })
    .execute()
  await move(tx, organizationId, movementsOf(held, 'hold', 0, 1, holdId), entitled!.now)
  return { ...answer, holdId }
}

const kinds: Record<HoldEnd, Kind> = { confirmed: 'confirm', released: 'release', expired: 'expire' }

/** Ends a hold; false: it had ended, or there is none, and nothing is changed. */
export async function endHold(
  tx: Tx,
  organizationId: string,
  holdId: string,
  end: HoldEnd,
): Promise<boolean> {
  const ended = await tx.db
    .updateTable('quotaHolds')
    .set({ state: end, endedAt: tx.now })
    .where('id', '=', holdId)
    .where('organizationId', '=', organizationId)
    .where('state', '=', 'held')
    .returning('items')
    .executeTakeFirst()
  if (!ended) return false
  const items = ended.items as HeldItem[]
  const places = items.map(({ key, windowStart, windowEnd }) => ({
    key,
    window: { start: new Date(windowStart), end: new Date(windowEnd) },
  }))
  const balances = await lockBalances(tx, organizationId, places)
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  if (end === 'confirmed' && entitled) {
    for (const { key, windowStart, quantity } of items)
      sayCrossing(tx, organizationId, entitled, balances.get(placeOf(key, new Date(windowStart)))!, quantity)
  }
  const used = end === 'confirmed' ? 1 : 0
  await move(tx, organizationId, movementsOf(items, kinds[end], used, -1, holdId), entitled?.now ?? tx.now)
  return true
}

function movementsOf(
  items: readonly HeldItem[],
  kind: Kind,
  used: number,
  held: number,
  holdId: string,
): Movement[] {
  return items.map(({ key, windowStart, quantity }) => ({
    key,
    windowStart: new Date(windowStart),
    kind,
    used: used * quantity,
    held: held * quantity,
    holdId,
  }))
}

const origin = { actor: systemActor('billing'), requestId: null }

/** Ends the holds whose time is over. */
export async function expireHolds(platform: Platform): Promise<void> {
  const due = await platform.db
    .selectFrom('quotaHolds')
    .select(['id', 'organizationId'])
    .where('state', '=', 'held')
    .where('expiresAt', '<=', platform.clock.now())
    .orderBy('expiresAt')
    .limit(1000)
    .execute()
  for (const { id, organizationId } of due)
    await platform.mutate(origin, (tx) => endHold(tx, organizationId, id, 'expired'))
}

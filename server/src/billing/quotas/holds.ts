/** Quota that is reserved before it is used. A hold ends once: confirmed, released or expired. */
import { sql } from 'kysely'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'
import {
  addUp,
  decide,
  frameOf,
  outcomeOf,
  placeFor,
  standsOf,
  whyUnmetered,
  type Answer,
  type Wanted,
} from './decide.ts'
import { findEntitled } from './entitled.ts'
import { lockBalances, move, placeOf, type Kind, type Movement } from './ledger.ts'
import { sayCrossing } from './use.ts'

export type HoldEnd = 'confirmed' | 'released' | 'expired'

/** Just where a hold was taken from: it goes back there, whatever the plan and the window are by then. */
export interface HeldItem {
  key: string
  windowStart: string
  windowEnd: string
  quantity: number
}

/**
 * Reserves quota until a time, all of it or nothing: how each key stands after it, or why not. The hold's id is null when it
 * is not allowed. Throws `invalid_input`, also for what is not metered.
 */
export async function reserveQuota(
  tx: Tx,
  organizationId: string,
  items: readonly Wanted[],
  expiresAt: Date,
): Promise<Answer & { holdId: string | null }> {
  refuseUnmetered(items)
  const wanted = addUp(items)
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  const places = entitled ? wanted.flatMap(({ key }) => placeFor(entitled, key) ?? []) : []
  const balances = await lockBalances(tx, organizationId, places)
  const answer = decide(entitled, wanted, standsOf(entitled, balances, new Map()))
  if (!answer.allowed) return { ...answer, holdId: null }
  const holdId = newId('hold')
  const quantities = new Map(wanted.map(({ key, quantity }) => [key, quantity]))
  const held: HeldItem[] = places.map(({ key, window }) => ({
    key,
    windowStart: window.start.toISOString(),
    windowEnd: window.end.toISOString(),
    quantity: quantities.get(key)!,
  }))
  await tx.db
    .insertInto('quotaHolds')
    .values({
      id: holdId,
      organizationId,
      items: JSON.stringify(held),
      state: 'held',
      actor: JSON.stringify(tx.actor),
      expiresAt,
      createdAt: tx.now,
    })
    .execute()
  await move(tx, organizationId, movementsOf(held, 'hold', 0, 1, holdId), entitled!.now)
  const told = { holdId, items: toldOf(held), expiresAt: expiresAt.toISOString() }
  tx.emit(organizationId, 'quota.held', told, entitled!.now)
  for (const { key, windowStart, quantity } of held)
    balances.get(placeOf(key, new Date(windowStart)))!.held += quantity
  const stands = standsOf(entitled, balances, new Map())
  const outcomes = wanted.map(({ key }) => outcomeOf(frameOf(entitled, key), stands(key), true))
  return { allowed: true, items: outcomes, holdId }
}

/** What is not counted by use cannot be held: it would hold nothing. */
function refuseUnmetered(items: readonly Wanted[]): void {
  const errors = items.flatMap(({ key }, index) => {
    const message = whyUnmetered(key)
    return message === null ? [] : [{ path: `items.${index}.key`, message }]
  })
  const [first] = errors
  if (first) throw new Refusal('invalid_input', `${first.path}: ${first.message}`, { errors })
}

/**
 * Ends a hold; false: it had ended, or there is none, and nothing is changed. `used`: what of it is confirmed, where that
 * is not all; the rest goes back.
 */
export async function endHold(
  tx: Tx,
  organizationId: string,
  holdId: string,
  end: HoldEnd,
  used?: readonly Wanted[],
): Promise<boolean> {
  const ended = await tx.db
    .updateTable('quotaHolds')
    .set({
      state: end,
      used: used ? JSON.stringify(used) : null,
      // Its time is over when it is over, however late somebody comes to it.
      endedAt: end === 'expired' ? sql<Date>`least(expires_at, ${tx.now})` : tx.now,
    })
    .where('id', '=', holdId)
    .where('organizationId', '=', organizationId)
    .where('state', '=', 'held')
    .returning('items')
    .returning('endedAt')
    .executeTakeFirst()
  if (!ended) return false
  const items = ended.items as HeldItem[]
  const places = items.map(({ key, windowStart, windowEnd }) => ({
    key,
    window: { start: new Date(windowStart), end: new Date(windowEnd) },
  }))
  const balances = await lockBalances(tx, organizationId, places)
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  const [taken, back] = end === 'confirmed' ? parted(items, used) : [[], items]
  for (const { key, windowStart, quantity } of entitled ? taken : []) {
    const balance = balances.get(placeOf(key, new Date(windowStart)))!
    sayCrossing(tx, organizationId, entitled!, balance, quantity)
  }
  const movements = [
    ...movementsOf(taken, 'confirm', 1, -1, holdId),
    ...movementsOf(back, end === 'expired' ? 'expire' : 'release', 0, -1, holdId),
  ]
  await move(tx, organizationId, movements, entitled?.now ?? tx.now)
  // Holds last by the clock on the wall, also where the organization's own stands still.
  const at = entitled?.clockStands ? entitled.now : ended.endedAt!
  if (end === 'confirmed') {
    const told = { holdId, items: toldOf(taken), returned: toldOf(back) }
    tx.emit(organizationId, 'quota.confirmed', told, at)
  } else tx.emit(organizationId, `quota.${end}`, { holdId, items: toldOf(back) }, at)
  return true
}

/** What of a hold is used, and what goes back; each as far as there is any. */
function parted(items: readonly HeldItem[], used: readonly Wanted[] | undefined): [HeldItem[], HeldItem[]] {
  const usedOf = ({ key, quantity }: HeldItem) =>
    used ? (used.find((one) => one.key === key)?.quantity ?? 0) : quantity
  const taken = items.map((item) => ({ ...item, quantity: usedOf(item) }))
  const back = items.map((item) => ({ ...item, quantity: item.quantity - usedOf(item) }))
  const some = ({ quantity }: HeldItem) => quantity > 0
  return [taken.filter(some), back.filter(some)]
}

const toldOf = (items: readonly HeldItem[]) =>
  items.map(({ key, quantity, windowStart: start }) => ({ key, quantity, start }))

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

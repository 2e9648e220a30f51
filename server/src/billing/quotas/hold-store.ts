/** Holds as people and their systems see and end them. */
import { sql, type Selectable } from 'kysely'
import {
  holdMachine,
  next,
  refusalOf,
  type Actor,
  type QuotaHold,
  type QuotaHoldState,
} from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { QuotaHolds } from '../../platform/db/schema.generated.ts'
import type { Tx } from '../../platform/mutate.ts'
import { afterCursor, cutPage } from '../../platform/page.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { addUp, type Wanted } from './decide.ts'
import { endHold, type HeldItem } from './holds.ts'

type Row = Selectable<QuotaHolds>

/** A hold ends at its time, also where nobody has come to it yet. */
function toHold(row: Row, now: Date): QuotaHold {
  const isOver = row.state === 'held' && row.expiresAt <= now
  const state = isOver ? 'expired' : (row.state as QuotaHoldState)
  const used = row.used as Wanted[] | null
  const usedOf = ({ key, quantity }: HeldItem) => {
    if (state === 'held') return null
    if (state !== 'confirmed') return 0
    return used ? (used.find((one) => one.key === key)?.quantity ?? 0) : quantity
  }
  return {
    id: row.id,
    state,
    items: (row.items as HeldItem[]).map((item) => ({
      key: item.key,
      quantity: item.quantity,
      used: usedOf(item),
      window: { start: item.windowStart, end: item.windowEnd },
    })),
    by: row.actor as Actor | null,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    endedAt: (isOver ? row.expiresAt : row.endedAt)?.toISOString() ?? null,
  }
}

interface Filter {
  state?: QuotaHoldState | undefined
  cursor?: string | undefined
  limit: number
}

const isHeld = sql<boolean>`state = 'held'`

/** What is held first, then the newest: ids that are made later sort later. */
export async function pageOfHolds(
  db: Queryable,
  organizationId: string,
  { state, cursor, limit }: Filter,
  now: Date,
) {
  let query = db.selectFrom('quotaHolds').selectAll().where('organizationId', '=', organizationId)
  if (state === 'held') query = query.where('state', '=', 'held').where('expiresAt', '>', now)
  else if (state === 'expired')
    query = query.where(sql<boolean>`(state = 'expired' or state = 'held' and expires_at <= ${now})`)
  else if (state) query = query.where('state', '=', state)
  const after = afterCursor(cursor)
  if (after !== null) {
    const [first, id = ''] = after.split(' ')
    query = query.where(sql<boolean>`(state = 'held', id) < (${first === 'held'}, ${id})`)
  }
  const rows = await query
    .orderBy(isHeld, 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  return cutPage(
    rows,
    limit,
    (row) => `${row.state === 'held' ? 'held' : 'ended'} ${row.id}`,
    (row) => toHold(row, now),
  )
}

const rowOf = (db: Queryable, organizationId: string, id: string) =>
  db.selectFrom('quotaHolds').selectAll().where('id', '=', id).where('organizationId', '=', organizationId)

/** One hold of an organization. Throws `not_found`. */
export async function readHold(
  db: Queryable,
  organizationId: string,
  id: string,
  now: Date,
): Promise<QuotaHold> {
  const row = await rowOf(db, organizationId, id).executeTakeFirst()
  if (!row) throw notFound('hold')
  return toHold(row, now)
}

/** `items`: what was used of it; absent: all. */
export type HoldWish = { action: 'confirm'; items?: readonly Wanted[] | undefined } | { action: 'release' }

/**
 * Ends a hold as it is wished, unless its time is over. Wished once more, it is as it is. What cannot be done is answered,
 * not thrown: a hold that expired on the way has ended all the same. Throws `not_found` and `invalid_input`.
 */
export async function concludeHold(
  tx: Tx,
  organizationId: string,
  id: string,
  wish: HoldWish,
): Promise<QuotaHold | Refusal> {
  const row = await rowOf(tx.db, organizationId, id).forUpdate().executeTakeFirst()
  if (!row) throw notFound('hold')
  const before = toHold(row, tx.now)
  const used = wish.action === 'confirm' && wish.items ? wishedUse(before, wish.items) : undefined
  const end = next(holdMachine, 'held', wish.action) as 'confirmed' | 'released'
  if (row.state === 'held')
    await endHold(tx, organizationId, id, before.state === 'expired' ? 'expired' : end, used)
  const hold = await readHold(tx.db, organizationId, id, tx.now)
  if (hold.state !== end) return new Refusal('invalid_state', whyNot(hold, wish.action))
  const wanted = wish.action === 'release' ? [] : (used ?? hold.items)
  const wantedOf = (key: string) => wanted.find((one) => one.key === key)?.quantity ?? 0
  if (hold.items.every((item) => item.used === wantedOf(item.key))) return hold
  const told = hold.items.map((item) => `${item.key}=${item.used}`).join(', ')
  return new Refusal('invalid_state', `A hold ends once. It was confirmed at ${hold.endedAt} with ${told}.`)
}

function whyNot({ state, endedAt }: QuotaHold, action: HoldWish['action']): string {
  const sentence = `${refusalOf(holdMachine, state, action)} It ended at ${endedAt}`
  return state === 'expired' ? `${sentence}, and what it held went back: reserve it anew.` : `${sentence}.`
}

/** What of a hold is used, added up. Throws `invalid_input` for more than is held, or for what it does not hold. */
function wishedUse(hold: QuotaHold, items: readonly Wanted[]): Wanted[] {
  const used = addUp(items)
  for (const { key, quantity } of used) {
    const held = hold.items.find((one) => one.key === key)?.quantity
    if (held !== undefined && quantity <= held) continue
    const holds = hold.items.map((one) => `${one.key}=${one.quantity}`).join(', ')
    const message =
      held === undefined
        ? `the hold has nothing of "${key}". It holds ${holds}.`
        : `${quantity} of "${key}" is more than the ${held} that are held. Confirm these, and record the rest as a use of its own.`
    const path = `items.${items.findIndex((one) => one.key === key)}.${held === undefined ? 'key' : 'quantity'}`
    throw new Refusal('invalid_input', `${path}: ${message}`, { errors: [{ path, message }] })
  }
  return used
}

/** The ledger of what is used up: append-only, and the truth. A balance is the sum of its entries, locked to change it. */
import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import type { Span } from '../time/periods.ts'

export interface Balance {
  key: string
  windowStart: Date
  windowEnd: Date
  used: number
  held: number
}

export type Kind = 'consume' | 'hold' | 'confirm' | 'release' | 'expire' | 'lease' | 'settle'

/** By how much an entry changes a balance. */
export interface Movement {
  key: string
  windowStart: Date
  kind: Kind
  used: number
  held: number
  holdId?: string
}

export interface Place {
  key: string
  window: Span
}

export const placeOf = (key: string, windowStart: Date): string => `${key} ${windowStart.toISOString()}`

/** What was used of some keys in their windows, as it is now; where no balance is kept, what the ledger comes to. */
export async function readBalances(db: Queryable, organizationId: string, places: readonly Place[]) {
  if (places.length === 0) return new Map<string, Balance>()
  const { rows } = await sql<Balance>`
    select g.key, g.window_start, g.window_end, coalesce(b.used, (
        select sum(l.used) from quota_ledger l
        where l.organization_id = ${organizationId} and l.key = g.key and l.window_start = g.window_start), 0)::bigint as used,
      coalesce(b.held, (
        select sum(l.held) from quota_ledger l
        where l.organization_id = ${organizationId} and l.key = g.key and l.window_start = g.window_start), 0)::bigint as held
    from unnest(${places.map(({ key }) => key)}::text[], ${places.map(({ window }) => window.start)}::timestamptz[],
        ${places.map(({ window }) => window.end)}::timestamptz[]) as g (key, window_start, window_end)
      left join quota_balances b
        on b.organization_id = ${organizationId} and b.key = g.key and b.window_start = g.window_start`.execute(
    db,
  )
  return byPlace(rows)
}

/** The same, held until the transaction ends; those that are not there yet are made. */
export async function lockBalances(
  tx: Tx,
  organizationId: string,
  places: readonly Place[],
): Promise<Map<string, Balance>> {
  if (places.length === 0) return new Map()
  const given = places.toSorted(inOrder)
  const { rows } = await sql<Balance>`
    select b.key, b.window_start, b.window_end, b.used, b.held
    from unnest(${given.map(({ key }) => key)}::text[], ${given.map(({ window }) => window.start)}::timestamptz[],
        ${given.map(({ window }) => window.end)}::timestamptz[]) as g (key, window_start, window_end),
      lateral lock_quota_balance(${organizationId}, g.key, g.window_start, g.window_end) b`.execute(tx.db)
  return byPlace(rows)
}

/** In which balances of an organization are held. */
const inOrder = (a: Place, b: Place): number =>
  compare(a.key, b.key) || a.window.start.getTime() - b.window.start.getTime()
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

const byPlace = (rows: readonly Balance[]): Map<string, Balance> =>
  new Map(rows.map((row) => [placeOf(row.key, row.windowStart), row]))

/** Writes movements of balances that are held, in order, each as an entry. One statement. */
export async function move(
  tx: Tx,
  organizationId: string,
  movements: readonly Movement[],
  at: Date,
): Promise<void> {
  if (movements.length === 0) return
  await sql`
    with given as (
      select * from unnest(
        ${movements.map(({ key }) => key)}::text[],
        ${movements.map(({ windowStart }) => windowStart)}::timestamptz[],
        ${movements.map(({ kind }) => kind)}::text[],
        ${movements.map(({ used }) => used)}::bigint[],
        ${movements.map(({ held }) => held)}::bigint[],
        ${movements.map(({ holdId }) => holdId ?? null)}::text[]
      ) with ordinality as g (key, window_start, kind, used, held, hold_id, place)
    ), entries as (
      insert into quota_ledger (organization_id, key, window_start, kind, used, held, hold_id, at)
      select ${organizationId}, key, window_start, kind, used, held, hold_id, ${at} from given order by place
    )
    update quota_balances b set used = b.used + s.used, held = b.held + s.held
    from (select key, window_start, sum(used)::bigint as used, sum(held)::bigint as held
          from given group by key, window_start) s
    where b.organization_id = ${organizationId} and b.key = s.key and b.window_start = s.window_start`.execute(
    tx.db,
  )
}

export interface Difference {
  organizationId: string
  key: string
  windowStart: Date
  /** What the entries come to. */
  used: number
  held: number
}

/**
 * Balances that are not the sum of their entries; there are none unless somebody changed the database. Of one
 * organization, or of all.
 */
export async function findDifferences(db: Queryable, organizationId?: string): Promise<Difference[]> {
  const { rows } = await sql<Difference>`
    with folded as (
      select organization_id, key, window_start, sum(used)::bigint as used, sum(held)::bigint as held
      from quota_ledger where ${organizationId ?? null}::text is null or organization_id = ${organizationId ?? null}
      group by organization_id, key, window_start
    ), kept as (
      select organization_id, key, window_start, used, held from quota_balances
      where ${organizationId ?? null}::text is null or organization_id = ${organizationId ?? null})
    select organization_id, key, window_start, coalesce(f.used, 0) as used, coalesce(f.held, 0) as held
    from folded f full join kept k using (organization_id, key, window_start)
    where (coalesce(f.used, 0), coalesce(f.held, 0)) is distinct from (coalesce(k.used, 0), coalesce(k.held, 0))
    order by organization_id, key, window_start`.execute(db)
  return rows
}

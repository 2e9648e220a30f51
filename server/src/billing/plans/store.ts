import { sql, type Selectable } from 'kysely'
import type { Grant, PlanVersion } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { PlanVersions } from '../../platform/db/schema.generated.ts'
import { notFound } from '../../platform/problem.ts'
import type { Interval } from '../time/periods.ts'

/** One published version of a plan, as the server works with it. */
export interface Plan {
  id: string
  /** The slug, the same for all versions. */
  plan: string
  version: number
  name: string
  description: string
  /** Minor units, an interval; of `per: 'seat'` for each seat. */
  price: bigint
  currency: string
  per: 'organization' | 'seat'
  interval: Interval
  trialDays: number
  dueDays: number
  graceDays: number | null
  fallback: string | null
  grants: Grant[]
  public: boolean
  publishedAt: Date
}

/** Where everybody lands who has nothing else. */
export const landingPlan = 'free'

type Row = Omit<Selectable<PlanVersions>, 'price'> & { price: string }

export const toPlan = (row: Row): Plan => ({
  ...row,
  price: BigInt(row.price),
  per: row.per as Plan['per'],
  interval: row.interval as Interval,
  grants: row.grants as Grant[],
})

export const toPlanVersion = (plan: Plan): PlanVersion => ({
  ...plan,
  price: plan.price.toString(),
  publishedAt: plan.publishedAt.toISOString(),
})

const selectVersions = (db: Queryable) =>
  db
    .selectFrom('planVersions as v')
    .selectAll('v')
    // As text: amounts may pass what a number holds.
    .select(sql<string>`v.price::text`.as('price'))

/** The newest version of every plan, by price; the price of one seat says less, so plans that have it come last. */
export async function newestPlans(db: Queryable): Promise<Plan[]> {
  const rows = await selectVersions(db)
    .distinctOn('v.plan')
    .orderBy('v.plan')
    .orderBy('v.version', 'desc')
    .execute()
  const bySeat = ({ per, price }: Plan) => Number(per === 'seat' && price > 0n)
  return rows
    .map(toPlan)
    .toSorted((a, b) => bySeat(a) - bySeat(b) || Number(a.price - b.price) || (a.plan < b.plan ? -1 : 1))
}

/** The newest version of one plan. Throws `not_found`. */
export async function newestPlan(db: Queryable, plan: string): Promise<Plan> {
  const row = await selectVersions(db)
    .where('v.plan', '=', plan)
    .orderBy('v.version', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) throw notFound('plan')
  return toPlan(row)
}

export async function planVersionsById(db: Queryable, ids: string[]): Promise<Map<string, Plan>> {
  const rows = await selectVersions(db)
    .where('v.id', 'in', [...ids, ''])
    .execute()
  return new Map(rows.map((row) => [row.id, toPlan(row)]))
}

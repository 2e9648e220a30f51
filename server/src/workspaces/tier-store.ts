import type { Selectable } from 'kysely'
import type { Tier } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Tiers } from '../platform/db/schema.generated.ts'

/** What of a tier can be changed. */
export type Demands = Pick<Tier, 'name' | 'sandbox' | 'allowLocal' | 'regions' | 'checkEveryCall'>

export async function listTiers(db: Queryable): Promise<Tier[]> {
  const rows = await db.selectFrom('tiers').selectAll().orderBy('id').execute()
  return rows.map(toTier)
}

export async function findTier(db: Queryable, code: string): Promise<Tier | null> {
  const row = await db.selectFrom('tiers').selectAll().where('code', '=', code).executeTakeFirst()
  return row ? toTier(row) : null
}

/** The tier, held as it is until the transaction ends (`share`) or to be changed by it (`update`). */
export async function lockTier(
  db: Queryable,
  code: string,
  strength: 'share' | 'update',
): Promise<Tier | null> {
  const query = db.selectFrom('tiers').selectAll().where('code', '=', code)
  const row = await (strength === 'update' ? query.forUpdate() : query.forShare()).executeTakeFirst()
  return row ? toTier(row) : null
}

/** False: there is a tier with this code already. */
export async function insertTier(
  db: Queryable,
  tier: Demands & { id: string; code: string; createdAt: Date },
): Promise<boolean> {
  const row = await db
    .insertInto('tiers')
    .values(tier)
    .onConflict((conflict) => conflict.column('code').doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

export async function updateTier(db: Queryable, id: string, demands: Demands): Promise<Tier> {
  const row = await db
    .updateTable('tiers')
    .set((eb) => ({ ...demands, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return toTier(row)
}

function toTier(row: Selectable<Tiers>): Tier {
  return {
    id: row.id,
    code: row.code,
    name: row.name,
    sandbox: row.sandbox as Tier['sandbox'],
    allowLocal: row.allowLocal,
    regions: row.regions,
    checkEveryCall: row.checkEveryCall,
    version: row.version,
    createdAt: row.createdAt.toISOString(),
  }
}

import { platformOrganizationId, type Tier } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import { newId } from '../platform/ids.ts'
import type { Tx } from '../platform/mutate.ts'
import { notFound, Refusal } from '../platform/problem.ts'
import { changesBetween } from './changes.ts'
import { findTier, insertTier, listTiers, lockTier, updateTier, type Demands } from './tier-store.ts'

export { listTiers }

/** The tier with this code. Throws `invalid_input`, naming the tiers there are. */
export async function tierOf(db: Queryable, code: string): Promise<Tier> {
  return (await findTier(db, code)) ?? refuseUnknownTier(db, code)
}

/** Like `tierOf`; the tier stays as it is until the transaction ends. */
export async function holdTier(tx: Tx, code: string): Promise<Tier> {
  return (await lockTier(tx.db, code, 'share')) ?? refuseUnknownTier(tx.db, code)
}

async function refuseUnknownTier(db: Queryable, code: string): Promise<never> {
  const known = (await listTiers(db)).map((tier) => tier.code).join(', ')
  const sentence = `There is no tier "${code}"; the tiers are ${known}.`
  throw new Refusal('invalid_input', sentence, {
    errors: [{ path: 'tier', message: `must be one of ${known}` }],
  })
}

/** Creates a tier. Throws `duplicate` when its code is taken. */
export async function createTier(tx: Tx, input: Demands & { code: string }): Promise<Tier> {
  const demands = { ...input, regions: distinct(input.regions) }
  const tier = { ...demands, id: newId('tier'), createdAt: tx.now }
  if (!(await insertTier(tx.db, tier))) {
    throw new Refusal(
      'duplicate',
      `There is a tier "${input.code}" already; change it, or choose another code.`,
    )
  }
  tx.emit(platformOrganizationId, 'tier.created', { tierId: tier.id, code: tier.code })
  return { ...demands, id: tier.id, version: 1, createdAt: tx.now.toISOString() }
}

/**
 * Changes what a tier demands; fields left out stay. What follows for deployments is decided by others, who read
 * `tier.updated` in the platform's log. Throws `not_found`, `version_conflict`.
 */
export async function changeTier(
  tx: Tx,
  code: string,
  { expectedVersion, ...input }: Partial<Demands> & { expectedVersion?: number | undefined },
): Promise<Tier> {
  const tier = await lockTier(tx.db, code, 'update')
  if (!tier) throw notFound('tier')
  if (expectedVersion !== undefined && expectedVersion !== tier.version) {
    throw new Refusal('version_conflict', `The tier "${code}" was changed meanwhile.`, { current: tier })
  }
  const wanted: Demands = {
    name: input.name ?? tier.name,
    sandbox: input.sandbox ?? tier.sandbox,
    allowLocal: input.allowLocal ?? tier.allowLocal,
    regions: input.regions ? distinct(input.regions) : tier.regions,
    checkEveryCall: input.checkEveryCall ?? tier.checkEveryCall,
  }
  const changes = changesBetween(tier, wanted)
  if (changes.length === 0) return tier
  tx.emit(platformOrganizationId, 'tier.updated', { tierId: tier.id, code, changes })
  return updateTier(tx.db, tier.id, wanted)
}

const distinct = (regions: string[]) => [...new Set(regions)]

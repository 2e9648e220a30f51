/** Comparing organizations with whoever collects their payments. */
import { platformOrganizationId, type Drift } from '@berth/contracts'
import { sql } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { Origin } from '../../platform/mutate.ts'
import type { Platform } from '../../platform/platform.ts'
import { keepDrifts, noteDrift } from './drifts.ts'
import type { Collector } from './provider.ts'

/** As many organizations as are compared at once. */
const atOnce = 4

/**
 * Compares one organization, and keeps what takes a person. Throws what the collector throws, once that is kept, too.
 * `dryRun`: nothing is changed anywhere, or kept.
 */
export async function reconcileOne(
  platform: Pick<Platform, 'mutate'>,
  collector: Collector,
  organizationId: string,
  { origin, dryRun = false }: { origin: Origin; dryRun?: boolean },
): Promise<Drift[]> {
  const { name: provider } = collector
  try {
    const found = await collector.sync(organizationId, { dryRun })
    if (!dryRun) await platform.mutate(origin, (tx) => keepDrifts(tx, provider, organizationId, found))
    return found
  } catch (error) {
    const { repaired: _, ...failed } = failure(provider, organizationId, error)
    if (!dryRun) await platform.mutate(origin, (tx) => noteDrift(tx, failed))
    throw error
  }
}

/** That an organization could not be compared is a difference, too: it goes away with the next comparison. */
const failure = (provider: string, organizationId: string, error: unknown): Drift => ({
  provider,
  identity: `organization/${organizationId}/comparison`,
  organizationId,
  what: `It could not be compared: ${(error as Error).message.slice(0, 300)}`,
  repaired: false,
})

interface Reconciled {
  checked: number
  items: Drift[]
}

/** Compares an organization, or all that have to do with the collector; one that fails does not hold up the others. */
export async function reconcile(
  platform: Pick<Platform, 'mutate' | 'db'>,
  collector: Collector | null,
  given: { organizationId: string | undefined; origin: Origin; dryRun: boolean },
): Promise<Reconciled> {
  const { organizationId, origin, dryRun } = given
  if (!collector) return { checked: 0, items: [] }
  const { name: provider } = collector
  const ids = organizationId ? [organizationId] : await customersOf(platform.db, provider)
  const found = new Map<string, Drift[]>()
  const waiting = ids.values()
  const lane = async () => {
    for (const id of waiting) {
      const items = await reconcileOne(platform, collector, id, { origin, dryRun }).catch(
        (error: unknown) => [failure(provider, id, error)],
      )
      found.set(id, items)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  const items = ids.flatMap((id) => found.get(id)!)
  if (!dryRun) {
    const repaired = items.filter((item) => item.repaired).length
    const said = { checked: ids.length, repaired, open: items.length - repaired }
    await platform.mutate(origin, async (tx) => tx.emit(platformOrganizationId, 'billing.reconciled', said))
  }
  return { checked: ids.length, items }
}

/** Those that the collector knows, and those of which it should. */
async function customersOf(db: Queryable, provider: string): Promise<string[]> {
  const { rows } = await sql<{ organizationId: string }>`
    select organization_id from billing_customers where provider = ${provider}
    union select organization_id from invoices where provider = ${provider}
    order by 1`.execute(db)
  return rows.map(({ organizationId }) => organizationId)
}

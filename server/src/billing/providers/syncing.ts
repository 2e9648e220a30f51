/** Compares organizations with their payment provider when something happened, and each once a day. */
import { sql, type Selectable } from 'kysely'
import type { BillingCustomers } from '../../platform/db/schema.generated.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { repeat, type Repeated } from '../../platform/repeat.ts'
import { wakeCollector } from './customers.ts'
import type { Collector } from './provider.ts'
import { reconcileOne } from './reconcile.ts'

const origin = { actor: systemActor('billing'), requestId: null }
const dayMs = 24 * 3600_000
/** How long one has an organization before it counts as lost, and another one takes it. */
const leaseMs = 5 * 60_000
const firstPauseMs = 10_000
const longestPauseMs = 3600_000

type Due = Selectable<BillingCustomers> & { leasedUntil: Date }

const spread = () => 0.8 + 0.4 * Math.random()

async function claim({ db, clock }: Platform, provider: string): Promise<Due | null> {
  const now = clock.now()
  const leasedUntil = new Date(now.getTime() + leaseMs)
  const { rows } = await sql<Selectable<BillingCustomers>>`
    update billing_customers set attempts = attempts + 1, sync_due_at = ${leasedUntil}
    where (organization_id, provider) = (
      select organization_id, provider from billing_customers
      where provider = ${provider} and sync_due_at <= ${now}
      order by sync_due_at, organization_id limit 1 for update skip locked)
    returning *`.execute(db)
  return rows[0] ? { ...rows[0], leasedUntil } : null
}

async function syncOne(platform: Platform, collector: Collector, due: Due): Promise<void> {
  const { db, clock, logger } = platform
  const { organizationId, attempts, leasedUntil } = due
  const begun = clock.now()
  const row = db
    .updateTable('billingCustomers')
    .where('organizationId', '=', organizationId)
    .where('provider', '=', collector.name)
  // Woken meanwhile, it is due again already.
  const again = (ms: number) =>
    row.where('syncDueAt', '=', leasedUntil).set({ syncDueAt: new Date(clock.now().getTime() + ms) })
  try {
    await reconcileOne(platform, collector, organizationId, { origin })
    await row.set({ syncedAt: begun, attempts: 0, lastError: null }).execute()
    await again(dayMs * spread()).execute()
  } catch (error) {
    const lastError = (error as Error).message.replaceAll('\0', '').slice(0, 500)
    logger.warn(
      { err: lastError, organization: organizationId, attempts },
      'a payment provider was not reached',
    )
    await row.set({ lastError }).execute()
    await again(Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs) * spread()).execute()
  }
}

/** Compares every organization that is due. */
export async function syncDue(platform: Platform, collector: Collector): Promise<void> {
  for (let due = await claim(platform, collector.name); due; due = await claim(platform, collector.name))
    await syncOne(platform, collector, due)
}

/** Events after which the provider has to be told something, though no subscription or invoice changed. */
const tells = new Set(['organization.updated', 'member.role_changed', 'member.removed'])

export function startSyncing(platform: Platform, collector: Collector): Repeated {
  const { logger, feed } = platform
  const unsubscribe = feed.subscribe((events) => {
    const renamed = new Set(events.filter(({ type }) => tells.has(type)).map((event) => event.organizationId))
    for (const organizationId of renamed)
      // Missed where this process ends: then the daily turn tells it.
      platform
        .mutate(origin, (tx) => wakeCollector(tx, { organizationId, provider: 'manual' }))
        .catch((error: Error) => logger.warn({ err: error.message }, 'a payment provider is told later'))
  })
  const lanes = [1, 2].map((lane) =>
    repeat({ name: `billing.sync-${lane}`, everyMs: 2000, logger }, () => syncDue(platform, collector)),
  )
  return {
    now: async () => void (await Promise.all(lanes.map((lane) => lane.now()))),
    stop: async () => {
      unsubscribe()
      await Promise.all(lanes.map((lane) => lane.stop()))
    },
  }
}

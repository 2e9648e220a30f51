import type { Notifications } from '../notifications/service.ts'
import type { Route } from '../platform/http/implement.ts'
import type { Platform } from '../platform/platform.ts'
import type { Repeated } from '../platform/repeat.ts'
import { invoiceRoutes } from './invoices/routes.ts'
import { planRoutes } from './plans/routes.ts'
import { payRoutes } from './providers/pay-routes.ts'
import { providersOf } from './providers/providers.ts'
import { providerRoutes } from './providers/routes.ts'
import { startSyncing } from './providers/syncing.ts'
import { startInbox, type InboxWorker } from './providers/worker.ts'
import { holdRoutes } from './quotas/hold-routes.ts'
import { quotaRoutes } from './quotas/routes.ts'
import { startQuotaUpkeep } from './quotas/upkeep.ts'
import type { Terms } from './subscriptions/model.ts'
import { tellBy } from './subscriptions/notices.ts'
import { operatorRoutes } from './subscriptions/operator-routes.ts'
import { subscriptionRoutes } from './subscriptions/routes.ts'
import { startRenewing } from './subscriptions/worker.ts'

export interface Billing {
  terms: Terms
  routes: Route[]
  start(): Promise<void>
  stop(): Promise<void>
}

export interface BillingOptions {
  notifications: Notifications
  /** Whether this process does what falls due. */
  renews: boolean
  /** The address people use. */
  publicUrl(): string
}

export function createBilling(
  platform: Platform,
  { notifications, renews, publicUrl }: BillingOptions,
): Billing {
  const { clock, config } = platform
  const page = (organizationId: string) => `${publicUrl()}/console/billing/${organizationId}`
  const terms: Terms = {
    graceDays: config.billingGraceDays,
    provider: config.stripe ? 'stripe' : 'manual',
    tell: tellBy(notifications, page),
  }
  const providers = providersOf(platform, terms, page)
  const repeated: Repeated[] = []
  let inbox: InboxWorker | null = null
  return {
    terms,
    routes: [
      ...planRoutes(),
      ...subscriptionRoutes(clock, terms),
      ...invoiceRoutes(terms),
      ...operatorRoutes(clock, terms),
      ...quotaRoutes(platform),
      ...holdRoutes(platform),
      ...payRoutes(providers.collector, terms, platform.logger),
      ...providerRoutes(platform, providers, () => inbox?.wake()),
    ],
    start: async () => {
      if (!renews) return
      repeated.push(startRenewing(platform, terms), ...startQuotaUpkeep(platform))
      if (providers.collector) repeated.push(startSyncing(platform, providers.collector))
      inbox = startInbox(platform, providers.sources)
    },
    stop: async () => {
      await Promise.all([inbox?.stop(), ...repeated.map((one) => one.stop())])
    },
  }
}

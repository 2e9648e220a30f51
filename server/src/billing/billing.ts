import type { Notifications } from '../notifications/service.ts'
import type { Route } from '../platform/http/implement.ts'
import type { Platform } from '../platform/platform.ts'
import type { Repeated } from '../platform/repeat.ts'
import { invoiceRoutes } from './invoices/routes.ts'
import { planRoutes } from './plans/routes.ts'
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
}

export function createBilling(platform: Platform, { notifications, renews }: BillingOptions): Billing {
  const { clock, config } = platform
  const terms: Terms = { graceDays: config.billingGraceDays, tell: tellBy(notifications) }
  const repeated: Repeated[] = []
  return {
    terms,
    routes: [
      ...planRoutes(),
      ...subscriptionRoutes(clock, terms),
      ...invoiceRoutes(terms),
      ...operatorRoutes(clock, terms),
      ...quotaRoutes(clock),
    ],
    start: async () => {
      if (renews) repeated.push(startRenewing(platform, terms), ...startQuotaUpkeep(platform))
    },
    stop: async () => {
      await Promise.all(repeated.map((one) => one.stop()))
    },
  }
}

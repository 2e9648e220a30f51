/** Who collects payments for this installation, and who tells it of them. */
import type { Platform } from '../../platform/platform.ts'
import type { Terms } from '../subscriptions/model.ts'
import type { Collector, EventSource } from './provider.ts'
import { standardSource } from './standard.ts'
import { createStripe } from './stripe/stripe.ts'

export interface Providers {
  /** By the name under which they send events. */
  sources: ReadonlyMap<string, EventSource>
  /** Collects the invoices; null: operators record what was paid. */
  collector: Collector | null
}

/** The providers that the settings name. `page`: of an organization's subscription, for those who come back from paying. */
export function providersOf(
  platform: Platform,
  terms: Terms,
  page: (organizationId: string) => string,
): Providers {
  const { billingWebhookSecret, stripe } = platform.config
  const collector = stripe ? createStripe(platform, terms, { settings: stripe, page }) : null
  const sources = [
    ...(billingWebhookSecret ? [standardSource(platform, terms, billingWebhookSecret)] : []),
    ...(collector ? [collector] : []),
  ]
  return { sources: new Map(sources.map((source) => [source.name, source])), collector }
}

/** Who collects payments for this installation, and who tells it of them. */
import type { Platform } from '../../platform/platform.ts'
import type { Terms } from '../subscriptions/model.ts'
import type { Collector, EventSource } from './provider.ts'
import { standardSource } from './standard.ts'

export interface Providers {
  /** By the name under which they send events. */
  sources: ReadonlyMap<string, EventSource>
  /** Collects the invoices; null: operators record what was paid. */
  collector: Collector | null
}

/** The providers that the settings name. */
export function providersOf(platform: Platform, terms: Terms): Providers {
  const { billingWebhookSecret } = platform.config
  const sources = billingWebhookSecret ? [standardSource(platform, terms, billingWebhookSecret)] : []
  return { sources: new Map(sources.map((source) => [source.name, source])), collector: null }
}

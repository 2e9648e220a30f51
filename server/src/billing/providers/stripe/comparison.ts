import type { Stripe } from 'stripe'
import type { Drift } from '@berth/contracts'
import { systemActor, type Platform } from '../../../platform/platform.ts'
import type { Terms } from '../../subscriptions/model.ts'

export const name = 'stripe'
export const origin = { actor: systemActor(`billing.${name}`), requestId: null }

/** What comparisons share. */
export interface Shared {
  stripe: Stripe
  platform: Platform
  terms: Terms
  /** The page of an organization's subscription. */
  page(organizationId: string): string
}

/** Comparing one organization with what Stripe has of it. */
export interface Comparison extends Shared {
  organizationId: string
  found: Drift[]
  /** Mends a difference; a dry run only tells of it, and gives null. */
  repair<T>(identity: string, what: string, work: () => Promise<T>): Promise<T | null>
  /** Tells of a difference that takes a person. */
  report(identity: string, what: string): void
}

export function compare(shared: Shared, organizationId: string, dryRun: boolean): Comparison {
  const found: Drift[] = []
  const note = (identity: string, what: string, repaired: boolean) =>
    void found.push({ provider: name, identity, organizationId, what, repaired })
  return {
    ...shared,
    organizationId,
    found,
    repair: async (identity, what, work) => {
      note(identity, what, true)
      return dryRun ? null : work()
    },
    report: (identity, what) => note(identity, what, false),
  }
}

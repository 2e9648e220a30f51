/** How subscriptions end. */
import type { Tx } from '../../platform/mutate.ts'
import { nowOf } from '../clock.ts'
import { named, type Held } from './model.ts'
import { findIncomplete, lockLive, saveSubscription } from './store.ts'

export async function markEnded(
  tx: Tx,
  one: Held,
  at: Date,
  reason: 'asked' | 'unpaid' | 'replaced' | 'expired' | 'closed',
): Promise<void> {
  const over = { state: 'canceled' as const, endedAt: at, scheduled: null, cancelAtPeriodEnd: false }
  await saveSubscription(tx, { ...one, ...over })
  tx.emit(one.organizationId, 'subscription.canceled', { ...named(one), reason }, at)
}

/** Ends all that an organization has, because it is closed: nothing of it renews, and nothing more is invoiced. */
export async function endSubscriptionsOf(tx: Tx, organizationId: string): Promise<void> {
  const one = await lockLive(tx, organizationId)
  const now = await nowOf(tx, organizationId)
  await dropIncomplete(tx, organizationId, now, 'closed')
  if (one) await markEnded(tx, one, now, 'closed')
}

/** Gives up what waits for its first payment, with the draft of its invoice; whether there was one. */
export async function dropIncomplete(
  tx: Tx,
  organizationId: string,
  at: Date,
  reason: 'asked' | 'replaced' | 'expired' | 'closed',
): Promise<boolean> {
  const one = await findIncomplete(tx.db, organizationId, { lock: true })
  if (!one) return false
  await tx.db
    .updateTable('invoices')
    .set({ state: 'void' })
    .where('subscriptionId', '=', one.id)
    .where('state', '=', 'draft')
    .execute()
  await markEnded(tx, one, at, reason)
  return true
}

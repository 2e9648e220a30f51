/** Billing's door: plans, subscriptions, invoices, quotas. */
export { createBilling, type Billing } from './billing.ts'
export { nowOf, organizationNow } from './clock.ts'
export { billingGate, takeTurns } from './gate.ts'
export { payInvoice, voidInvoice, writeOffInvoice } from './invoices/pay.ts'
export { landingPlan, newestPlan, type Plan } from './plans/store.ts'
export { createCallMeter, type CallMeter } from './quotas/meter.ts'
export { demandKeptSeat, demandRoom } from './quotas/room.ts'
export { endSubscriptionsOf } from './subscriptions/end.ts'
export type { Held, Terms } from './subscriptions/model.ts'
export { overLimitsOf, type OverLimit } from './subscriptions/over-limit.ts'
export { catchUp } from './subscriptions/steps.ts'
export {
  findSubscription,
  lockSubscription,
  readSubscription,
  saveSubscription,
  subscriptionById,
} from './subscriptions/store.ts'

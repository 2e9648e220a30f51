/** Billing's door: plans, subscriptions, invoices. */
export { createBilling, type Billing } from './billing.ts'
export { nowOf, organizationNow } from './clock.ts'
export { payInvoice, voidInvoice, writeOffInvoice } from './invoices/pay.ts'
export { landingPlan, newestPlan, type Plan } from './plans/store.ts'
export { accessOf, limitOf, type Held, type Terms } from './subscriptions/model.ts'
export { overLimitsOf, type OverLimit } from './subscriptions/over-limit.ts'
export { catchUp } from './subscriptions/steps.ts'
export {
  findSubscription,
  lockSubscription,
  readSubscription,
  saveSubscription,
  seatsInUse,
  subscriptionById,
} from './subscriptions/store.ts'

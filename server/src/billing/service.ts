/** Billing's door: plans, subscriptions, invoices. */
export { landingPlan, newestPlan, type Plan } from './plans/store.ts'
export { billingRoutes } from './routes.ts'

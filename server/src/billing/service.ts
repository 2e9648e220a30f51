/** Billing's door: plans, subscriptions, invoices, quotas. */
export { billingGate, takeTurns } from './gate.ts'
export { landingPlan, newestPlan, type Plan } from './plans/store.ts'
export { demandRoom } from './quotas/room.ts'
export { billingRoutes } from './routes.ts'

/** Metering: what every call through the gateway leaves behind, from the process that served it to the pages that show it. */
export { createActivity, type Activity } from './activity.ts'
export { startCopier, type Copier, type CopierOptions } from './copier.ts'
export { callBacklog, type CallBacklog } from './backlog.ts'
export { createJournal, type Journal, type JournalOptions, type JournalRecord } from './journal.ts'
export { meteringRoutes } from './routes.ts'
export { callStats } from './stats.ts'
export { callRetentionDays } from './partitions.ts'
export { findCalls as listCalls, type CallFilter } from './store.ts'

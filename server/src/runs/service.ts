/** Runs: work that outlives a request, with its attempts, leased by whoever does it. */
export {
  cancelRun,
  createRun,
  errorRun,
  failRun,
  getRun,
  postponeRun,
  retryRun,
  runLeaseMs,
  startRun,
  stepRun,
  succeedRun,
  type Lease,
  type NewRun,
} from './changes.ts'
export { reapRuns, RunFailed, startReaping, workRun, type Resume, type Step } from './reactions.ts'
export { endLeases, findLastRuns, findRecentRuns, findRuns, findRunsAtWork, type RunFilter } from './store.ts'

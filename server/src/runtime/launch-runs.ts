import type { Tx } from '../platform/mutate.ts'
import { cancelRun, createRun, errorRun, findRuns, retryRun } from '../runs/service.ts'
import { maxFailures } from './limits.ts'
import type { DeploymentRow } from './store.ts'

async function latestLaunch(tx: Tx, row: DeploymentRow) {
  const [last] = await findRuns(tx.db, {
    organizationId: row.organizationId,
    deploymentId: row.id,
    kind: 'launch',
    before: null,
    limit: 1,
  })
  return last ?? null
}

/** The run of this series of attempts: the last one while the deployment is being tried again, else a new one. */
export async function openLaunchRun(tx: Tx, row: DeploymentRow): Promise<string> {
  let last = await latestLaunch(tx, row)
  if (last?.status === 'pending') return last.id
  // Only a deployment's home launches it: one still running was left behind by a home that is gone.
  if (last?.status === 'running') last = await errorRun(tx, last.id, 'The runner that worked on it is gone.')
  const again = last && (row.failures > 0 || last.status === 'errored') && last.attempt <= last.retryLimit
  if (last && again && (last.status === 'failed' || last.status === 'errored')) {
    return (await retryRun(tx, last.id, 'It is tried again.')).id
  }
  const run = await createRun(tx, {
    organizationId: row.organizationId,
    kind: 'launch',
    workspaceId: row.workspaceId,
    deploymentId: row.id,
    releaseId: row.releaseId,
    requestedBy: row.createdBy,
    retryLimit: maxFailures - 1,
  })
  return run.id
}

/** Ends what is open of a deployment's launch. */
export async function cancelOpenLaunch(tx: Tx, row: DeploymentRow, reason: string): Promise<void> {
  const last = await latestLaunch(tx, row)
  if (last && (last.status === 'pending' || last.status === 'running')) await cancelRun(tx, last.id, reason)
}

import { sql } from 'kysely'
import { next, phaseMachine, type Deployment, type Enforcement } from '@berth/contracts'
import type { Tx } from '../platform/mutate.ts'
import type { DeploymentRow } from './store.ts'

/** What the reconciler may change of a deployment. */
export interface DeploymentPatch {
  phase?: Deployment['phase']
  health?: Deployment['health']
  hold?: Deployment['hold']
  holdNotes?: string[]
  decisionId?: string | null
  reason?: string | null
  failures?: number
  restarts?: number
  nextAttemptAt?: Date | null
  enforcement?: Enforcement | null
  runningGeneration?: number | null
  startedAt?: Date | null
  runnerId?: string | null
}

/** Fields whose changes are told to those who watch; the others are bookkeeping. */
const shown = [
  'phase',
  'health',
  'hold',
  'holdNotes',
  'decisionId',
  'reason',
  'restarts',
  'failures',
  'enforcement',
] as const

export type PhaseAction = (typeof phaseMachine.edges)[number]['action']

/**
 * Writes what is different and says so in the log. `action` moves the phase along the state machine; an action that
 * the present phase does not have throws, since only the reconciler of the deployment's home comes here.
 */
export async function changeDeployment(
  tx: Tx,
  row: DeploymentRow,
  given: DeploymentPatch,
  action?: PhaseAction,
): Promise<DeploymentRow> {
  const patch = { ...given }
  if (action) {
    const phase = next(phaseMachine, row.phase, action)
    if (!phase) throw new Error(`deployment ${row.id} is ${row.phase} and cannot ${action}`)
    patch.phase = phase
  }
  const before = row as unknown as Record<string, unknown>
  const changed = Object.entries(patch).filter(([key, value]) => !same(before[key], value))
  if (changed.length === 0) return row
  const fields = Object.fromEntries(
    changed.map(([key, value]) => [key, key === 'enforcement' && value ? JSON.stringify(value) : value]),
  )
  await tx.db
    .updateTable('deployments')
    .set({ ...fields, rowVersion: sql`row_version + 1` })
    .where('id', '=', row.id)
    .execute()
  const changes = changed
    .filter(([key]) => (shown as readonly string[]).includes(key))
    .map(([field, current]) => ({ field, previous: before[field], current }))
  if (changes.length > 0) {
    tx.emit(row.organizationId, 'deployment.changed', {
      workspaceId: row.workspaceId,
      deploymentId: row.id,
      changes,
      reason: patch.reason ?? null,
    })
  }
  return { ...row, ...patch }
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

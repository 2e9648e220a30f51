import { next, refusalOf, runMachine, type Run, type RunKind, type RunStatus } from '@berth/contracts'
import { newId } from '../platform/ids.ts'
import type { Queryable } from '../platform/db/database.ts'
import type { Reach } from '../platform/http/principal.ts'
import type { Tx } from '../platform/mutate.ts'
import { notFound, Refusal } from '../platform/problem.ts'
import { findRun, lockRun, type LeasedRun } from './store.ts'

/** How long a run stays its worker's without a word from it. */
export const runLeaseMs = 120_000

export interface NewRun {
  organizationId: string
  kind: RunKind
  workspaceId?: string | null
  deploymentId?: string | null
  releaseId?: string | null
  /** Absent: who makes this change. */
  requestedBy?: string
  /** How often it may be tried again after it failed or errored. Default 0. */
  retryLimit?: number
}

export interface Lease {
  /** The process that works on it. */
  leasedBy: string
  leaseMs?: number
}

type Action = (typeof runMachine.edges)[number]['action']

/** Writes a run down as pending, attempt 1. */
export async function createRun(tx: Tx, given: NewRun): Promise<Run> {
  const id = newId('run')
  const about = {
    workspaceId: given.workspaceId ?? null,
    deploymentId: given.deploymentId ?? null,
    releaseId: given.releaseId ?? null,
  }
  await tx.db
    .insertInto('runs')
    .values({
      id,
      organizationId: given.organizationId,
      ...about,
      kind: given.kind,
      attempt: 1,
      retryLimit: given.retryLimit ?? 0,
      requestedBy: given.requestedBy ?? tx.actor.id,
      createdAt: tx.now,
    })
    .execute()
  await note(tx, { id, attempt: 1, status: 'pending', reason: null })
  tx.emit(given.organizationId, 'run.created', { runId: id, kind: given.kind, ...about })
  return (await findRun(tx.db, given.organizationId, id))!
}

/**
 * pending → running, leased. A run whose worker's lease ended is taken over: its attempt ends as errored and the next
 * one starts, if there is one left. Refuses what is not pending, as everything below does with its own states (409).
 */
export async function startRun(tx: Tx, id: string, lease: Lease): Promise<Run> {
  let run = await locked(tx, id)
  if (run.status === 'running' && hasLapsed(run, tx.now)) {
    run = await change(tx, run, 'error', { reason: lapsedReason })
    run = await change(tx, run, 'retry', {})
  }
  const { leasedBy, leaseMs = runLeaseMs } = lease
  return await change(tx, run, 'start', {
    startedAt: tx.now,
    leasedBy,
    leasedUntil: new Date(tx.now.getTime() + leaseMs),
  })
}

/** Says what a running run does now, and renews its lease. */
export async function stepRun(tx: Tx, id: string, step: string, leaseMs = runLeaseMs): Promise<Run> {
  const run = await locked(tx, id)
  if (run.status !== 'running')
    throw new Refusal('invalid_state', `Only a running run has steps. It is ${run.status}.`)
  const leasedUntil = new Date(tx.now.getTime() + leaseMs)
  await tx.db.updateTable('runs').set({ step, leasedUntil }).where('id', '=', id).execute()
  if (step !== run.step) tell(tx, run, { ...run, step }, null)
  return { ...run, step }
}

/** running → succeeded. */
export async function succeedRun(tx: Tx, id: string): Promise<Run> {
  return await change(tx, await locked(tx, id), 'succeed', { endedAt: tx.now })
}

/** running → failed: the work said no. */
export async function failRun(tx: Tx, id: string, reason: string): Promise<Run> {
  return await change(tx, await locked(tx, id), 'fail', { endedAt: tx.now, reason })
}

/** running → errored: it could not be done. */
export async function errorRun(tx: Tx, id: string, reason: string): Promise<Run> {
  return await change(tx, await locked(tx, id), 'error', { endedAt: tx.now, reason })
}

/** Any state but the terminal ones → cancelled. */
export async function cancelRun(tx: Tx, id: string, reason: string): Promise<Run> {
  return await change(tx, await locked(tx, id), 'cancel', { endedAt: tx.now, reason })
}

/** failed | errored → pending with the next attempt; refused when no attempt is left. */
export async function retryRun(tx: Tx, id: string, reason: string | null = null): Promise<Run> {
  return await change(tx, await locked(tx, id), 'retry', { reason })
}

/** running → errored → pending: its worker goes, and another one begins anew while there are attempts left. */
export async function postponeRun(tx: Tx, id: string, reason: string): Promise<void> {
  const run = await errorRun(tx, id, reason)
  if (run.attempt <= run.retryLimit) await retryRun(tx, id, reason)
}

/** A run of an organization, within what the asker reaches; 404 when there is none. */
export async function getRun(db: Queryable, organizationId: string, id: string, reach?: Reach): Promise<Run> {
  const run = await findRun(db, organizationId, id, reach)
  if (!run) throw notFound('run')
  return run
}

export const lapsedReason = 'The process that worked on it ended or fell silent.'

export function hasLapsed(run: LeasedRun, now: Date): boolean {
  return run.leasedUntil === null || run.leasedUntil.getTime() < now.getTime()
}

async function locked(tx: Tx, id: string): Promise<LeasedRun> {
  const run = await lockRun(tx.db, id)
  if (!run) throw notFound('run')
  return run
}

interface Fields {
  reason?: string | null
  startedAt?: Date
  endedAt?: Date
  leasedBy?: string
  leasedUntil?: Date
}

/** Follows one edge of the machine: row, ledger and log say the same. */
async function change(tx: Tx, run: LeasedRun, action: Action, given: Fields): Promise<LeasedRun> {
  const status = next(runMachine, run.status, action)
  if (!status) throw new Refusal('invalid_state', refusalOf(runMachine, run.status, action)!)
  const again = action === 'retry'
  if (again && run.attempt > run.retryLimit) {
    throw new Refusal(
      'invalid_state',
      run.retryLimit === 0
        ? 'This run is not tried again; start a new one.'
        : `This run was tried ${run.attempt} times, which is its limit; start a new one.`,
    )
  }
  const fields = {
    status,
    step: null,
    attempt: again ? run.attempt + 1 : run.attempt,
    reason: given.reason ?? null,
    leasedBy: given.leasedBy ?? null,
    leasedUntil: given.leasedUntil ?? null,
    ...(again ? { startedAt: null, endedAt: null } : {}),
    ...(given.startedAt ? { startedAt: given.startedAt } : {}),
    ...(given.endedAt ? { endedAt: given.endedAt } : {}),
  }
  await tx.db.updateTable('runs').set(fields).where('id', '=', run.id).execute()
  await note(tx, { id: run.id, attempt: fields.attempt, status, reason: fields.reason })
  tell(tx, run, fields, fields.reason)
  return (await lockRun(tx.db, run.id))!
}

async function note(
  tx: Tx,
  entry: { id: string; attempt: number; status: RunStatus; reason: string | null },
): Promise<void> {
  await tx.db
    .insertInto('runAttempts')
    .values((eb) => ({
      runId: entry.id,
      entry: eb
        .selectFrom('runAttempts')
        .where('runId', '=', entry.id)
        .select((e) => e(e.fn.coalesce(e.fn.max('entry'), e.lit(0)), '+', 1).as('entry')),
      attempt: entry.attempt,
      status: entry.status,
      reason: entry.reason,
      observedAt: tx.now,
    }))
    .execute()
}

type Shown = Pick<Run, 'status' | 'step' | 'attempt'>

function tell(tx: Tx, run: Run, now: Shown, reason: string | null): void {
  const changes = (['status', 'step', 'attempt'] as const)
    .filter((field) => now[field] !== run[field])
    .map((field) => ({ field, previous: run[field], current: now[field] }))
  const { id: runId, kind, workspaceId, deploymentId } = run
  tx.emit(run.organizationId, 'run.changed', { runId, kind, workspaceId, deploymentId, changes, reason })
}

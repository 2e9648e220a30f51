import type { Run, RunKind } from '@berth/contracts'
import { systemActor, type Platform } from '../platform/platform.ts'
import type { Tx } from '../platform/mutate.ts'
import { repeat, type Repeated } from '../platform/repeat.ts'
import {
  errorRun,
  failRun,
  hasLapsed,
  lapsedReason,
  retryRun,
  runLeaseMs,
  startRun,
  stepRun,
  succeedRun,
  type Lease,
} from './changes.ts'
import { findStuckRuns, lockRun } from './store.ts'

/** Puts the work of a pending run on its way again, for example by enqueueing its job under the run's id. */
export type Resume = Partial<Record<RunKind, (tx: Tx, run: Run) => Promise<void>>>

/** A run this long pending without its work having begun is put on its way again. */
const pendingLimitMs = 60_000

const origin = { actor: systemActor('runs'), requestId: null }

/**
 * Leaves no run stuck: a running one whose lease ended ends as errored and, while it has attempts left, is tried again;
 * a pending one that nobody began is resumed. Safe to run in several processes at once.
 */
export async function reapRuns(platform: Platform, resume: Resume = {}): Promise<void> {
  const now = platform.clock.now()
  const kinds = Object.keys(resume)
  const pendingSince = new Date(now.getTime() - pendingLimitMs)
  for (const id of await findStuckRuns(platform.db, now, pendingSince, kinds)) {
    await platform.mutate(origin, (tx) => reap(tx, id, resume))
  }
}

async function reap(tx: Tx, id: string, resume: Resume): Promise<void> {
  const run = await lockRun(tx.db, id)
  if (!run) return
  if (run.status === 'pending') return await resume[run.kind]?.(tx, run)
  if (run.status !== 'running' || !hasLapsed(run, tx.now)) return
  await errorRun(tx, id, lapsedReason)
  if (run.attempt <= run.retryLimit) await resume[run.kind]?.(tx, await retryRun(tx, id, lapsedReason))
}

/** Reaps every 15 seconds. */
export function startReaping(platform: Platform, resume: Resume): Repeated {
  return repeat({ name: 'runs.reap', everyMs: 15_000, logger: platform.logger }, () =>
    reapRuns(platform, resume),
  )
}

/** Thrown by a run's work to say no: the run is failed, not errored. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed'
}

/** Says what the run does now. */
export type Step = (step: string) => Promise<void>

/**
 * Does the work of a run from start to end: leases it, keeps the lease while `work` goes on, and ends the run by how
 * `work` ends: succeeded, failed on RunFailed, errored on anything else. `signal` aborts when the run was taken away
 * or cancelled meanwhile. Resolves to whether the run succeeded; throws only when it could not be started.
 */
export async function workRun(
  platform: Platform,
  id: string,
  lease: Lease,
  work: (run: Run, step: Step, signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const { leasedBy, leaseMs = runLeaseMs } = lease
  const run = await platform.mutate(origin, (tx) => startRun(tx, id, lease))
  const taken = new AbortController()
  const keeping = repeat({ name: 'runs.keep', everyMs: leaseMs / 3, logger: platform.logger }, async () => {
    const kept = await platform.db
      .updateTable('runs')
      .set({ leasedUntil: new Date(platform.clock.now().getTime() + leaseMs) })
      .where('id', '=', id)
      .where('status', '=', 'running')
      .where('leasedBy', '=', leasedBy)
      .where('attempt', '=', run.attempt)
      .executeTakeFirst()
    if (kept.numUpdatedRows === 0n) taken.abort()
  })
  const end = async (finish: (tx: Tx) => Promise<unknown>) => {
    await keeping.stop()
    return await platform.mutate(origin, async (tx) => {
      const now = await lockRun(tx.db, id)
      const mine = now?.status === 'running' && now.leasedBy === leasedBy && now.attempt === run.attempt
      if (mine) await finish(tx)
      return mine
    })
  }
  try {
    const step: Step = async (text) =>
      void (await platform.mutate(origin, (tx) => stepRun(tx, id, text, leaseMs)))
    await work(run, step, taken.signal)
  } catch (error) {
    const reason = (error as Error).message
    await end((tx) => (error instanceof RunFailed ? failRun(tx, id, reason) : errorRun(tx, id, reason)))
    return false
  }
  return await end((tx) => succeedRun(tx, id))
}

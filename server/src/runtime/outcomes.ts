/** What the reconciler writes of a deployment: stopped, held, failed, removed. Each is one unit of work. */
import type { Origin, Tx } from '../platform/mutate.ts'
import { systemActor, type Platform } from '../platform/platform.ts'
import { changeDeployment, type DeploymentPatch, type PhaseAction } from './changes.ts'
import type { HeldBy } from './held.ts'
import { cancelOpenLaunch } from './launch-runs.ts'
import { maxFailures, pauseAfter, type Timings } from './limits.ts'
import { isWanted, lockDeployment, type DeploymentRow } from './store.ts'

const origin: Origin = { actor: systemActor('reconciler'), requestId: null }

/** What no longer runs has. */
const quiet: DeploymentPatch = {
  health: 'unknown',
  enforcement: null,
  runningGeneration: null,
  startedAt: null,
}

const stoppable = new Set(['launching', 'running', 'stopping', 'failed'])

export type Outcomes = ReturnType<typeof createOutcomes>

export function createOutcomes(platform: Platform, runnerId: string, timings: Timings) {
  /** A change of a deployment that is still this runner's, under its lock; null when it is another's. */
  async function change<T>(id: string, work: (tx: Tx, row: DeploymentRow) => Promise<T>): Promise<T | null> {
    return await platform.mutate(origin, async (tx) => {
      const row = await lockDeployment(tx, id)
      return row && row.runnerId === runnerId ? await work(tx, row) : null
    })
  }

  async function stopped(tx: Tx, row: DeploymentRow, patch: DeploymentPatch): Promise<DeploymentRow> {
    const action = stoppable.has(row.phase) ? 'stopped' : undefined
    return await changeDeployment(tx, row, { ...quiet, ...patch }, action)
  }

  return {
    /** It is down as it was asked for, and needs no home any more. False: it was asked to run again meanwhile. */
    down: async (id: string, sentence: string): Promise<boolean> => {
      const done = await change(id, async (tx, now) => {
        if (isWanted(now)) return false
        const reason = now.desired === 'stopped' ? null : sentence
        await stopped(tx, now, { hold: null, holdNotes: [], reason, runnerId: null })
        await cancelOpenLaunch(tx, now, sentence)
        return true
      })
      return done ?? true
    },

    /** It was deleted and nothing of it is left here. */
    removed: async (id: string, sentence: string): Promise<void> => {
      await change(id, async (tx, now) => {
        const down = await stopped(tx, now, { hold: null, holdNotes: [], reason: null })
        const action = down.phase === 'absent' ? undefined : 'remove'
        await changeDeployment(tx, down, { runnerId: null }, action)
        await cancelOpenLaunch(tx, now, sentence)
      })
    },

    /** Policy said no: it waits for a better decision. */
    held: async (id: string, by: HeldBy): Promise<void> => {
      await change(id, async (tx, now) => {
        if (!isWanted(now)) return
        await stopped(tx, now, {
          hold: (by.pendingStatus as DeploymentPatch['hold']) ?? 'pending-rule',
          holdNotes: by.notes,
          decisionId: by.decisionId,
          reason: by.sentence,
        })
        await cancelOpenLaunch(tx, now, by.sentence)
      })
    },

    /**
     * Counts a failure: it is tried again after a pause, or given up after too many in a row. `exited`: it ran before.
     * Returns the pause in milliseconds; null when it is not tried again.
     */
    failed: async (id: string, sentence: string, exited: boolean): Promise<number | null> => {
      return await change(id, async (tx, now) => {
        if (!isWanted(now)) return null
        const failures = now.failures + 1
        const over = failures >= maxFailures
        const pause = over ? null : pauseAfter(failures, timings)
        const patch: DeploymentPatch = {
          ...quiet,
          failures,
          restarts: now.restarts + (exited ? 1 : 0),
          nextAttemptAt: pause === null ? null : new Date(platform.clock.now().getTime() + pause),
          reason: over ? givenUp(sentence, failures) : sentence,
        }
        await changeDeployment(tx, now, patch, failureAction(now, over))
        return pause
      })
    },

    /** It has run for a while: earlier failures do not count any more. */
    stable: (id: string) => change(id, (tx, now) => changeDeployment(tx, now, { failures: 0 })),

    health: (id: string, health: 'healthy' | 'degraded' | 'unreachable') =>
      change(id, async (tx, now) => {
        if (now.phase === 'running') await changeDeployment(tx, now, { health })
      }),
  }
}

/** Says that it is over before the lines that the process wrote last, which follow the sentence. */
function givenUp(sentence: string, failures: number): string {
  const [first, ...lines] = sentence.split('\n')
  return [
    `${first} It failed ${failures} times in a row, so it is not started again by itself.`,
    ...lines,
  ].join('\n')
}

function failureAction({ phase }: DeploymentRow, over: boolean): PhaseAction | undefined {
  if (over) return phase === 'launching' || phase === 'running' ? 'fail' : undefined
  return phase === 'running' ? 'exit' : undefined
}

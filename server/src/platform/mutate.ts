import type { Transaction } from 'kysely'
import type { Actor, EventPayload, EventType } from '@berth/contracts'
import type { Clock } from './clock.ts'
import type { Database } from './db/database.ts'
import { executeWithCommit } from './db/driver.ts'
import type { DB } from './db/schema.generated.ts'
import type { Jobs, JobData, JobName, JobOptions } from './jobs.ts'
import { appending } from './log/append.ts'
import { prepareEvent, type PreparedEvent } from './log/leaf.ts'

/** Who changes something, and in which request. */
export interface Origin {
  actor: Actor
  requestId: string | null
}

/** The unit of work: state, events and jobs of one change commit together or not at all. */
export interface Tx extends Origin {
  db: Transaction<DB>
  /** The instant of this change. */
  now: Date
  /**
   * Buffers an event for an organization's log; it gets its place when the work is done. `effectiveAt`: when it took
   * place by the organization's own clock; absent: now.
   */
  emit<T extends EventType>(
    organizationId: string,
    type: T,
    payload: EventPayload<T>,
    effectiveAt?: Date,
  ): void
  /** Enqueues a job that exists only if this change commits. */
  enqueue<N extends JobName>(name: N, data: JobData<N>, options?: JobOptions): Promise<void>
}

export interface MutateContext {
  db: Database
  clock: Clock
  jobs: Jobs
  /** Called after the commit with the organizations whose logs grew. */
  hint(organizations: string[]): void
}

const retryable = new Set(['40001', '40P01'])
const attempts = 6

/**
 * The one way to change anything. `work` may run more than once (deadlocks and serialization failures are tried
 * again), so it has no effects outside `tx`.
 */
export async function mutate<T>(
  context: MutateContext,
  origin: Origin,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await mutateOnce(context, origin, work)
    } catch (error) {
      const code = (error as { code?: string }).code
      if (!code || !retryable.has(code) || attempt === attempts) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempt))
    }
  }
}

async function mutateOnce<T>(
  context: MutateContext,
  origin: Origin,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const events: PreparedEvent[] = []
  const enqueued = new Set<JobName>()
  const result = await context.db.transaction().execute(async (trx) => {
    const tx: Tx = {
      ...origin,
      db: trx,
      now: context.clock.now(),
      emit: (organizationId, type, payload, effectiveAt) => {
        events.push(prepareEvent(organizationId, type, payload, effectiveAt))
      },
      enqueue: async (name, data, options) => {
        enqueued.add(name)
        await context.jobs.enqueue(trx, name, data, options)
      },
    }
    const value = await work(tx)
    if (events.length > 0)
      await executeWithCommit(trx, appending(events, { ...origin, at: context.clock.now() }))
    return value
  })
  if (events.length > 0) context.hint([...new Set(events.map(({ organizationId }) => organizationId))])
  for (const name of enqueued) context.jobs.wake(name)
  return result
}

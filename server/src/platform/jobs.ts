import { randomUUID } from 'node:crypto'
import { CompiledQuery, type Transaction } from 'kysely'
import { PgBoss, type Job } from 'pg-boss'
import type { Clock } from './clock.ts'
import type { DB } from './db/schema.generated.ts'
import type { Logger } from './logger.ts'

/** Every job with the shape of its data. Domains declare theirs by merging into this interface. */
// oxlint-disable-next-line typescript/no-empty-object-type -- filled by declaration merging
export interface JobTypes {}

export type JobName = keyof JobTypes
export type JobData<N extends JobName> = JobTypes[N]

export interface JobOptions {
  /** Only one waiting job with this key is kept (the queue policy `short`). */
  singletonKey?: string
  startAfterSeconds?: number
}

export interface JobHandler<N extends JobName = JobName> {
  name: N
  /** Times a failed job is tried again, with growing delays, before it stands in the dead letters. */
  retryLimit?: number
  /** Seconds after which a job that has not finished counts as lost and is given to another worker. */
  expireInSeconds?: number
  run(data: JobData<N>, signal: AbortSignal): Promise<void>
}

export interface Jobs {
  enqueue<N extends JobName>(
    trx: Transaction<DB> | null,
    name: N,
    data: JobData<N>,
    options?: JobOptions,
  ): Promise<void>
  /** Makes this process look for waiting jobs now instead of at the next poll. */
  wake(name: JobName): void
  work(handlers: JobHandler[]): Promise<void>
  /** How much waits in every queue. */
  depths(): Promise<QueueDepth[]>
  stop(): Promise<void>
}

export interface QueueDepth {
  name: string
  /** Due, and taken by nobody yet. */
  waiting: number
  active: number
  /** Given up after their last try, within the last day. */
  dead: number
  /** How long the oldest one has been due. */
  oldestSeconds: number
}

const schema = 'pgboss'

/** Durable, leased, retried jobs on the same PostgreSQL; enqueued inside the caller's transaction. */
export async function startJobs(options: {
  url: string
  logger: Logger
  clock: Clock
  names: readonly JobName[]
}): Promise<Jobs> {
  const { logger } = options
  const boss = new PgBoss({ connectionString: options.url, schema, max: 4, application_name: 'berth-jobs' })
  boss.on('error', (error) => logger.warn({ err: error.message }, 'job queue'))
  await boss.start()
  for (const name of options.names) {
    await boss.createQueue(`${name}.dead`)
    await boss.createQueue(name, {
      retryBackoff: true,
      retryDelay: 1,
      deadLetter: `${name}.dead`,
      policy: 'short',
    })
  }
  const workers = new Map<string, string>()

  async function work(handlers: JobHandler[]): Promise<void> {
    for (const handler of handlers) {
      await boss.updateQueue(handler.name, {
        retryLimit: handler.retryLimit ?? 5,
        expireInSeconds: handler.expireInSeconds ?? 300,
      })
      const id = await boss.work(handler.name, { pollingIntervalSeconds: 2 }, async ([job]: Job[]) => {
        try {
          await handler.run(job!.data as never, job!.signal)
        } catch (error) {
          logger.warn({ job: handler.name, id: job!.id, err: (error as Error).message }, 'a job failed')
          throw error
        } finally {
          // Where one job waited there may be another: look again at once, not at the next poll.
          boss.notifyWorker(id)
        }
      })
      workers.set(handler.name, id)
    }
  }

  return {
    enqueue: async (trx, name, data, more = {}) => {
      await boss.send(name, data, {
        singletonKey: more.singletonKey ?? randomUUID(),
        ...(more.startAfterSeconds ? { startAfter: more.startAfterSeconds } : {}),
        ...(trx ? { db: inside(trx) } : {}),
      })
    },
    wake: (name) => {
      const id = workers.get(name)
      if (id) boss.notifyWorker(id)
    },
    work,
    depths: async () => {
      const { rows } = await boss.getDb().executeSql(depths, [options.names])
      return rows as QueueDepth[]
    },
    stop: async () => {
      await boss.stop({ graceful: true, timeout: 5000 })
    },
  }
}

const depths = `
  select q.name,
    count(*) filter (where j.name = q.name and j.state < 'active' and j.start_after <= now())::int as waiting,
    count(*) filter (where j.name = q.name and j.state = 'active')::int as active,
    count(*) filter (where j.name <> q.name and j.created_on > now() - interval '1 day')::int as dead,
    coalesce(extract(epoch from now() - min(j.start_after)
      filter (where j.name = q.name and j.state < 'active' and j.start_after <= now())), 0)::int as "oldestSeconds"
  from unnest($1::text[]) as q (name)
  left join ${schema}.job j on j.name in (q.name, q.name || '.dead') and j.state <= 'active'
  group by q.name order by q.name`

/** Lets pg-boss run its statement on the caller's transaction. */
function inside(trx: Transaction<DB>) {
  return {
    executeSql: async (text: string, values: unknown[] = []) => {
      const { rows } = await trx.withoutPlugins().executeQuery(CompiledQuery.raw(text, values))
      return { rows }
    },
  }
}

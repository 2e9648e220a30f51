/** Processes that work until they are killed, and are replaced then. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../../../platform/db/database.ts'
import type { Reply } from './acts.ts'
import type { Asked, Said } from './process.ts'

interface Worker {
  child: ChildProcess
  name: string
  ready: boolean
  open: Map<string, { resolve(reply: Reply): void; reject(error: Error): void }>
}

class Gone extends Error {}

/** What of its work a kill hit. */
export interface Hit {
  /** A unit of work was under way. */
  inside: boolean
  /** Something was due, or asked for. */
  outstanding: boolean
}

export interface Processes {
  /** Asks one of them, and another one where that was killed, until it is known what came of it. */
  ask(asked: Asked): Promise<Reply>
  /** So many from now on. */
  keep(count: number): void
  /** kill -9 for one of those that work; `pick`: from 0 up to 1. */
  kill(pick: number): Promise<Hit>
  close(): Promise<void>
}

export function startProcesses(given: { databaseUrl: string; dataDir: string; db: Database }): Processes {
  const workers = new Set<Worker>()
  let wanted = 0
  let started = 0

  function start(): void {
    const name = `year-${++started}`
    const url = new URL(given.databaseUrl)
    url.searchParams.set('application_name', name)
    const child = fork(new URL('./process.ts', import.meta.url), {
      execArgv: [],
      env: {
        ...process.env,
        DATABASE_URL: url.href,
        BERTH_DATA_DIR: given.dataDir,
        // Many are started: what one has compiled the next one takes.
        NODE_COMPILE_CACHE: path.join(given.dataDir, 'compiled'),
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const worker: Worker = { child, name, ready: false, open: new Map() }
    workers.add(worker)
    child.on('message', (said: Said) => {
      if ('ready' in said) {
        worker.ready = true
        return
      }
      const waiting = worker.open.get(said.key)
      worker.open.delete(said.key)
      if ('error' in said) waiting?.reject(new Error(said.error))
      else waiting?.resolve(said.reply)
    })
    child.on('exit', () => {
      workers.delete(worker)
      for (const { reject } of worker.open.values()) reject(new Gone())
      while (workers.size < wanted) start()
    })
  }

  /** The one of those that are up that has least to do. */
  async function free(): Promise<Worker> {
    for (;;) {
      const up = [...workers].filter(({ ready, child }) => ready && child.connected)
      if (up.length > 0) return up.reduce((a, b) => (b.open.size < a.open.size ? b : a))
      await sleep(20)
    }
  }

  async function ask(asked: Asked): Promise<Reply> {
    for (;;) {
      const worker = await free()
      const { promise, resolve, reject } = Promise.withResolvers<Reply>()
      worker.open.set(asked.key, { resolve, reject })
      worker.child.send(asked, (error) => {
        if (!error) return
        worker.ready = false
        reject(new Gone())
      })
      try {
        return await promise
      } catch (error) {
        if (!(error instanceof Gone)) throw error
      }
    }
  }

  return {
    ask,
    keep: (count) => {
      wanted = count
      while (workers.size < wanted) start()
    },
    kill: async (pick) => {
      await free()
      const up = [...workers].filter(({ ready }) => ready)
      const { child, name, open } = up[Math.floor(pick * up.length)]!
      const exited = once(child, 'exit')
      // It stands still while we look at what it was doing.
      child.kill('SIGSTOP')
      const hit = { inside: await isInside(given.db, name), outstanding: open.size > 0 }
      hit.outstanding ||= (await countDue(given.db)) > 0
      child.kill('SIGKILL')
      await exited
      return hit
    },
    close: async () => {
      wanted = 0
      await Promise.all(
        [...workers].map(async ({ child }) => {
          const exited = once(child, 'exit')
          child.kill('SIGKILL')
          await exited
        }),
      )
    },
  }
}

/** Whether a process has a unit of work open that has done something. */
async function isInside(db: Database, name: string): Promise<boolean> {
  const { rows } = await sql<{ inside: boolean }>`
    select exists (select from pg_stat_activity
      where datname = current_database() and application_name = ${name}
        and backend_xid is not null) as inside`.execute(db)
  return rows[0]!.inside
}

/** How much is due now: steps of subscriptions, calls to count, holds to end. */
export async function countDue(db: Database): Promise<number> {
  const { rows } = await sql<{ due: number }>`
    select (select count(*) from subscriptions s join test_clocks c using (organization_id) where s.due_at <= c.now)
      + (select count(*) from call_batches where billable > 0 and not counted)
      + (select count(*) from quota_holds where state = 'held' and expires_at < now()) as due`.execute(db)
  return rows[0]!.due
}

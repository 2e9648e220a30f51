/** The load generator: a process of its own that keeps as many calls in flight as it has sessions. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { HttpWorker, type Target } from './http-worker.ts'
import { quantile } from './statistics.ts'
import { RawStdio } from './stdio.ts'

/** Calls of one window. Times in milliseconds. */
export interface Pace {
  calls: number
  perSecond: number
  p50: number
  p99: number
}

/** What one window gave: the calls that were answered as they should be. */
export interface Window extends Pace {
  /** Those that were answered with something else than what was sent. */
  wrong: Pace
}

interface Echoer {
  echo(message: string): Promise<boolean>
  open(): Promise<void>
  renew(): Promise<void>
  close(): Promise<void>
}

type Order =
  | { do: 'open'; target: Target | { command: string[] }; sessions: number }
  | { do: 'run'; ms: number }
  | { do: 'close' }

/** The sessions of one target, held by a generator process. */
export class Load {
  private readonly child: ChildProcess

  private constructor(child: ChildProcess) {
    this.child = child
  }

  /** Opens the sessions, at most 16 at a time. A `command` is called on its stdin and stdout, without HTTP. */
  static async open(target: Target | { command: string[] }, sessions: number): Promise<Load> {
    const load = new Load(fork(fileURLToPath(import.meta.url), ['--generate']))
    await load.ask({ do: 'open', target, sessions })
    return load
  }

  /** Calls for so long, one call after the other in each session. */
  run(ms: number): Promise<Window> {
    return this.ask({ do: 'run', ms })
  }

  async close(): Promise<void> {
    await this.ask({ do: 'close' })
    this.child.kill()
  }

  private ask<T>(order: Order): Promise<T> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`the load generator ended with ${code}`))
      this.child.once('exit', ended)
      this.child.once('message', (answer: { error?: string; value?: T }) => {
        this.child.off('exit', ended)
        if (answer.error === undefined) resolve(answer.value as T)
        else reject(new Error(answer.error))
      })
      this.child.send(order)
    })
  }
}

async function inTurns(workers: Echoer[], work: (worker: Echoer) => Promise<void>): Promise<void> {
  for (let at = 0; at < workers.length; at += 16) await Promise.all(workers.slice(at, at + 16).map(work))
}

const paceOf = (latencies: readonly number[], seconds: number): Pace => ({
  calls: latencies.length,
  perSecond: latencies.length / seconds,
  p50: quantile(latencies, 0.5),
  p99: quantile(latencies, 0.99),
})

function generate(): void {
  let workers: Echoer[] = []

  async function run(ms: number): Promise<Window> {
    const [right, wrong]: number[][] = [[], []]
    await inTurns(workers, (worker) => worker.renew())
    const start = performance.now()
    const until = start + ms
    await Promise.all(
      workers.map(async (worker, at) => {
        for (let count = 0, from = performance.now(); from < until; count++) {
          const echoed = await worker.echo(`m${at}-${count}`)
          const now = performance.now()
          const latencies = echoed ? right! : wrong!
          latencies.push(now - from)
          from = now
        }
      }),
    )
    const seconds = (performance.now() - start) / 1000
    return { ...paceOf(right!, seconds), wrong: paceOf(wrong!, seconds) }
  }

  async function obey(order: Order): Promise<unknown> {
    if (order.do === 'run') return await run(order.ms)
    if (order.do === 'close') return await inTurns(workers, (worker) => worker.close())
    const { target } = order
    workers = Array.from({ length: order.sessions }, () =>
      'command' in target ? new RawStdio(target.command) : new HttpWorker(target),
    )
    return await inTurns(workers, (worker) => worker.open())
  }

  process.on('message', (order: Order) => {
    obey(order).then(
      (value) => process.send!({ value }),
      (error: Error) => process.send!({ error: error.message }),
    )
  })
}

if (process.argv[2] === '--generate') generate()

/** Readers of an event stream in a process of their own, which note when each event arrives. */
import { fork, type ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { quantile } from './statistics.ts'

/** An event's place in the log and the time of its commit, milliseconds since 1970. */
export type Commit = [seq: number, at: number]

export interface Delivery {
  p50: number
  p99: number
  max: number
  /** Events that some reader did not get within the wait, or got again. */
  lost: number
  twice: number
}

type Order = { do: 'open'; url: string; token: string; count: number } | { do: 'result'; commits: Commit[] }

export class Readers {
  private readonly child: ChildProcess = fork(fileURLToPath(import.meta.url), ['--read'])

  /** Opens so many more and resolves when all of them stand. */
  open(url: string, token: string, count: number): Promise<void> {
    return this.ask({ do: 'open', url, token, count })
  }

  /** What became of these commits, in every reader; waits up to some seconds for the last one. */
  result(commits: Commit[]): Promise<Delivery> {
    return this.ask({ do: 'result', commits })
  }

  stop(): void {
    this.child.kill()
  }

  private ask<T>(order: Order): Promise<T> {
    return new Promise((resolve, reject) => {
      this.child.once('message', (answer: { error?: string; value?: T }) =>
        answer.error === undefined ? resolve(answer.value as T) : reject(new Error(answer.error)),
      )
      this.child.send(order)
    })
  }
}

export function wallClock(): number {
  return performance.timeOrigin + performance.now()
}

/** What one reader got. */
class Reader {
  readonly arrivals = new Map<number, number>()
  twice = 0
  private rest = ''

  constructor(url: string, token: string, ready: () => void, failed: (error: Error) => void) {
    const { hostname, port, host, pathname, search } = new URL(url)
    const socket = connect(Number(port), hostname).setEncoding('latin1')
    socket.on('error', failed)
    socket.on('close', () => failed(new Error(`a stream ended: ${this.rest.slice(0, 500)}`)))
    socket.on('data', (chunk) => {
      const at = wallClock()
      const lines = (this.rest + (chunk as unknown as string)).split('\n')
      this.rest = lines.pop()!
      for (const line of lines) {
        if (line === 'event: ready') ready()
        const seq = line.startsWith('data: ') ? /"seq":(\d+)/.exec(line)?.[1] : undefined
        if (seq !== undefined) this.note(Number(seq), at)
      }
    })
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nAccept: text/event-stream\r\n\r\n`,
    )
  }

  private note(seq: number, at: number): void {
    if (this.arrivals.has(seq)) this.twice++
    else this.arrivals.set(seq, at)
  }
}

function read(): void {
  const readers: Reader[] = []

  async function open(url: string, token: string, count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      await new Promise<void>((resolve, reject) => readers.push(new Reader(url, token, resolve, reject)))
    }
  }

  async function result(commits: Commit[]): Promise<Delivery> {
    const complete = () => readers.every((reader) => commits.every(([seq]) => reader.arrivals.has(seq)))
    for (let tries = 0; tries < 50 && !complete(); tries++)
      await new Promise((resolve) => setTimeout(resolve, 100))
    const latencies: number[] = []
    let lost = 0
    for (const reader of readers) {
      for (const [seq, at] of commits) {
        const arrival = reader.arrivals.get(seq)
        if (arrival === undefined) lost++
        else latencies.push(arrival - at)
      }
    }
    const twice = readers.reduce((total, reader) => total + reader.twice, 0)
    return {
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      max: quantile(latencies, 1),
      lost,
      twice,
    }
  }

  process.on('message', (order: Order) => {
    const work: Promise<unknown> =
      order.do === 'open' ? open(order.url, order.token, order.count) : result(order.commits)
    work.then(
      (value) => process.send!({ value }),
      (error: Error) => process.send!({ error: error.message }),
    )
  })
}

if (process.argv[2] === '--read') read()

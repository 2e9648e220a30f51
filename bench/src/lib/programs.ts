/** Starting and ending the programs that are measured. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processTree } from './processes.ts'

export const root = join(import.meta.dirname, '../../..')
export const echoServer = join(root, 'e2e/fixtures/mcp/echo.mjs')
export const echoCommand = [process.execPath, echoServer]

export interface Program {
  pid: number
  /** Resolves with the first match in what it prints; rejects when it ends first or after a minute. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  /** SIGTERM, and SIGKILL to what of its tree is left after some seconds. */
  stop(): Promise<void>
}

export function startProgram(command: string[], env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(command[0]!, command.slice(1), {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let listeners: (() => void)[] = []
  const keep = (chunk: string) => {
    output = (output + chunk).slice(-100_000)
    for (const listener of listeners) listener()
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  child.once('exit', () => listeners.forEach((listener) => listener()))
  return {
    pid: child.pid!,
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const failed = (why: string) =>
          settle(() => reject(new Error(`${command.join(' ')} ${why}:\n${output}`)))
        const timer = setTimeout(() => failed(`did not print ${pattern} within a minute`), 60_000)
        const look = () => {
          const match = pattern.exec(output)
          if (match) settle(() => resolve(match))
          else if (child.exitCode !== null) failed(`ended with ${child.exitCode}`)
        }
        const settle = (then: () => void) => {
          clearTimeout(timer)
          listeners = listeners.filter((listener) => listener !== look)
          then()
        }
        listeners.push(look)
        look()
      }),
    stop: () => stopTree(child),
  }
}

async function stopTree(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const tree = processTree(child.pid!).map((one) => one.pid)
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await Promise.race([gone, sleep(15_000, null, { ref: false })])
  for (const pid of tree) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended, as it should.
    }
  }
}

/** A port of this machine that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Asks again until there is an answer; fails with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false>,
  timeoutMs = 60_000,
  everyMs = 50,
): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== undefined && answer !== false) return answer
    if (performance.now() > end) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`)
    await sleep(everyMs)
  }
}

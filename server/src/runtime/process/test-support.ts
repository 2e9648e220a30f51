/** Launches real processes for tests, and ends them. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { detectCapabilities, type Capabilities } from '../sandbox/capabilities.ts'
import { createExecutor, type Executor, type ExecutorOptions } from './executor.ts'
import type { ExitInfo, LaunchHandlers, LaunchSpec, Logger, ProcessHandle } from './types.ts'

export const fixtures = join(import.meta.dirname, 'fixtures')

let detected: Promise<Capabilities> | undefined
export const hostCapabilities = () => (detected ??= detectCapabilities())

/** The same host without its sandbox. */
export async function withoutSandbox(): Promise<Capabilities> {
  const capabilities = await hostCapabilities()
  const finding = { subject: 'sandbox', level: 'missing', sentence: 'bubblewrap is not installed.' } as const
  return { ...capabilities, bubblewrap: null, findings: [finding] }
}

/** The same host where nothing but prlimit holds limits. */
export async function withoutCgroups(): Promise<Capabilities> {
  return { ...(await hostCapabilities()), cgroups: { v1: {}, v2: null } }
}

export const silent: Logger = { info() {}, warn() {}, error() {} }

export const limits = { memoryMb: 256, pids: 64, cpus: 2, startupCpus: 2, startupSeconds: 5, tmpMb: 16 }

export interface Bench {
  root: string
  executor: Executor
  spec(part: Partial<LaunchSpec> & { command: string[] }): LaunchSpec
  launch(
    part: Partial<LaunchSpec> & { command: string[] },
    handlers?: Partial<LaunchHandlers>,
  ): Promise<Launched>
}

export interface Launched extends Pick<ProcessHandle, 'exited'> {
  handle: ProcessHandle
  lines: string[]
  /** Resolves with the first line that matches; rejects when the process ends before. */
  line(pattern: RegExp): Promise<string>
}

/** A fresh executor in a temporary folder, stopped and removed when the test ends. */
export async function openBench(options: Partial<ExecutorOptions> = {}): Promise<Bench> {
  const root = mkdtempSync(join(tmpdir(), 'berth-executor-'))
  const capabilities = options.capabilities ?? (await hostCapabilities())
  const executor = createExecutor({ stateRoot: join(root, 'runner'), log: silent, ...options, capabilities })
  onTestFinished(async () => {
    await executor.close({ graceMs: 0 })
    rmSync(root, { recursive: true, force: true })
  })
  let count = 0
  const spec: Bench['spec'] = (part) => {
    const instanceId = part.instanceId ?? `inst_${(count += 1)}`
    const home = join(root, instanceId)
    mkdirSync(home, { recursive: true })
    return {
      instanceId,
      env: {},
      mounts: [{ source: fixtures, target: '/app' }],
      stateDir: join(home, 'state'),
      egressHosts: [],
      limits,
      sandbox: 'preferred',
      logDir: join(home, 'log'),
      ...part,
    }
  }
  return {
    root,
    executor,
    spec,
    async launch(part, handlers = {}) {
      const lines: string[] = []
      const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = []
      const handle = await executor.launch(spec(part), {
        ...handlers,
        onLine(line) {
          handlers.onLine?.(line)
          const text = line.toString('utf8')
          lines.push(text)
          for (const waiter of waiting) if (waiter.pattern.test(text)) waiter.resolve(text)
        },
      })
      return {
        handle,
        lines,
        exited: handle.exited,
        line(pattern) {
          const seen = lines.find((text) => pattern.test(text))
          if (seen !== undefined) return Promise.resolve(seen)
          return new Promise((resolve, reject) => {
            waiting.push({ pattern, resolve })
            void handle.exited.then((exit) => reject(new Error(`ended before ${pattern}: ${describe(exit)}`)))
          })
        },
      }
    },
  }
}

const describe = (exit: ExitInfo) => `${exit.reason}\n${exit.stderrTail.join('\n')}`

export interface ProbeResult {
  ok: boolean
  value?: unknown
  why?: string
}

/** Runs one probe in the executor. A process that dies before it answers counts as a probe that failed. */
export async function probeInside(
  bench: Bench,
  name: string,
  args: unknown[] = [],
  part: Partial<LaunchSpec> = {},
): Promise<ProbeResult & { exit: ExitInfo }> {
  const command = ['node', '/app/probe.mjs', name, JSON.stringify(args)]
  const launched = await bench.launch({ sandbox: 'required', ...part, command })
  const exit = await launched.exited
  const answer = launched.lines.find((line) => line.includes('"probe"'))
  const result =
    answer === undefined ? { ok: false, why: describe(exit) } : (JSON.parse(answer).params as ProbeResult)
  return { ...result, exit }
}

/** Polls until a condition holds; throws after five seconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** One running server process: its pipes, its log, its end. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Server } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import type { Cgroup } from '../sandbox/cgroup.ts'
import type { EgressProxy } from '../sandbox/egress-proxy.ts'
import { summarizeExit } from './exit.ts'
import { killMarked } from './leftovers.ts'
import { createLineSplitter, oversizedId } from './lines.ts'
import { escapeControls, type LogStream, type ProcessLog } from './log.ts'
import { CHANNEL_FD, type SpawnPlan } from './plan.ts'
import { childrenOf, signal, treeUsage } from './proc.ts'
import type { Enforced, ExitInfo, LaunchHandlers, LaunchSpec, Logger, ProcessHandle } from './types.ts'
import { createLineWriter } from './writer.ts'

export interface RunningOptions {
  spec: LaunchSpec
  plan: SpawnPlan
  enforced: Enforced
  handlers: LaunchHandlers
  log: ProcessLog
  logger: Logger
  cgroup: Cgroup | null
  egress: EgressProxy | null
  mark: string | null
  maxMessageBytes: number
  maxWaitingBytes: number
  /** Descriptors that the program would inherit from whoever started Berth; it gets /dev/null in their place. */
  foreignDescriptors: number[]
  /** Runs when nothing of the process is left, before `exited` resolves. */
  cleanUp: () => Promise<void>
}

const STDERR_LINE_BYTES = 64 * 1024
const STDERR_TAIL_LINES = 20
const FLOOD_PAUSE_MS = 50
/** How long output that nobody writes any more may keep us waiting. */
const CLOSE_TIMEOUT_MS = 1_000
const DEFAULT_GRACE_MS = 5_000

/** Starts the process. Throws when the system cannot start it. */
export async function startProcess(options: RunningOptions): Promise<ProcessHandle> {
  const { spec, enforced, log, logger, cgroup } = options
  const child = spawnPlan(options.plan, options.foreignDescriptors)
  if (child.pid === undefined) throw await new Promise<Error>((resolve) => child.once('error', resolve))
  const { pid } = child
  const stdout = child.stdout as Readable
  const stderr = child.stderr as Readable
  const writer = createLineWriter(child.stdin as Writable, options.maxWaitingBytes)
  const stderrTail: string[] = []
  let killedFor: string | null = null
  let stopping = false
  let deadline = Infinity
  let timers: NodeJS.Timeout[] = []
  let ended = false

  child.on('error', (error) =>
    logger.warn({ instanceId: spec.instanceId, err: error }, 'child process error'),
  )
  const write = (stream: LogStream, text: string) => log.write(stream, redact(text, spec.redact))

  const messages = createLineSplitter({
    maxBytes: options.maxMessageBytes,
    onLine(line) {
      if (!looksLikeMessage(line)) return skip(line, 'not a JSON-RPC message')
      try {
        options.handlers.onLine(line)
      } catch (error) {
        logger.error({ instanceId: spec.instanceId, err: error }, 'a message could not be handled')
      }
    },
    onOversized(line) {
      const id = oversizedId(line)
      const whose = id === null ? '' : ` (the answer to request ${JSON.stringify(id)})`
      write(
        'note',
        `a message of ${line.bytes} bytes${whose} was dropped: the limit is ${options.maxMessageBytes}`,
      )
      options.handlers.onOversized?.({ ...line, id })
    },
    onEndless: (line) =>
      kill(`wrote a message of more than ${line.bytes} bytes without an end and was killed`),
  })
  const errors = createLineSplitter({
    maxBytes: STDERR_LINE_BYTES,
    onLine(line) {
      const text = redact(line.toString('utf8'), spec.redact)
      stderrTail.push(escapeControls(text.slice(0, 1000)))
      if (stderrTail.length > STDERR_TAIL_LINES) stderrTail.shift()
      log.write('stderr', text)
    },
    onOversized: (line) =>
      write('stderr', `${line.head.toString('utf8')}… (${line.bytes} bytes in one line)`),
    onEndless: () => {},
  })

  function skip(line: string | Buffer, why: string): void {
    const text = typeof line === 'string' ? line : line.subarray(0, 4096).toString('utf8')
    write('stdout', `(${why}) ${text}`)
  }

  const output = createTap(stdout, messages.push, () => log.saturated)
  const errorOutput = createTap(stderr, errors.push, () => log.saturated)
  const pipesClosed = new Promise<void>((resolve) => child.once('close', () => resolve()))

  function kill(why: string | null): void {
    if (ended) return
    killedFor ??= why
    // The process itself; whatever else it started goes when its exit is seen.
    signal(-pid, 'SIGKILL')
  }

  function terminate(): void {
    if (enforced.sandbox === 'none') return void signal(-pid, 'SIGTERM')
    // bubblewrap itself would end at once: only what its init has started may hear it.
    for (const server of childrenOf(pid).flatMap(childrenOf)) signal(server, 'SIGTERM')
  }

  function stop({ graceMs = DEFAULT_GRACE_MS } = {}): Promise<ExitInfo> {
    if (!stopping) {
      stopping = true
      writer.end()
      output.resume()
    }
    if (!ended && Date.now() + graceMs < deadline) {
      deadline = Date.now() + graceMs
      for (const timer of timers) clearTimeout(timer)
      const sentence = `stopped: did not end within ${graceMs / 1000} s and was killed`
      if (graceMs <= 0) kill('stopped: was killed at once')
      else timers = [setTimeout(terminate, graceMs / 2), setTimeout(() => kill(sentence), graceMs)]
    }
    return exited
  }

  async function finish(code: number | null, signalName: NodeJS.Signals | null): Promise<ExitInfo> {
    ended = true
    for (const timer of [...timers, startUp]) clearTimeout(timer)
    const oomKills = cgroup?.oomKills() ?? 0
    await killRest()
    output.finish()
    errorOutput.finish()
    await closed(child, pipesClosed)
    messages.end()
    errors.end()
    options.egress?.close()
    const summary = summarizeExit({
      code,
      signal: signalName,
      sandboxed: enforced.sandbox === 'bubblewrap',
      oomKills,
      memoryMb: spec.limits.memoryMb,
      killedFor,
      stopped: stopping,
      stderrTail,
    })
    write('note', summary.reason)
    await options.cleanUp()
    return { ...summary, stopped: stopping, stderrTail }
  }

  /** Everything that the process leaves behind when it ends. */
  async function killRest(): Promise<void> {
    if (enforced.sandbox === 'none') signal(-pid, 'SIGKILL')
    try {
      await cgroup?.destroy()
      await killMarked(options.mark)
    } catch (error) {
      logger.error({ instanceId: spec.instanceId, err: error }, 'something of a process stays behind')
    }
  }

  const exited = new Promise<ExitInfo>((resolve, reject) => {
    child.once('exit', (code, signalName) => void finish(code, signalName).then(resolve, reject))
  })
  exited.then(
    (exit) => options.handlers.onExit?.(exit),
    (error: unknown) => logger.error({ instanceId: spec.instanceId, err: error }, 'cleaning up failed'),
  )

  const startUp = setTimeout(() => settle(cgroup, spec), spec.limits.startupSeconds * 1000).unref()
  feed(child, options.plan.descriptors)
  if (options.plan.launcher) welcome(child, options.plan.launcher, options.egress)

  return {
    instanceId: spec.instanceId,
    pid,
    enforced,
    log,
    exited,
    send: (line) => writer.send(line),
    get writableLength() {
      return writer.waiting
    },
    drained: () => writer.drained(),
    pause: () => output.pause(),
    resume: () => output.resume(),
    skip,
    usage() {
      if (ended) return { memoryBytes: 0, cpuSeconds: 0, pids: 0 }
      const counted = cgroup?.usage() ?? { memoryBytes: null, cpuSeconds: null, pids: null }
      if (Object.values(counted).every((value) => value !== null))
        return counted as ReturnType<ProcessHandle['usage']>
      const summed = treeUsage(pid)
      return {
        memoryBytes: counted.memoryBytes ?? summed.memoryBytes,
        cpuSeconds: counted.cpuSeconds ?? summed.cpuSeconds,
        pids: counted.pids ?? summed.pids,
      }
    },
    stop,
  }
}

function spawnPlan(plan: SpawnPlan, foreign: number[]): ChildProcess {
  const stdio: ('pipe' | 'ignore' | 'ipc' | number)[] = ['pipe', 'pipe', 'pipe']
  for (const _bytes of plan.descriptors) stdio.push('pipe')
  if (plan.launcher) stdio[CHANNEL_FD] = 'ipc'
  const nothing = openSync('/dev/null', 'r')
  try {
    for (const fd of foreign) stdio[fd] ??= nothing
    const { env, cwd } = plan
    const filled = Array.from(stdio, (entry) => entry ?? 'ignore')
    return spawn(plan.file, plan.args, { env, cwd, stdio: filled, detached: true, serialization: 'json' })
  } finally {
    closeSync(nothing)
  }
}

function feed(child: ChildProcess, descriptors: Buffer[]): void {
  for (const [index, bytes] of descriptors.entries()) {
    const pipe = child.stdio[3 + index] as Writable
    pipe.on('error', () => {})
    pipe.end(bytes)
  }
}

/** Takes the listening socket from the launcher, tells it what to become, and closes the channel before that runs. */
function welcome(
  child: ChildProcess,
  target: NonNullable<SpawnPlan['launcher']>,
  egress: EgressProxy | null,
): void {
  child.once('message', (message, listener) => {
    const proxy = `http://127.0.0.1:${(message as { port: number }).port}`
    egress?.serve(listener as Server)
    const env = { ...target.env, ...proxyVariables(proxy) }
    // The launcher ends the channel before it becomes the server; ended from here, the child would never emit "close".
    child.send({ command: target.command, env })
  })
}

function proxyVariables(proxy: string): Record<string, string> {
  const own = 'localhost,127.0.0.1,::1'
  return {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    NO_PROXY: own,
    no_proxy: own,
  }
}

/** Reads a stream, but not while its receiver paused it, and slowly while it floods the log. */
function createTap(stream: Readable, push: (chunk: Buffer) => void, flooding: () => boolean) {
  let paused = false
  let cooling = false
  let ended = false
  const update = () => void (!ended && (paused || cooling) ? stream.pause() : stream.resume())
  stream.on('error', () => {})
  stream.on('data', (chunk: Buffer) => {
    push(chunk)
    if (ended || cooling || !flooding()) return
    cooling = true
    update()
    setTimeout(() => {
      cooling = false
      update()
    }, FLOOD_PAUSE_MS)
  })
  return {
    pause() {
      paused = true
      update()
    },
    resume() {
      paused = false
      update()
    },
    /** Nobody writes any more: takes what is left, whoever paused. */
    finish() {
      ended = true
      update()
    },
  }
}

function settle(cgroup: Cgroup | null, spec: LaunchSpec): void {
  try {
    cgroup?.setCpus(spec.limits.cpus)
  } catch {
    // The process, and its group with it, ended meanwhile.
  }
}

/** Waits for the pipes to run dry; something that inherited one and got away must not hold us up. */
async function closed(child: ChildProcess, pipesClosed: Promise<void>): Promise<void> {
  const timer = setTimeout(() => {
    for (const stream of child.stdio) stream?.destroy()
  }, CLOSE_TIMEOUT_MS)
  await pipesClosed
  clearTimeout(timer)
}

/** `{…}` or `[…]`; whether it is JSON inside is the receiver's to find out. */
function looksLikeMessage(line: Buffer): boolean {
  const first = line[0]
  const last = line[line.length - 1]
  return (first === 0x7b && last === 0x7d) || (first === 0x5b && last === 0x5d)
}

function redact(text: string, secrets: string[] = []): string {
  return secrets.reduce(
    (clean, secret) => (secret.length >= 4 ? clean.replaceAll(secret, '[redacted]') : clean),
    text,
  )
}

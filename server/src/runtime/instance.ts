/** One running server: a process in its sandbox, or a session with a server elsewhere. */
import type { Enforcement } from '@berth/contracts'
import {
  LATEST_VERSION,
  RemoteUpstream,
  StdioUpstream,
  type Channel,
  type InitializeParams,
  type Isolation,
  type Upstream,
} from '../relay/service.ts'
import type { HeldBy } from './held.ts'
import { borrowDispatcher } from './remote-address.ts'
import type { LaunchPlan } from './plan.ts'
import type { Executor } from './process/executor.ts'
import type { ExitInfo, ProcessHandle } from './process/types.ts'

export interface Instance {
  id: string
  /** Whose process it is: `sentinel`, `shared`, `principal:…`, `session:…`. */
  key: string
  /** The kind of client it serves, when it is a session's own; see `kindOf`. */
  kind: string
  upstream: Upstream
  handle: ProcessHandle | null
  enforcement: Enforcement
  startedAt: number
  /** Sessions and single calls that use it now. */
  users: Set<string>
  idle: NodeJS.Timeout | null
  /** When a request last went to it; `performance.now()`. */
  usedAt: number
  /** A check of its surface under way: requests wait for it. */
  check: Promise<void> | null
  /** Whether its surface was seen once and is the one it may show. */
  checked: boolean
  /** When it last announced another surface; `performance.now()`. */
  changedAt: number
  /** Set when its surface is not the one it may show. */
  held: HeldBy | null
  /** Pings in a row without an answer. */
  unanswered: number
}

export interface InstanceOptions {
  id: string
  key: string
  isolation: Isolation
  kind: string
  stateDir: string
  logDir: string
  initializeMs: number
  onListChanged(kind: string): void
  onGone(sentence: string, exit: ExitInfo | null): void
}

/** Parameters with which Berth itself opens a server: no client capabilities, so nothing is asked back. */
export const ownParams: InitializeParams = {
  protocolVersion: LATEST_VERSION,
  capabilities: {},
  clientInfo: { name: 'berth', version: '1' },
}

/** Starts a server without initialising it. Throws LaunchRefused or UpstreamError with a sentence. */
export async function startInstance(
  executor: Executor,
  plan: LaunchPlan,
  options: InstanceOptions,
): Promise<Instance> {
  return plan.remote ? startRemote(plan, options) : await startProcess(executor, plan, options)
}

const common = (options: InstanceOptions) => ({
  id: options.id,
  key: options.key,
  kind: options.kind,
  startedAt: performance.now(),
  users: new Set<string>(),
  idle: null,
  usedAt: performance.now(),
  check: null,
  checked: false,
  changedAt: 0,
  held: null,
  unanswered: 0,
})

async function startProcess(
  executor: Executor,
  plan: LaunchPlan,
  options: InstanceOptions,
): Promise<Instance> {
  let onLine: (line: string | Buffer) => void = () => {}
  let onClose: (reason: { sentence: string }) => void = () => {}
  const handle = await executor.launch(
    {
      instanceId: options.id,
      command: plan.command,
      env: plan.env,
      mounts: plan.mounts,
      stateDir: options.stateDir,
      egressHosts: plan.egress,
      allowPrivateEgress: plan.allowPrivateEgress,
      limits: plan.limits,
      sandbox: plan.sandbox,
      logDir: options.logDir,
      cwd: plan.cwd,
      redact: plan.redact,
    },
    {
      onLine: (line) => onLine(line),
      onOversized: ({ id, bytes }) => {
        const about = `The server's answer of ${Math.round(bytes / 1024 / 1024)} MB is larger than Berth relays.`
        if (id !== null)
          onLine(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32603, message: about } }))
      },
      onExit: (exit) => {
        const sentence = `The server ${exit.reason}.`
        onClose({ sentence })
        options.onGone(sentence, exit)
      },
    },
  )
  const channel: Channel = {
    send: (line) => {
      const taken = handle.send(line)
      if (!taken) handle.log.write('note', 'a message was not taken: the server does not read')
      return taken
    },
    onMessage: (listener) => (onLine = listener),
    onClose: (listener) => (onClose = listener),
    close: () => void handle.stop({ graceMs: 2000 }),
    get writableLength() {
      return handle.writableLength
    },
  }
  const upstream = new StdioUpstream(channel, {
    isolation: options.isolation,
    initializeTimeoutMs: options.initializeMs,
    onListChanged: options.onListChanged,
    onGarbage: (sample) => handle.skip(sample, 'not a JSON-RPC message'),
  })
  return { ...common(options), upstream, handle, enforcement: handle.enforced }
}

const elsewhere: Enforcement = {
  sandbox: 'remote',
  memory: 'none',
  pids: 'none',
  cpu: 'none',
  network: 'open',
  seccomp: false,
}

function startRemote(plan: LaunchPlan, options: InstanceOptions): Instance {
  const { url, headers } = plan.remote!
  const { dispatcher, giveBack } = borrowDispatcher(url)
  const upstream = new RemoteUpstream({
    url,
    headers,
    dispatcher,
    onShut: giveBack,
    isolation: options.isolation,
    initializeTimeoutMs: options.initializeMs,
    onListChanged: options.onListChanged,
  })
  upstream.onGone((reason) => options.onGone(reason.sentence, null))
  return { ...common(options), upstream, handle: null, enforcement: elsewhere }
}

/** Ends an instance and waits until nothing of it is left. */
export async function stopInstance(instance: Instance, sentence: string, graceMs = 2000): Promise<void> {
  if (instance.idle) clearTimeout(instance.idle)
  const { handle, upstream } = instance
  if (handle) {
    const stopped = handle.stop({ graceMs })
    upstream.close(sentence)
    await stopped
  } else upstream.close(sentence)
}

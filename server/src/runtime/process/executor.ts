/**
 * The process executor of a runner: starts servers as hardened as this host allows, says what was enforced, and leaves
 * nothing behind.
 */
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Lookup } from '../../platform/net/addresses.ts'
import { limitLevel, type Capabilities } from '../sandbox/capabilities.ts'
import { createCgroup, type Cgroup } from '../sandbox/cgroup.ts'
import { createEgressProxy, type EgressProxy } from '../sandbox/egress-proxy.ts'
import { etcMounts } from '../sandbox/host-files.ts'
import { openRecords, selfIdentity, type Leftover, type ProcessRecord } from './leftovers.ts'
import { createProcessLog, type ProcessLog } from './log.ts'
import { checkSpec, planLaunch } from './plan.ts'
import { identify, inheritableDescriptors } from './proc.ts'
import { startProcess } from './running.ts'
import {
  LaunchRefused,
  type Enforced,
  type LaunchHandlers,
  type LaunchSpec,
  type Logger,
  type ProcessHandle,
} from './types.ts'

export interface ExecutorOptions {
  /** Folder of this runner's own files: records of processes, the sandbox's `/etc`. */
  stateRoot: string
  capabilities: Capabilities
  log: Logger
  /** Longest message a server may write, in bytes. Default 16 MiB. */
  maxMessageBytes?: number
  /** Most that may wait for a server to read, in bytes. Default 32 MiB. */
  maxWaitingBytes?: number
  /** Resolves declared egress hosts; the system's resolver unless given. */
  lookup?: Lookup
}

export interface Executor {
  /**
   * Starts a server. Throws LaunchRefused, with a sentence for people, when nothing could be started; whatever happens
   * later arrives as the handle's exit.
   */
  launch(spec: LaunchSpec, handlers: LaunchHandlers): Promise<ProcessHandle>
  get(instanceId: string): ProcessHandle | undefined
  /** Everything that runs now. */
  running(): ProcessHandle[]
  /** An instance's log, running or not. Close it when done; writers and readers share one. */
  openLog(dir: string): ProcessLog
  /** Ends what runners that died left running under the same stateRoot. Call it once, before the first launch. */
  reapLeftovers(): Promise<Leftover[]>
  /** Stops everything. */
  close(options?: { graceMs?: number }): Promise<void>
}

const MIB = 1024 * 1024

export function createExecutor(options: ExecutorOptions): Executor {
  const { capabilities } = options
  mkdirSync(options.stateRoot, { recursive: true, mode: 0o700 })
  const records = openRecords(join(options.stateRoot, 'processes'))
  const etc = etcMounts(join(options.stateRoot, 'sandbox-etc'))
  const tag = createHash('sha256').update(realpathSync(options.stateRoot)).digest('hex').slice(0, 10)
  const cgroupPrefix = `berth-${tag}-`
  const owner = selfIdentity()
  const foreignDescriptors = inheritableDescriptors()
  const openLog = createLogRegistry()
  const running = new Map<string, ProcessHandle>()
  const starting = new Set<string>()

  async function launch(given: LaunchSpec, handlers: LaunchHandlers): Promise<ProcessHandle> {
    const spec = checkSpec(given)
    if (running.has(spec.instanceId) || starting.has(spec.instanceId)) {
      throw new LaunchRefused('already_running', `instance ${spec.instanceId} is already running`)
    }
    const enforced = enforcedFor(spec, capabilities)
    starting.add(spec.instanceId)
    try {
      return await start(spec, enforced, handlers)
    } finally {
      starting.delete(spec.instanceId)
    }
  }

  async function start(
    spec: LaunchSpec,
    enforced: Enforced,
    handlers: LaunchHandlers,
  ): Promise<ProcessHandle> {
    mkdirSync(spec.stateDir, { recursive: true })
    // The server may leave set-uid files here; nobody else on the host may reach them.
    chmodSync(spec.stateDir, 0o700)
    const log = openLog(spec.logDir)
    let cgroup: Cgroup | null = null
    let egress: EgressProxy | null = null
    const name = cgroupPrefix + spec.instanceId
    // Without a sandbox a process may leave its process group; the mark in its environment still tells whose it is.
    const mark = enforced.sandbox === 'none' ? name : null
    const record: ProcessRecord = { instanceId: spec.instanceId, owner, leader: null, cgroups: [], mark }

    async function release(): Promise<void> {
      records.remove(spec.instanceId)
      running.delete(spec.instanceId)
      await log.close()
    }

    try {
      egress = egressFor(spec, enforced, log)
      records.save(record)
      const { memoryMb, pids, startupCpus, cpus } = spec.limits
      const limits = { memoryMb, pids, cpus: Math.max(startupCpus, cpus) }
      cgroup = createCgroup(capabilities.cgroups, name, limits)
      record.cgroups = cgroup?.folders ?? []
      records.save(record)
      const context = { capabilities, enforced, cgroupFolders: record.cgroups, etcMounts: etc, mark }
      const handle = await startProcess({
        spec,
        plan: planLaunch(spec, context),
        enforced,
        handlers,
        log,
        logger: options.log,
        cgroup,
        egress,
        mark,
        maxMessageBytes: options.maxMessageBytes ?? 16 * MIB,
        maxWaitingBytes: options.maxWaitingBytes ?? 32 * MIB,
        foreignDescriptors,
        cleanUp: release,
      })
      records.save({ ...record, leader: identify(handle.pid) })
      running.set(spec.instanceId, handle)
      if (enforced.sandbox === 'none') log.write('note', 'runs without a sandbox: this host offers none')
      return handle
    } catch (error) {
      egress?.close()
      await cgroup?.destroy()
      await release()
      if (error instanceof LaunchRefused) throw error
      throw new LaunchRefused('cannot_start', `the process could not be started: ${(error as Error).message}`)
    }
  }

  function egressFor(spec: LaunchSpec, enforced: Enforced, log: ProcessLog): EgressProxy | null {
    if (enforced.network !== 'allow-list') return null
    try {
      return createEgressProxy({
        hosts: spec.egressHosts,
        allowPrivate: spec.allowPrivateEgress ?? false,
        note: (sentence) => log.write('note', sentence),
        lookup: options.lookup,
      })
    } catch (error) {
      throw new LaunchRefused('invalid_spec', (error as Error).message)
    }
  }

  return {
    launch,
    get: (instanceId) => running.get(instanceId),
    running: () => [...running.values()],
    openLog,
    async reapLeftovers() {
      const found = await records.reap(capabilities.cgroups, cgroupPrefix)
      if (found.length > 0) options.log.warn({ leftovers: found }, 'ended what an earlier runner left behind')
      return found
    },
    async close(stop) {
      await Promise.all([...running.values()].map((handle) => handle.stop(stop)))
    },
  }
}

/** What will hold for a launch on this host. Throws LaunchRefused when the sandbox it requires is not there. */
function enforcedFor(spec: LaunchSpec, capabilities: Capabilities): Enforced {
  const sandboxed = capabilities.bubblewrap !== null
  if (!sandboxed && spec.sandbox === 'required') {
    const why = capabilities.findings.find(({ subject }) => subject === 'sandbox')?.sentence ?? ''
    throw new LaunchRefused(
      'sandbox_unavailable',
      `this server may only run in a sandbox, and there is none. ${why}`.trim(),
    )
  }
  const level = (name: 'memory' | 'pids' | 'cpu') =>
    limitLevel(name, capabilities.cgroups, capabilities.prlimit)
  const pids = level('pids')
  const cpu = level('cpu')
  return {
    sandbox: sandboxed ? 'bubblewrap' : 'none',
    memory: level('memory'),
    // Outside a user namespace prlimit would count everything that this user runs.
    pids: pids === 'prlimit' && !sandboxed ? 'none' : pids,
    cpu: cpu === 'prlimit' ? 'none' : cpu,
    network: !sandboxed ? 'open' : spec.egressHosts.length > 0 ? 'allow-list' : 'closed',
    seccomp: sandboxed && capabilities.seccomp,
  }
}

/** One log a folder, shared by whoever has it open. */
function createLogRegistry(): (dir: string) => ProcessLog {
  const open = new Map<string, { log: ProcessLog; users: number }>()
  return (dir) => {
    const shared = open.get(dir) ?? { log: createProcessLog({ dir }), users: 0 }
    open.set(dir, shared)
    shared.users += 1
    let closed = false
    return {
      ...shared.log,
      get saturated() {
        return shared.log.saturated
      },
      async close() {
        if (closed) return
        closed = true
        shared.users -= 1
        if (shared.users > 0) return shared.log.flush()
        open.delete(dir)
        await shared.log.close()
      },
    }
  }
}

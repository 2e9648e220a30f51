/** The executor's contract: what to launch, what was enforced, how it ended. */
import type { LimitLevel } from '../sandbox/cgroup.ts'
import type { OversizedLine } from './lines.ts'
import type { ProcessLog } from './log.ts'

export interface LaunchLimits {
  memoryMb: number
  /** Processes and threads. A Node server needs about 25, the sandbox 2. */
  pids: number
  /** Cores, once the start-up is over. */
  cpus: number
  /** Cores for the first `startupSeconds`: a tight quota triples the time a server needs to answer for the first time. */
  startupCpus: number
  startupSeconds: number
  /** Size of the private /tmp. */
  tmpMb: number
}

export interface LaunchSpec {
  /** Letters, digits, `_` and `-`, at most 64. One process at a time for each. */
  instanceId: string
  /**
   * Program and arguments with paths as they are inside the sandbox. `node` is Berth's own Node. Without a sandbox,
   * arguments, environment values and `cwd` that start with a mount's target or `/data` are rewritten to the host's path.
   */
  command: string[]
  env: Record<string, string>
  /** Read-only folders or files of the host. `/app` is the custom for a server's code. */
  mounts: { source: string; target: string }[]
  /** Created if missing; `/data` inside, the only thing the server can write. */
  stateDir: string
  /** `host` (ports 80 and 443), `host:port`, `*.example.com`. Empty: no network at all. */
  egressHosts: string[]
  /** Lets declared names resolve to private and loopback addresses: an operator's choice. */
  allowPrivateEgress?: boolean
  limits: LaunchLimits
  /** `required` refuses where no sandbox works; `preferred` runs without and says so. */
  sandbox: 'required' | 'preferred'
  /** Folder of the instance's log; shared by its later launches. */
  logDir: string
  /** Default `/data`. */
  cwd?: string
  /** Values that must not reach the log: secrets handed over in `env`. */
  redact?: string[]
}

export interface LaunchHandlers {
  /**
   * One line of stdout that looks like a JSON-RPC message or batch: `{…}` or `[…]`, not parsed any further. A line that
   * turns out not to be one goes back with `handle.skip`.
   */
  onLine: (line: Buffer) => void
  /** A message was longer than the bound and is lost; `id` is the request it answered, if that can be told. */
  onOversized?: (line: OversizedLine & { id: string | number | null }) => void
  /** The process and everything it started is gone. Called once; the same as `handle.exited`. */
  onExit?: (exit: ExitInfo) => void
}

/** What really holds, for people to see. */
export interface Enforced {
  sandbox: 'bubblewrap' | 'none'
  memory: LimitLevel | 'prlimit'
  pids: LimitLevel | 'prlimit'
  cpu: LimitLevel
  network: 'closed' | 'allow-list' | 'open'
  seccomp: boolean
}

export interface ExitInfo {
  /** Exit code, or null when a signal ended it. */
  code: number | null
  signal: NodeJS.Signals | null
  /** Killed, or ended itself, for want of memory. */
  oom: boolean
  /** One sentence for people. */
  reason: string
  /** True when `stop` asked for it. */
  stopped: boolean
  /** The last lines of stderr, oldest first, control characters escaped. */
  stderrTail: string[]
}

export interface Usage {
  memoryBytes: number
  cpuSeconds: number
  pids: number
}

export interface ProcessHandle {
  readonly instanceId: string
  /** Pid of the outermost process on the host; also its process group. */
  readonly pid: number
  readonly enforced: Enforced
  readonly log: ProcessLog
  readonly exited: Promise<ExitInfo>
  /**
   * Sends one message, framed by a line end. False when it was not taken: the process is ending or gone, or the server does
   * not read and `maxWaitingBytes` wait for it.
   */
  send(line: string | Buffer): boolean
  /** Bytes sent that the server has not read. */
  readonly writableLength: number
  /** Resolves when everything sent has been read, or the process is gone. */
  drained(): Promise<void>
  /** Stops and restarts reading stdout, for a receiver that cannot keep up: the server then blocks. */
  pause(): void
  resume(): void
  /** Logs a line that was no message after all. */
  skip(line: string | Buffer, why: string): void
  /** Counters now; zeros once it is gone. */
  usage(): Usage
  /**
   * Ends it: stdin is closed; after half of `graceMs` SIGTERM follows; after all of it everything is killed. Resolves when
   * nothing is left. Calling again with a shorter grace hurries it.
   */
  stop(options?: { graceMs?: number }): Promise<ExitInfo>
}

/** Why a launch was refused before anything ran. */
export type LaunchRefusalCode =
  | 'sandbox_unavailable'
  | 'invalid_spec'
  | 'mount_missing'
  | 'already_running'
  | 'cannot_start'

export class LaunchRefused extends Error {
  readonly code: LaunchRefusalCode

  constructor(code: LaunchRefusalCode, sentence: string) {
    super(sentence)
    this.name = 'LaunchRefused'
    this.code = code
  }
}

/** The logger's methods that are used; a pino logger fits. */
export interface Logger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

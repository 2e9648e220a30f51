/** The bubblewrap command line that makes the sandbox. Everything here takes a power away; nothing grants one. */
import { existsSync } from 'node:fs'
import { inside, type ReadOnlyMount } from './host-files.ts'

const MIB = 1024 * 1024
/** The only user in the sandbox. Outside it is whoever runs Berth, without any capability. */
const UID = '10001'

// Parts of /proc that tell about the host or that uid 0 of the host could use; covered by an empty file.
const HIDDEN_PROC = [
  'kcore',
  'keys',
  'key-users',
  'kmsg',
  'kpagecount',
  'kpageflags',
  'sched_debug',
  'timer_list',
]

export interface SandboxView {
  /** Read-only: runtime files first, then the caller's. Targets are clean absolute paths. */
  mounts: ReadOnlyMount[]
  /** The only writable folder of the host, at /data. */
  stateDir: string
  /** Environment inside; bubblewrap itself must be started with an empty one. */
  env: Record<string, string>
  /** Working directory inside. */
  cwd: string
  /** Size of the private /tmp, and of /dev/shm. */
  tmpMb: number
  /** Whether bubblewrap is new enough (0.8) for `--disable-userns`; the seccomp filter forbids the same. */
  disableUserns: boolean
  /** Descriptor that carries the seccomp filter, or null. */
  seccompFd: number | null
}

/**
 * Options for `bwrap --args FD` (NUL-separated there, so that no environment value shows in a process list).
 * The command follows on the command line.
 */
export function bubblewrapOptions(view: SandboxView): string[] {
  const size = String(Math.max(1, Math.floor(view.tmpMb * MIB)))
  return [
    ['--unshare-user', '--uid', UID, '--gid', UID],
    ['--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
    ['--die-with-parent', '--new-session', '--hostname', 'sandbox', '--cap-drop', 'ALL'],
    ['--clearenv', ...Object.entries(view.env).flatMap(([name, value]) => ['--setenv', name, value])],
    ...view.mounts.map(({ source, target }) => ['--ro-bind', source, target]),
    ['--bind', view.stateDir, inside.state],
    ['--size', size, '--tmpfs', '/tmp'],
    ['--proc', '/proc'],
    ...HIDDEN_PROC.filter((name) => existsSync(`/proc/${name}`)).map((name) => [
      '--ro-bind',
      '/dev/null',
      `/proc/${name}`,
    ]),
    // Kernel settings ask for the uid, not for a capability: started by root, the sandbox could change the host's.
    ['--remount-ro', '/proc'],
    // bubblewrap's own /dev and root are writable memory without a bound.
    ['--dev', '/dev', '--size', size, '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    view.disableUserns ? ['--disable-userns'] : [],
    view.seccompFd === null ? [] : ['--seccomp', String(view.seccompFd)],
    ['--chdir', view.cwd, '--remount-ro', '/'],
  ].flat()
}

/** What `bwrap --args FD` reads from its descriptor. */
export function encodeOptions(options: string[]): Buffer {
  return Buffer.from(options.map((option) => `${option}\0`).join(''))
}

/** Turns a launch spec into the command line, descriptors and environment that are really started. */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bubblewrapOptions, encodeOptions } from '../sandbox/bubblewrap.ts'
import type { Bubblewrap, Capabilities } from '../sandbox/capabilities.ts'
import { inside, type ReadOnlyMount } from '../sandbox/host-files.ts'
import { seccompFilter } from '../sandbox/seccomp.ts'
import { MARK } from './leftovers.ts'
import { LaunchRefused, type Enforced, type LaunchSpec } from './types.ts'

export interface SpawnPlan {
  file: string
  args: string[]
  /** Environment of the outermost process: empty in front of a sandbox, since its first process shows it inside. */
  env: Record<string, string>
  cwd: string
  /** Bytes to write to descriptors 3 and 4. */
  descriptors: Buffer[]
  /** What the launcher is told to become, when it runs first; null when the command starts directly. */
  launcher: { command: string[]; env: Record<string, string> } | null
}

export interface PlanContext {
  capabilities: Capabilities
  enforced: Enforced
  /** Control groups to join before anything else runs. */
  cgroupFolders: string[]
  etcMounts: ReadOnlyMount[]
  mark: string | null
}

const OPTIONS_FD = 3
const SECCOMP_FD = 4
export const CHANNEL_FD = 5

/** Joins the groups, forbids core dumps (they would leave the sandbox), and becomes the program. */
const JOIN =
  'ulimit -c 0; n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; n=$((n-1)); done; exec "$@"'

/** RLIMIT_DATA also counts what is only reserved: for Node 24 the range for compiled code and the threads' stacks, 562 MB. */
const RESERVED_BY_NODE_MB = 640

const RESERVED_TARGETS = [
  '/proc',
  '/dev',
  '/etc',
  '/tmp',
  '/lib',
  '/lib64',
  '/usr/lib',
  inside.state,
  inside.launcher,
  inside.node,
  inside.prlimit,
]

export function planLaunch(spec: LaunchSpec, context: PlanContext): SpawnPlan {
  const { bubblewrap } = context.capabilities
  const sandboxed = context.enforced.sandbox === 'bubblewrap' && bubblewrap !== null
  return sandboxed ? planSandboxed(spec, context, bubblewrap) : planPlain(spec, context)
}

function planSandboxed(spec: LaunchSpec, context: PlanContext, bubblewrap: Bubblewrap): SpawnPlan {
  const env = { PATH: inside.path, HOME: inside.state, TMPDIR: '/tmp', LANG: 'C.UTF-8', ...spec.env }
  const egress = context.enforced.network === 'allow-list'
  const filter = context.enforced.seccomp ? seccompFilter(process.arch) : null
  const options = bubblewrapOptions({
    mounts: [
      ...context.capabilities.runtimeMounts,
      ...context.etcMounts,
      ...launcherMount(egress),
      ...spec.mounts,
    ],
    stateDir: spec.stateDir,
    // The launcher runs before the server and must not be steered by the server's environment.
    env: egress ? { NODE_CHANNEL_FD: String(CHANNEL_FD), NODE_CHANNEL_SERIALIZATION_MODE: 'json' } : env,
    cwd: spec.cwd ?? inside.state,
    tmpMb: spec.limits.tmpMb,
    disableUserns: bubblewrap.disableUserns,
    seccompFd: filter && SECCOMP_FD,
  })
  const launch = [inside.node, '--disable-warning=ExperimentalWarning', inside.launcher]
  const command = [...prlimit(spec, context.enforced, inside.prlimit), ...(egress ? launch : spec.command)]
  return {
    file: '/bin/sh',
    args: joining(context.cgroupFolders, [bubblewrap.path, '--args', String(OPTIONS_FD), '--', ...command]),
    env: {},
    cwd: '/',
    descriptors: [encodeOptions(options), filter ?? Buffer.alloc(0)],
    launcher: egress ? { command: spec.command, env } : null,
  }
}

function planPlain(spec: LaunchSpec, context: PlanContext): SpawnPlan {
  const onHost = hostPaths(spec)
  const [program = '', ...args] = spec.command
  const node = program === 'node' || program === inside.node
  const path = `${dirname(process.execPath)}:${inside.path}`
  const env = { PATH: path, HOME: inside.state, LANG: 'C.UTF-8', ...spec.env }
  const command = [node ? process.execPath : onHost(program), ...args.map(onHost)]
  return {
    file: '/bin/sh',
    args: joining(context.cgroupFolders, [
      ...prlimit(spec, context.enforced, context.capabilities.prlimit ?? ''),
      ...command,
    ]),
    env: {
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, onHost(value)])),
      ...(context.mark === null ? {} : { [MARK]: context.mark }),
    },
    cwd: onHost(spec.cwd ?? inside.state),
    descriptors: [],
    launcher: null,
  }
}

const joining = (folders: string[], command: string[]) => [
  '-c',
  JOIN,
  'sh',
  String(folders.length),
  ...folders,
  ...command,
]

function prlimit(spec: LaunchSpec, enforced: Enforced, program: string): string[] {
  const bytes = Math.floor((spec.limits.memoryMb + RESERVED_BY_NODE_MB) * 1024 * 1024)
  const limits = [
    ...(enforced.memory === 'prlimit' ? [`--data=${bytes}`] : []),
    ...(enforced.pids === 'prlimit' ? [`--nproc=${spec.limits.pids}`] : []),
  ]
  return limits.length === 0 ? [] : [program, ...limits, '--']
}

function launcherMount(egress: boolean): ReadOnlyMount[] {
  if (!egress) return []
  const source = fileURLToPath(new URL('../sandbox/launcher.mjs', import.meta.url))
  return [{ source, target: inside.launcher }]
}

/** Rewrites a path as the sandbox would have it to where it is on the host. */
function hostPaths(spec: LaunchSpec): (value: string) => string {
  const places = [...spec.mounts, { source: spec.stateDir, target: inside.state }]
  return (value) => {
    const place = places.find(({ target }) => value === target || value.startsWith(`${target}/`))
    return place ? join(place.source, value.slice(place.target.length)) : value
  }
}

/** Checks a spec and returns it with its mounts' real sources. Throws LaunchRefused with what is wrong. */
export function checkSpec(spec: LaunchSpec): LaunchSpec {
  const fault = faultIn(spec)
  if (fault !== null) throw new LaunchRefused('invalid_spec', fault)
  const missing = spec.mounts.find(({ source }) => !existsSync(source))
  if (missing)
    throw new LaunchRefused(
      'mount_missing',
      `${missing.source}, mounted at ${missing.target}, does not exist`,
    )
  return {
    ...spec,
    mounts: spec.mounts.map(({ source, target }) => ({ source: realpathSync(source), target })),
  }
}

function faultIn(spec: LaunchSpec): string | null {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(spec.instanceId))
    return 'instanceId must be 1 to 64 letters, digits, "_" or "-"'
  if (!spec.command[0]) return 'the command is empty'
  const values = [...spec.command, ...Object.values(spec.env), spec.cwd ?? '']
  if (values.some((value) => value.includes('\0'))) return 'command and environment must not contain NUL'
  const name = Object.keys(spec.env).find((key) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
  if (name !== undefined) return `"${name}" is not a name for an environment variable`
  const limit = Object.entries(spec.limits).find(([, value]) => !(Number.isFinite(value) && value > 0))
  if (limit) return `the limit ${limit[0]} must be a positive number`
  const path = [spec.stateDir, spec.logDir, ...spec.mounts.map(({ source }) => source)].find(
    (one) => !isAbsolute(one),
  )
  if (path !== undefined) return `"${path}" is not an absolute path`
  const target = spec.mounts.map((mount) => mount.target).find((one) => !isMountTarget(one))
  return target === undefined ? null : `"${target}" cannot be a mount's target`
}

/** A clean path that neither lies inside a folder of the sandbox's own nor covers one. */
function isMountTarget(target: string): boolean {
  if (!isAbsolute(target) || normalize(target) !== target || target.endsWith('/')) return false
  const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)
  return !RESERVED_TARGETS.some((reserved) => within(target, reserved) || within(reserved, target))
}

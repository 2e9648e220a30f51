/**
 * Finds where this host lets us create control groups: version 2, version 1, or the hybrid of both (controllers on
 * version 1, an empty version 2 tree beside them that still has `cgroup.kill`).
 */
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What we limit (memory, pids, cpu) and what only counts (cpuacct, version 1). */
export type Controller = 'memory' | 'pids' | 'cpu' | 'cpuacct'

export interface CgroupLayout {
  /** Version 1: the folder under which groups are created, for each controller we may use. */
  v1: Partial<Record<Controller, string>>
  /** Version 2: the folder under which groups are created, with the controllers our groups get. Null: none usable. */
  v2: { base: string; controllers: Controller[] } | null
}

const CONTROLLERS: Controller[] = ['memory', 'pids', 'cpu', 'cpuacct']
/** The leaf into which the runner moves itself: in version 2 only a group without processes hands controllers on. */
const OWN_LEAF = 'berth-runner'

/** Files of the kernel that this module reads; tests give a folder that looks like a host. */
export interface CgroupSources {
  /** `/proc/self/mountinfo` */
  mountinfo: string
  /** `/proc/self/cgroup` */
  membership: string
  /** Whether every process in a group is ours to move. */
  mayMove: (pids: number[]) => boolean
}

/**
 * Looks for usable control groups and prepares them: on version 2 it may enable controllers for our groups, moving the
 * runner's own processes into a leaf of their group first (as a delegated systemd service has to). Never throws.
 */
export function findCgroups(sources: CgroupSources = hostSources()): CgroupLayout {
  const layout: CgroupLayout = { v1: {}, v2: null }
  const own = parseMembership(sources.membership)
  for (const mount of parseMounts(sources.mountinfo)) {
    if (mount.type === 'cgroup2') {
      layout.v2 ??= findV2(ownFolder(mount, own.get('') ?? '/'), mount.mountpoint, sources.mayMove)
      continue
    }
    for (const controller of CONTROLLERS.filter((name) => mount.options.includes(name))) {
      const folder = ownFolder(mount, own.get(controller) ?? '/')
      const base = v1Candidates(controller, folder, mount.mountpoint).find(canCreateIn)
      if (base !== undefined) layout.v1[controller] ??= base
    }
  }
  return layout
}

function hostSources(): CgroupSources {
  return {
    mountinfo: readText('/proc/self/mountinfo'),
    membership: readText('/proc/self/cgroup'),
    mayMove: isOwnFamily,
  }
}

interface Mount {
  type: 'cgroup' | 'cgroup2'
  root: string
  mountpoint: string
  options: string[]
}

function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root = '/', mountpoint = ''] = before.split(' ')
    const [type, , options = ''] = after.split(' ')
    if (type !== 'cgroup' && type !== 'cgroup2') return []
    return [{ type, root, mountpoint, options: options.split(',') }]
  })
}

/** Controller → our group's path; the empty name is version 2. */
function parseMembership(text: string): Map<string, string> {
  const own = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, names, ...path] = line.split(':')
    for (const name of names?.split(',') ?? []) own.set(name, path.join(':'))
  }
  return own
}

/** Our own group's folder, as seen through a mount that may show only a part of the tree (containers). */
function ownFolder(mount: Mount, path: string): string {
  if (mount.root === '/') return join(mount.mountpoint, path)
  const inside = path === mount.root || path.startsWith(`${mount.root}/`)
  return inside ? join(mount.mountpoint, path.slice(mount.root.length)) : mount.mountpoint
}

/** The top of the tree, which outlives a session's group; our own group first where an operator limited its memory. */
function v1Candidates(controller: Controller, own: string, top: string): string[] {
  const limit = Number(readText(join(own, 'memory.limit_in_bytes')) || Infinity)
  const limited = controller === 'memory' && limit < 2 ** 62
  return limited ? [own, top] : [top, own]
}

/** The nearest group, upwards from our own, that hands memory limits on; else the nearest that lets us create at all. */
function findV2(own: string, top: string, mayMove: CgroupSources['mayMove']): CgroupLayout['v2'] {
  let plain: CgroupLayout['v2'] = null
  for (let base = own; base.length >= top.length; base = dirname(base)) {
    if (!canCreateIn(base)) continue
    const controllers = enableControllers(base, mayMove)
    if (controllers.includes('memory')) return { base, controllers }
    plain ??= { base, controllers }
  }
  return plain
}

/** Hands the wanted controllers on to the children of `base`; returns those that they then have. */
function enableControllers(base: string, mayMove: CgroupSources['mayMove']): Controller[] {
  const wanted = offered(base).filter((name) => !enabled(base).includes(name))
  if (wanted.length > 0 && !tryEnable(base, wanted)) moveOwnProcesses(base, mayMove)
  for (const name of wanted) tryEnable(base, [name])
  return enabled(base)
}

function tryEnable(base: string, names: Controller[]): boolean {
  return attempt(() =>
    writeFileSync(join(base, 'cgroup.subtree_control'), names.map((name) => `+${name}`).join(' ')),
  )
}

function moveOwnProcesses(base: string, mayMove: CgroupSources['mayMove']): void {
  const pids = readText(join(base, 'cgroup.procs')).split('\n').filter(Boolean).map(Number)
  if (pids.length === 0 || !mayMove(pids)) return
  const leaf = join(base, OWN_LEAF)
  attempt(() => mkdirSync(leaf))
  for (const pid of pids) attempt(() => writeFileSync(join(leaf, 'cgroup.procs'), String(pid)))
}

const offered = (base: string) => controllersIn(join(base, 'cgroup.controllers'))
const enabled = (base: string) => controllersIn(join(base, 'cgroup.subtree_control'))

function controllersIn(file: string): Controller[] {
  const names = readText(file).trim().split(/\s+/)
  return CONTROLLERS.filter((name) => names.includes(name))
}

/** True when we may create a group below `folder` and move a process out of it into that group. */
function canCreateIn(folder: string): boolean {
  const probe = join(folder, `berth-probe-${process.pid}`)
  return attempt(() => {
    accessSync(join(folder, 'cgroup.procs'), constants.W_OK)
    mkdirSync(probe)
    rmdirSync(probe)
  })
}

/** Every process is this one, one it started, or one it was started by. */
function isOwnFamily(pids: number[]): boolean {
  const ancestors = new Set(lineage(process.pid))
  return pids.every((pid) => ancestors.has(pid) || lineage(pid).includes(process.pid))
}

function lineage(pid: number): number[] {
  const parent = Number(/^PPid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0)
  return parent > 1 ? [pid, ...lineage(parent)] : [pid]
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function attempt(action: () => void): boolean {
  try {
    action()
    return true
  } catch {
    return false
  }
}

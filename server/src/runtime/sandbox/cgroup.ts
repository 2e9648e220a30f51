/** One control group: limits, counters and the end of everything in it, on version 1, version 2 or both at once. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CgroupLayout, Controller } from './cgroup-layout.ts'

export type LimitLevel = 'cgroup-v2' | 'cgroup-v1' | 'none'

export interface CgroupLimits {
  memoryMb: number
  pids: number
  /** Cores; at start-up usually more than later, see `setCpus`. */
  cpus: number
}

const MIB = 1024 * 1024
const CPU_PERIOD_US = 100_000

export interface Cgroup {
  /** Every folder that makes up this group; a process joins by writing itself to `cgroup.procs` in each. */
  readonly folders: string[]
  /** Which version holds each limit. */
  readonly levels: Record<'memory' | 'pids' | 'cpu', LimitLevel>
  setCpus(cpus: number): void
  /** How many processes the kernel has killed here for want of memory. */
  oomKills(): number
  /** Memory without reclaimable file cache; null for what no controller counts here. */
  usage(): { memoryBytes: number | null; cpuSeconds: number | null; pids: number | null }
  /** Processes in the group now. */
  members(): number[]
  /** Kills everything in the group and removes it. Resolves when the group is gone; safe to call again. */
  destroy(): Promise<void>
}

/** Creates a group called `name` and sets its limits. Null when this host offers no control groups at all. */
export function createCgroup(layout: CgroupLayout, name: string, limits: CgroupLimits): Cgroup | null {
  const wanted = foldersOf(layout, name)
  for (const folder of wanted.all) mkdirSync(folder, { recursive: true })
  if (wanted.all.length === 0) return null
  const group = openCgroup(wanted)
  setMemory(wanted, limits.memoryMb)
  const pids = wanted.of('pids')
  if (pids) writeFileSync(join(pids.folder, 'pids.max'), String(limits.pids))
  group.setCpus(limits.cpus)
  return group
}

/** Kills and removes the groups at `folders`, left behind by a runner that died. */
export async function destroyFolders(folders: string[]): Promise<void> {
  const existing = folders.filter((folder) => read(join(folder, 'cgroup.procs')) !== null)
  const deadline = Date.now() + 5_000
  while (existing.some((folder) => members(folder).length > 0)) {
    for (const folder of existing) killAll(folder)
    if (Date.now() > deadline) throw new Error(`processes in ${existing.join(', ')} cannot be killed`)
    await sleep(2)
  }
  for (const folder of existing) await remove(folder)
}

/** The groups of this layout whose name starts with `prefix`, by name, each with all its folders. */
export function listCgroups(layout: CgroupLayout, prefix: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const bases = [...Object.values(layout.v1), ...(layout.v2 ? [layout.v2.base] : [])]
  for (const folder of [...new Set(bases)].flatMap(entries)) {
    const name = basename(folder)
    if (name.startsWith(prefix)) found.set(name, [...(found.get(name) ?? []), folder])
  }
  return found
}

interface Folders {
  all: string[]
  of(controller: Controller): { folder: string; level: 'cgroup-v1' | 'cgroup-v2' } | null
}

function foldersOf(layout: CgroupLayout, name: string): Folders {
  const v2 = layout.v2 && join(layout.v2.base, name)
  const v1 = Object.entries(layout.v1).filter(
    ([controller]) => !layout.v2?.controllers.includes(controller as Controller),
  )
  return {
    all: [...new Set([...(v2 ? [v2] : []), ...v1.map(([, base]) => join(base, name))])],
    of(controller) {
      if (v2 && layout.v2?.controllers.includes(controller)) return { folder: v2, level: 'cgroup-v2' }
      const base = layout.v1[controller]
      return base === undefined ? null : { folder: join(base, name), level: 'cgroup-v1' }
    },
  }
}

function setMemory(folders: Folders, memoryMb: number): void {
  const memory = folders.of('memory')
  if (!memory) return
  const bytes = String(Math.floor(memoryMb * MIB))
  if (memory.level === 'cgroup-v1') {
    writeFileSync(join(memory.folder, 'memory.limit_in_bytes'), bytes)
    tryWrite(join(memory.folder, 'memory.memsw.limit_in_bytes'), bytes)
    return
  }
  writeFileSync(join(memory.folder, 'memory.max'), bytes)
  tryWrite(join(memory.folder, 'memory.swap.max'), '0')
  tryWrite(join(memory.folder, 'memory.oom.group'), '1')
}

function openCgroup(folders: Folders): Cgroup {
  const [memory, pids, cpu, cpuacct] = [
    folders.of('memory'),
    folders.of('pids'),
    folders.of('cpu'),
    folders.of('cpuacct'),
  ]
  return {
    folders: folders.all,
    levels: {
      memory: memory?.level ?? 'none',
      pids: pids?.level ?? 'none',
      cpu: cpu?.level ?? 'none',
    },
    setCpus(cpus) {
      if (!cpu) return
      const quota = Math.max(1_000, Math.round(cpus * CPU_PERIOD_US))
      if (cpu.level === 'cgroup-v2') writeFileSync(join(cpu.folder, 'cpu.max'), `${quota} ${CPU_PERIOD_US}`)
      else {
        writeFileSync(join(cpu.folder, 'cpu.cfs_period_us'), String(CPU_PERIOD_US))
        writeFileSync(join(cpu.folder, 'cpu.cfs_quota_us'), String(quota))
      }
    },
    oomKills() {
      if (!memory) return 0
      const file = memory.level === 'cgroup-v2' ? 'memory.events' : 'memory.oom_control'
      return field(join(memory.folder, file), 'oom_kill') ?? 0
    },
    usage() {
      return {
        memoryBytes: memory && memoryInUse(memory.folder, memory.level),
        cpuSeconds: cpuSeconds(cpu, cpuacct),
        pids: pids && integer(join(pids.folder, 'pids.current')),
      }
    },
    members: () => members(folders.all[0]!),
    destroy: () => destroyFolders(folders.all),
  }
}

function memoryInUse(folder: string, level: LimitLevel): number | null {
  const used = integer(join(folder, level === 'cgroup-v2' ? 'memory.current' : 'memory.usage_in_bytes'))
  if (used === null) return null
  const cache = level === 'cgroup-v2' ? 'inactive_file' : 'total_inactive_file'
  return Math.max(0, used - (field(join(folder, 'memory.stat'), cache) ?? 0))
}

function cpuSeconds(cpu: ReturnType<Folders['of']>, cpuacct: ReturnType<Folders['of']>): number | null {
  if (cpu?.level === 'cgroup-v2') {
    const micros = field(join(cpu.folder, 'cpu.stat'), 'usage_usec')
    return micros === null ? null : micros / 1e6
  }
  const nanos = cpuacct && integer(join(cpuacct.folder, 'cpuacct.usage'))
  return nanos === null ? null : nanos / 1e9
}

/** One stroke where the kernel has `cgroup.kill` (5.14); elsewhere process by process, until the caller sees none. */
function killAll(folder: string): void {
  if (tryWrite(join(folder, 'cgroup.kill'), '1')) return
  for (const pid of members(folder)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone by itself.
    }
  }
}

async function remove(folder: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      rmdirSync(folder)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      if (tries === 100) throw error
      await sleep(5)
    }
  }
}

function members(folder: string): number[] {
  return (read(join(folder, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number)
}

function entries(base: string): string[] {
  try {
    return readdirSync(base, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(base, entry.name))
  } catch {
    return []
  }
}

function integer(file: string): number | null {
  const text = read(file)
  return text === null ? null : Number(text)
}

function field(file: string, name: string): number | null {
  const value = new RegExp(`^${name} (\\d+)`, 'm').exec(read(file) ?? '')?.[1]
  return value === undefined ? null : Number(value)
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function tryWrite(file: string, text: string): boolean {
  try {
    // Without the flag a folder that is not a control group would silently gain a file.
    writeFileSync(file, text, { flag: 'r+' })
    return true
  } catch {
    return false
  }
}

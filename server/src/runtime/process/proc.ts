/** What `/proc` says about processes. A process is a pid with its start time, since pids are reused. */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second in `/proc/PID/stat`: 100 on every Linux that Node supports. */
const TICKS = 100

export interface ProcessIdentity {
  pid: number
  /** Clock ticks between boot and the process's start. */
  startTime: number
  bootId: string
}

/** Who runs under a pid now; null when nobody does (or only its dead shell, waiting to be collected). */
export function identify(pid: number): ProcessIdentity | null {
  const stat = statFields(pid)
  if (stat === null || stat.state === 'Z' || stat.state === 'X') return null
  return { pid, startTime: stat.startTime, bootId: bootId() }
}

/** True while exactly this process lives, not a later one with its pid. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid)
  return now !== null && now.startTime === identity.startTime && now.bootId === identity.bootId
}

/** The pid's direct children. */
export function childrenOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`)
  if (text !== null) return text.split(' ').filter(Boolean).map(Number)
  return allPids().filter((candidate) => statFields(candidate)?.parent === pid)
}

/** The pid and everything below it. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)]
}

/** Every process that carries `NAME=value` in the environment it was started with. */
export function withEnvironment(name: string, value: string): number[] {
  const wanted = `\0${name}=${value}\0`
  return allPids().filter((pid) => {
    const environment = read(`/proc/${pid}/environ`)
    return environment !== null && `\0${environment}\0`.includes(wanted) && identify(pid) !== null
  })
}

/** Resident memory, CPU time and number of processes, summed over a tree. */
export function treeUsage(pid: number): { memoryBytes: number; cpuSeconds: number; pids: number } {
  const total = { memoryBytes: 0, cpuSeconds: 0, pids: 0 }
  for (const member of treeOf(pid)) {
    const stat = statFields(member)
    if (stat === null) continue
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${member}/status`) ?? '')?.[1]
    total.memoryBytes += Number(rss ?? 0) * 1024
    total.cpuSeconds += stat.ticks / TICKS
    total.pids += 1
  }
  return total
}

/** Descriptors that this process would pass on to every program it starts, since whoever started it left them open. */
export function inheritableDescriptors(): number[] {
  return list('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && !closesOnExec(fd))
}

/** Sends a signal; false when the process is gone or not ours. Negative pids are process groups. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}

function closesOnExec(fd: number): boolean {
  const flags = /^flags:\s+(\d+)/m.exec(read(`/proc/self/fdinfo/${fd}`) ?? '')?.[1]
  return flags === undefined || (parseInt(flags, 8) & 0o2000000) !== 0
}

function statFields(pid: number) {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The name stands in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0],
    parent: Number(fields[1]),
    ticks: Number(fields[11]) + Number(fields[12]),
    startTime: Number(fields[19]),
  }
}

let boot: string | undefined
const bootId = () => (boot ??= (read('/proc/sys/kernel/random/boot_id') ?? '').trim())

const allPids = () =>
  list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return null
  }
}

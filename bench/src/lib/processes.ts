/** CPU time and memory of process trees, from /proc. */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second and bytes a page, as Linux has them on every machine that Berth runs on. */
const ticksPerSecond = 100
const pageBytes = 4096

export interface ProcessInfo {
  pid: number
  parent: number
  name: string
  /** User and system time, with that of its ended children. */
  cpuMs: number
  rssMb: number
}

/** Reads the text of `/proc/<pid>/stat`. The name may hold anything, spaces and parentheses included. */
export function parseStat(text: string): ProcessInfo {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = text
    .slice(close + 2)
    .split(' ')
    .map(Number)
  const ticks = fields[11]! + fields[12]! + fields[13]! + fields[14]!
  return {
    pid: Number(text.slice(0, open)),
    parent: fields[1]!,
    name: text.slice(open + 1, close),
    cpuMs: (ticks * 1000) / ticksPerSecond,
    rssMb: (fields[21]! * pageBytes) / 1e6,
  }
}

/** Every process on the machine that can be read. */
function allProcesses(): ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))]
      } catch {
        return [] // it ended meanwhile
      }
    })
}

/** A process and everything below it; empty when it is gone. */
export function processTree(root: number): ProcessInfo[] {
  const all = allProcesses()
  const found = all.filter((one) => one.pid === root)
  for (let at = 0; at < found.length; at++) found.push(...all.filter((one) => one.parent === found[at]!.pid))
  return found
}

export interface Usage {
  processes: number
  cpuMs: number
  /** The sum over the processes: pages they share count for each. */
  rssMb: number
}

/** The sum over the processes of a tree that `counts`. */
export function usageOf(root: number, counts: (one: ProcessInfo) => boolean = () => true): Usage {
  const counted = processTree(root).filter(counts)
  const sum = (of: (one: ProcessInfo) => number) => counted.reduce((total, one) => total + of(one), 0)
  return { processes: counted.length, cpuMs: sum((one) => one.cpuMs), rssMb: sum((one) => one.rssMb) }
}

/** Of Berth's processes: whether it belongs to PostgreSQL. */
export function isPostgres(one: ProcessInfo): boolean {
  return one.name === 'postgres'
}

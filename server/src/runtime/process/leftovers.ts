/**
 * Records of running processes, so that a runner that was killed leaves nothing running: its successor reads them, kills what
 * they name and removes them. A record is written before the process starts and names everything that identifies it.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { destroyFolders, listCgroups } from '../sandbox/cgroup.ts'
import type { CgroupLayout } from '../sandbox/cgroup-layout.ts'
import { identify, isAlive, signal, treeOf, withEnvironment, type ProcessIdentity } from './proc.ts'

/** Environment variable that marks processes which run without sandbox or control group. */
export const MARK = 'BERTH_INSTANCE'

export interface ProcessRecord {
  instanceId: string
  /** The runner that owns the process. */
  owner: ProcessIdentity
  /** Leader of the process group; null until it has started. */
  leader: ProcessIdentity | null
  cgroups: string[]
  /** Value of the mark in the environment, if the process carries one. */
  mark: string | null
}

export interface Leftover {
  instanceId: string
  /** Whether anything was still running. */
  wasRunning: boolean
}

export interface Records {
  save(record: ProcessRecord): void
  remove(instanceId: string): void
  /** Kills what dead runners left behind, and control groups nobody has a record of. */
  reap(layout: CgroupLayout, cgroupPrefix: string): Promise<Leftover[]>
}

export function openRecords(dir: string): Records {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const pathOf = (instanceId: string) => join(dir, `${instanceId}.json`)
  return {
    save(record) {
      const path = pathOf(record.instanceId)
      writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 })
      renameSync(`${path}.new`, path)
    },
    remove: (instanceId) => rmSync(pathOf(instanceId), { force: true }),
    async reap(layout, cgroupPrefix) {
      const leftovers: Leftover[] = []
      // Groups first: a record that is written while we look is then newer than the list.
      const groups = listCgroups(layout, cgroupPrefix)
      const records = readRecords(dir)
      for (const record of records) {
        if (isAlive(record.owner)) groups.delete(cgroupPrefix + record.instanceId)
        else {
          leftovers.push({ instanceId: record.instanceId, wasRunning: await killRecorded(record) })
          groups.delete(cgroupPrefix + record.instanceId)
          rmSync(pathOf(record.instanceId), { force: true })
        }
      }
      for (const [name, folders] of groups) {
        await destroyFolders(folders)
        leftovers.push({ instanceId: name.slice(cgroupPrefix.length), wasRunning: true })
      }
      return leftovers
    },
  }
}

function readRecords(dir: string): ProcessRecord[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [JSON.parse(readFileSync(join(dir, name), 'utf8')) as ProcessRecord]
      } catch {
        return []
      }
    })
}

async function killRecorded({ leader, cgroups, mark }: ProcessRecord): Promise<boolean> {
  // Only the start time tells our process from a later one with its pid, or its process group from a later one.
  const wasRunning = (leader !== null && isAlive(leader)) || marked(mark).length > 0
  if (leader !== null && isAlive(leader)) {
    for (const pid of [-leader.pid, ...treeOf(leader.pid)]) signal(pid, 'SIGKILL')
  }
  await killMarked(mark)
  await destroyFolders(cgroups)
  await gone(leader)
  return wasRunning
}

/** Kills every process that carries the mark, until there is none: also those that left their process group. */
export async function killMarked(mark: string | null): Promise<void> {
  for (let found = marked(mark); found.length > 0; found = marked(mark)) {
    for (const pid of found) signal(pid, 'SIGKILL')
    await sleep(5)
  }
}

function marked(mark: string | null): number[] {
  return mark === null ? [] : withEnvironment(MARK, mark)
}

async function gone(leader: ProcessIdentity | null): Promise<void> {
  for (let tries = 0; leader !== null && isAlive(leader) && tries < 1000; tries += 1) await sleep(5)
}

/** This process, as the owner of what it starts. */
export function selfIdentity(): ProcessIdentity {
  return identify(process.pid) ?? { pid: process.pid, startTime: 0, bootId: '' }
}

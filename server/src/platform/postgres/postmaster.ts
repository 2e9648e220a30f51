import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import type { Cluster } from './cluster.ts'

/** A running PostgreSQL. */
export interface Postmaster {
  pid: number
  port: number
  /** Resolves once the process is gone, with how it went, for example `exit code 2`. */
  exited: Promise<string>
}

export interface LaunchOptions {
  cluster: Cluster
  binaries: Binaries
  port: number
  /** As for `postgres -c`: `name=value`. */
  settings: string[]
}

/**
 * The loopback interface only. No Unix socket: it would be a tenth faster, but its path may not pass some 100 characters, and a
 * data directory's path may.
 */
const listen = ['-c', 'listen_addresses=127.0.0.1', '-k', '']

/** Another program listens on the port that PostgreSQL was to take. */
export class PortTaken extends Error {}

/** Sessions of a killed PostgreSQL still work on the files; they end by themselves, once they notice. */
export class FilesInUse extends Error {}

/**
 * Starts PostgreSQL on a cluster and waits until it takes connections; crash recovery may make that long.
 *
 * It runs in a session of its own, so that Ctrl-C in Berth's terminal does not reach it: Berth stops it last.
 * Throws `PortTaken`, `FilesInUse`, or an error with the end of PostgreSQL's log.
 */
export async function launch({ cluster, binaries, port, settings }: LaunchOptions): Promise<Postmaster> {
  await removeStalePidFile(cluster)
  const logFile = join(cluster.home, 'postgres.log')
  const logStart = await rotate(logFile)
  const log = openSync(logFile, 'a', 0o600)
  const args = ['-D', cluster.data, '-p', String(port), ...listen]
  const child = spawn(binaries.postgres, [...args, ...settings.flatMap((setting) => ['-c', setting])], {
    ...cluster.account,
    cwd: cluster.home,
    env: binaries.env,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    child.once('error', (error) => resolve(error.message))
  })
  let ending: string | undefined
  void exited.then((how) => (ending = how))
  while (ending === undefined) {
    const file = await readPidFile(cluster)
    if (file?.pid === child.pid && file?.ready) return { pid: child.pid!, port, exited }
    await Promise.race([exited, sleep(10)])
  }
  const said = (await readFile(logFile, 'utf8')).slice(logStart).trim()
  if (/could not bind|Address already in use/.test(said)) throw new PortTaken(`Port ${port} is taken.`)
  if (/pre-existing shared memory/.test(said)) throw new FilesInUse(lastLines(said))
  throw new Error(`PostgreSQL did not start (${ending}). Its log, ${logFile}, ends with:\n${lastLines(said)}`)
}

/** Bounds PostgreSQL's log to two files of about 10 MB. Returns the size it starts with now. */
async function rotate(file: string): Promise<number> {
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  )
  if (size < 10_000_000) return size
  await rename(file, `${file}.1`)
  return 0
}

/**
 * The PostgreSQL that still runs on this cluster, if any: a kill -9 of Berth leaves it behind, and its clients' work
 * need not suffer for it. It is taken over if it runs the very program that Berth would start now; after an upgrade it is
 * stopped instead.
 */
export async function adopt(cluster: Cluster, binaries: Binaries): Promise<Postmaster | null> {
  const left = await readPidFile(cluster)
  if (!left || !(await runsOn(left.pid, cluster))) return null
  const postmaster = { pid: left.pid, port: left.port, exited: whenGone(left.pid) }
  if ((await link(left.pid, 'exe')) !== (await realpath(binaries.postgres))) {
    await stop(postmaster)
    return null
  }
  while (await isAlive(left.pid)) {
    const file = await readPidFile(cluster)
    if (file?.pid === left.pid && file.ready) return postmaster
    await sleep(20)
  }
  return null
}

/**
 * PostgreSQL refuses to start while its pid file names any process that exists: one that got the number after a power
 * loss, or a zombie that nobody has collected. PostgreSQL's own lock on its shared memory still guards the files.
 */
async function removeStalePidFile(cluster: Cluster): Promise<void> {
  const file = await readPidFile(cluster)
  if (file && !(await runsOn(file.pid, cluster)))
    await rm(join(cluster.data, 'postmaster.pid'), { force: true })
}

/** Whether a process is a live PostgreSQL on this cluster. A postmaster works in its data directory. */
async function runsOn(pid: number, cluster: Cluster): Promise<boolean> {
  return (await link(pid, 'cwd')) === (await realpath(cluster.data))
}

/** What PostgreSQL writes about itself while it runs. A line each: pid, data directory, start time, port, …, status. */
async function readPidFile({ data }: Cluster): Promise<{ pid: number; port: number; ready: boolean } | null> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  if (!Number(lines[0])) return null
  return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

/**
 * Stops PostgreSQL: fast first (transactions roll back, a checkpoint is written), then at once if that takes more than
 * `patience` milliseconds. Its data are safe either way.
 */
export async function stop(postmaster: Postmaster, patience = 20_000): Promise<void> {
  // A process number that has ended may be someone else's by now.
  if ((await Promise.race([postmaster.exited, Promise.resolve()])) !== undefined) return
  for (const [signal, wait] of [
    ['SIGINT', patience],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    signalIfAlive(postmaster.pid, signal)
    const gone = await Promise.race([postmaster.exited, sleep(wait, undefined, { ref: false })])
    if (gone !== undefined) return
  }
  throw new Error(`PostgreSQL (process ${postmaster.pid}) does not end, not even when killed.`)
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A process that is not our child has no exit event: look. */
async function whenGone(pid: number): Promise<string> {
  while (await isAlive(pid)) await sleep(100, undefined, { ref: false })
  return 'ended'
}

async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const state = text.slice(text.lastIndexOf(')') + 2)[0]
  return state !== undefined && state !== 'Z' // a zombie only waits for its parent to look
}

async function link(pid: number, name: 'cwd' | 'exe'): Promise<string | null> {
  return readlink(`/proc/${pid}/${name}`).catch(() => null)
}

/** A port on the loopback interface that is free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function lastLines(text: string): string {
  return text.split('\n').slice(-8).join('\n')
}

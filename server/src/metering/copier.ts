import { closeSync, openSync, readdirSync, readSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import type { Platform } from '../platform/platform.ts'
import { repeat } from '../platform/repeat.ts'
import { journalName, maxInteger, type Journal } from './journal.ts'
import { callRetentionDays, dropCallsBefore, makePartitions } from './partitions.ts'
import { sealBatches } from './seal.ts'
import { insertCalls, lockPosition, savePosition } from './store.ts'

const chunkBytes = 1024 * 1024
const copyMs = 250
const sealMs = 5000
const upkeepMs = 3600_000
const leftoversMs = 5000
/** A silent runner's file is copied at once, but removed only when it can be taken for dead. */
const deadAfterMs = 60_000
const dayMs = 24 * 3600_000

export interface CopierOptions {
  /** What this process writes; null: it only looks after what others left in `dir`. */
  journal: Journal | null
  dir: string
  /** Days after which calls are removed. Default 90. */
  retentionDays?: number
}

export interface Copier {
  /** Copies everything there is now and puts its digest into the logs. */
  catchUp(): Promise<void>
  stop(): Promise<void>
}

/** Brings what journals hold into the database, in batches, each record once; looks after partitions and retention. */
export async function startCopier(platform: Platform, options: CopierOptions): Promise<Copier> {
  const { db, clock, logger } = platform
  const { journal, dir, retentionDays = callRetentionDays } = options
  await makePartitions(db, clock.now())
  /** How far own files are copied, as far as this process knows. */
  const copied = new Map<string, number>()

  async function copyOwn(): Promise<void> {
    if (!journal) return
    const files = journal.files()
    for (const { name, size } of files) {
      if (copied.get(name) !== size) copied.set(name, await copyFile(platform, dir, name, journal.runnerId))
      // What is behind the last line of a file that is not written any more was never acknowledged.
      const over = name !== files.at(-1)!.name && copied.get(name) !== -1
      if (!over) continue
      await removeFile(name)
      journal.forget(name)
      copied.delete(name)
    }
  }

  /** Files of processes that are gone. Their runner's silence is told by the database, their end by their pid. */
  async function copyLeftovers(): Promise<void> {
    const names = readdirSync(dir).filter(
      (name) => journalName.test(name) && runnerOf(name) !== journal?.runnerId,
    )
    if (names.length === 0) return
    const runners = await db.selectFrom('runners').select(['id', 'aliveUntil']).execute()
    const aliveUntil = new Map(runners.map((runner) => [runner.id, runner.aliveUntil.getTime()]))
    for (const name of names) {
      const until = aliveUntil.get(runnerOf(name)) ?? 0
      if (until > Date.now()) continue
      const position = await copyFile(platform, dir, name, runnerOf(name))
      const over = until + deadAfterMs < Date.now() && !isProcess(Number(journalName.exec(name)![2]))
      if (over && position !== -1) await removeFile(name)
    }
  }

  async function removeFile(name: string): Promise<void> {
    unlinkSync(path.join(dir, name))
    await db.deleteFrom('callJournals').where('file', '=', name).execute()
  }

  async function upkeep(): Promise<void> {
    await makePartitions(db, clock.now())
    await dropCallsBefore(db, new Date(clock.now().getTime() - retentionDays * dayMs))
  }

  const tasks = [
    repeat({ name: 'calls.copy', everyMs: copyMs, logger }, copyOwn),
    repeat({ name: 'calls.leftovers', everyMs: leftoversMs, logger }, copyLeftovers),
    repeat({ name: 'calls.seal', everyMs: sealMs, logger }, () => sealBatches(platform)),
  ]
  const upkeeping = repeat({ name: 'calls.upkeep', everyMs: upkeepMs, logger }, upkeep)
  return {
    catchUp: async () => {
      for (const task of tasks) await task.now()
    },
    stop: async () => {
      await Promise.all([...tasks, upkeeping].map((task) => task.stop()))
      try {
        journal?.rotate()
        await copyOwn()
        await sealBatches(platform)
        for (const { name, size } of journal?.files() ?? []) if (size === 0) await removeFile(name)
      } catch (error) {
        logger.warn({ err: (error as Error).message }, 'the last calls will be copied by another process')
      } finally {
        journal?.close()
      }
    },
  }
}

const runnerOf = (name: string) => journalName.exec(name)![1]!

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Copies a file to its present end, a chunk a transaction that also keeps the position, so that no end of a process
 * loses or doubles a record. Returns the position; -1 while another process copies it.
 */
async function copyFile(platform: Platform, dir: string, name: string, runnerId: string): Promise<number> {
  for (;;) {
    const step = await copyChunk(platform, dir, name, runnerId)
    if (step.done) return step.position
  }
}

async function copyChunk(platform: Platform, dir: string, name: string, runnerId: string) {
  const { db, clock, logger } = platform
  const now = clock.now()
  const attempt = (strict: boolean) =>
    db.transaction().execute(async (trx) => {
      const position = await lockPosition(trx, name, runnerId, now)
      if (position === null) return { done: true, position: -1 }
      const { lines, length, full } = readChunk(path.join(dir, name), position)
      if (length === 0) return { done: true, position }
      const records = strict ? lines : readable(lines)
      if (records.length < lines.length)
        logger.error({ file: name, position }, 'a part of a journal of calls is not readable')
      if (records !== '') await insertCalls(trx, records, runnerId, now)
      await savePosition(trx, name, position + length, now)
      return { done: !full, position: position + length }
    })
  try {
    return await attempt(true)
  } catch (error) {
    const { code } = error as { code?: string }
    if (!code?.startsWith('22') && !code?.startsWith('23')) throw error
    return await attempt(false)
  }
}

/** Whole lines from a position on, without the last line break. */
function readChunk(file: string, position: number): { lines: string; length: number; full: boolean } {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  const fd = openSync(file, 'r')
  try {
    const read = readSync(fd, buffer, 0, chunkBytes, position)
    const full = read === chunkBytes
    const end = buffer.lastIndexOf(0x0a, read - 1)
    // A megabyte without a line break is no record: it is passed over.
    if (read === 0 || end === -1) return { lines: '', length: full ? read : 0, full }
    return { lines: buffer.toString('utf8', 0, end), length: end + 1, full }
  } finally {
    closeSync(fd)
  }
}

/** The lines that are records; others come to be when the power fails. */
function readable(lines: string): string {
  return lines
    .split('\n')
    .filter((line) => isRecord(line))
    .join('\n')
}

function isRecord(line: string): boolean {
  try {
    const fields = JSON.parse(line) as unknown
    return (
      Array.isArray(fields) &&
      fields.length === 17 &&
      [0, 1, 2, 3, 4, 5, 8, 11].every((i) => typeof fields[i] === 'string') &&
      [6, 7, 9, 10].every((i) => fields[i] === null || typeof fields[i] === 'string') &&
      [13, 14, 15].every((i) => Number.isInteger(fields[i]) && fields[i] >= 0 && fields[i] <= maxInteger) &&
      Number.isSafeInteger(fields[16]) &&
      (fields[12] === null || Number.isInteger(fields[12]))
    )
  } catch {
    return false
  }
}

import { closeSync, fdatasync, fdatasyncSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { CallOutcome } from '@berth/contracts'
import type { Logger } from '../platform/logger.ts'
import { mayBeUnstorable, storableText } from '../platform/text.ts'

/** What a call leaves behind. `at`: when it began, milliseconds of the wall clock. Never arguments or results. */
export interface JournalRecord {
  id: string
  organizationId: string
  workspaceId: string
  deploymentId: string
  principalKind: 'user' | 'service'
  principalId: string
  tokenId: string | null
  sessionId: string | null
  method: string
  tool: string | null
  decisionId: string | null
  outcome: CallOutcome
  errorCode: number | null
  requestBytes: number
  responseBytes: number
  latencyUs: number
  at: number
}

export interface JournalFile {
  name: string
  /** Bytes written so far. */
  size: number
}

/** The file in which one process notes its calls before they are answered. */
export interface Journal {
  runnerId: string
  dir: string
  /**
   * Notes a call: when this returns, no end of this process can lose it; within 100 ms no power loss either. Takes a
   * few microseconds. Throws when it cannot be written: then the call must not be answered.
   */
  append(record: JournalRecord): void
  /**
   * The same for calls that end together: those of one turn of the event loop are noted with one write, then each hears,
   * still in that turn, whether it was.
   */
  appendSoon(record: JournalRecord, done: (noted: boolean) => void): void
  /** The files of this process that may hold something not yet copied, oldest first; the last one is being written. */
  files(): JournalFile[]
  /** Forgets a file that was copied and removed. */
  forget(name: string): void
  /** Goes on in a new file, so that the present one can be copied to its end and removed. */
  rotate(): void
  close(): void
}

export interface JournalOptions {
  dir: string
  runnerId: string
  logger: Logger
  registry?: Registry
  /** A file is left for a new one at this size (default 64 MiB) or age (default 10 min). */
  rotateBytes?: number
  rotateMs?: number
}

const syncMs = 50
/** Longest names that are kept. */
const maxName = 256
/** What a column takes. */
export const maxInteger = 2 ** 31 - 1

/** `<runner>.<pid>.<when>x<number>.v1.calls`: one JSON array a line, in the order of `fieldsOf`. */
export const journalName = /^(rnr_[0-9a-z]{26})\.(\d+)\.[0-9a-z]+\.v1\.calls$/

export function createJournal(options: JournalOptions): Journal {
  const { dir, runnerId, logger, rotateBytes = 64 * 1024 * 1024, rotateMs = 10 * 60_000 } = options
  const count = options.registry ? counters(options.registry) : () => {}
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const files: JournalFile[] = []
  let fd = -1
  let openedAt = 0
  /** A line was cut off by a failed write: the next one must not continue it. */
  let torn = false
  let dirty = false
  let syncing = false
  let closed = false
  let opened = 0
  let soon: { line: string; record: JournalRecord; done: (noted: boolean) => void }[] = []
  openNext()

  function openNext(): void {
    const name = `${runnerId}.${process.pid}.${Date.now().toString(36)}x${(opened++).toString(36)}.v1.calls`
    const next = openSync(path.join(dir, name), 'ax', 0o600)
    const folder = openSync(dir, 'r')
    fsyncSync(folder)
    closeSync(folder)
    if (fd >= 0) {
      fdatasyncSync(fd)
      closeSync(fd)
    }
    fd = next
    openedAt = performance.now()
    torn = false
    files.push({ name, size: 0 })
  }

  function write(line: string): void {
    const current = files.at(-1)!
    const bytes = Buffer.from(torn ? `\n${line}` : line)
    let written = 0
    try {
      while (written < bytes.length) {
        const n = writeSync(fd, bytes, written)
        written += n
        current.size += n
      }
      torn = false
    } catch (error) {
      torn ||= written > 0
      throw new Error(`the call could not be noted: ${(error as Error).message}`, { cause: error })
    }
    dirty = true
  }

  /** What could not be written together is tried alone: a line that is there twice is copied once. */
  function flush(): void {
    const batch = soon
    soon = []
    if (batch.length === 0) return
    const together = tryToWrite(batch.map(({ line }) => line).join(''))
    for (const { line, record, done } of batch) {
      const noted = together || tryToWrite(line)
      if (noted) count(record)
      done(noted)
    }
    if (files.at(-1)!.size >= rotateBytes) openNext()
  }

  function tryToWrite(lines: string): boolean {
    try {
      write(lines)
      return true
    } catch {
      return false
    }
  }

  function sync(): void {
    const current = files.at(-1)!
    if (current.size > 0 && performance.now() - openedAt > rotateMs) openNext()
    if (!dirty || syncing) return
    dirty = false
    syncing = true
    fdatasync(fd, (error) => {
      syncing = false
      if (error && !closed) logger.error({ err: error.message }, 'the journal of calls could not be synced')
    })
  }

  const timer = setInterval(sync, syncMs).unref()
  return {
    runnerId,
    dir,
    append: (record) => {
      if (closed) throw new Error('the journal of calls is closed')
      write(`${lineOf(record)}\n`)
      count(record)
      if (files.at(-1)!.size >= rotateBytes) openNext()
    },
    appendSoon: (record, done) => {
      if (closed) return done(false)
      // After all input of this turn, so that what many sessions are answered is noted at once.
      if (soon.length === 0) setImmediate(flush)
      soon.push({ line: `${lineOf(record)}\n`, record, done })
    },
    files: () => files.map(({ name, size }) => ({ name, size })),
    forget: (name) => {
      const index = files.findIndex((file) => file.name === name)
      if (index >= 0) files.splice(index, 1)
    },
    rotate: openNext,
    close: () => {
      if (closed) return
      flush()
      closed = true
      clearInterval(timer)
      fdatasyncSync(fd)
      closeSync(fd)
    },
  }
}

/** The record as one line: what its digest is taken of. */
export function lineOf(record: JournalRecord): string {
  const line = JSON.stringify(fieldsOf(record))
  if (!mayBeUnstorable(line)) return line
  return JSON.stringify(
    fieldsOf(record).map((field) => (typeof field === 'string' ? storableText(field) : field)),
  )
}

function fieldsOf(record: JournalRecord): (string | number | null)[] {
  return [
    record.id,
    record.organizationId,
    record.workspaceId,
    record.deploymentId,
    record.principalKind,
    record.principalId,
    record.tokenId,
    record.sessionId,
    record.method.length > maxName ? record.method.slice(0, maxName) : record.method,
    record.tool !== null && record.tool.length > maxName ? record.tool.slice(0, maxName) : record.tool,
    record.decisionId,
    record.outcome,
    record.errorCode,
    whole(record.requestBytes),
    whole(record.responseBytes),
    whole(record.latencyUs),
    Math.round(record.at),
  ]
}

function whole(value: number): number {
  return Math.min(Math.round(value), maxInteger)
}

function counters(registry: Registry): (record: JournalRecord) => void {
  const calls = new Counter({
    name: 'berth_calls_total',
    help: 'Requests through the gateway, by outcome',
    labelNames: ['outcome'] as const,
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'berth_call_duration_seconds',
    help: 'Duration of requests through the gateway',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers: [registry],
  })
  return (record) => {
    calls.inc({ outcome: record.outcome })
    seconds.observe(record.latencyUs / 1e6)
  }
}

/**
 * The log of one instance: what its server writes to stderr, the lines of its stdout that are no messages, and notes of
 * ours. Bounded in every direction: line length, rate, memory and disk.
 */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

export type LogStream = 'stderr' | 'stdout' | 'note'

export interface LogEntry {
  /** Rises by one with every line of the instance, also over restarts. */
  n: number
  /** ISO 8601, UTC. */
  at: string
  stream: LogStream
  /** Without control characters: they are written as \x1b and the like. */
  text: string
}

export interface LogOptions {
  /** Two files of at most `maxFileBytes` each are kept here: `server.log` and `server.log.1`. */
  dir: string
  maxFileBytes?: number
  /** Lines kept in memory for `tail`. */
  ringLines?: number
  /** Bytes a second that are kept; what is above is counted and dropped. */
  maxBytesPerSecond?: number
  /** For tests; milliseconds. */
  now?: () => number
}

export interface ProcessLog {
  write(stream: LogStream, text: string): void
  /** The last lines, oldest first; with `after`, only those with a higher number. At most what the memory holds. */
  tail(options?: { lines?: number; after?: number }): LogEntry[]
  /** Calls back with every later line until the returned function is called. */
  subscribe(listener: (entry: LogEntry) => void): () => void
  /** True while more comes than is kept: time to read more slowly. */
  readonly saturated: boolean
  /** Resolves when everything so far is in the file. */
  flush(): Promise<void>
  close(): Promise<void>
}

const MAX_LINE_CHARS = 4096
const RING_CHARS = 1024 * 1024
const FLUSH_MS = 50

export function createProcessLog(options: LogOptions): ProcessLog {
  const now = options.now ?? Date.now
  const ringLines = options.ringLines ?? 1000
  const budget = options.maxBytesPerSecond ?? 128 * 1024
  const listeners = new Set<(entry: LogEntry) => void>()
  const file = createRotatingFile(options.dir, options.maxFileBytes ?? 1024 * 1024)
  const ring = file.readBack().slice(-ringLines)
  let ringChars = ring.reduce((sum, entry) => sum + entry.text.length, 0)
  let last = ring.at(-1)?.n ?? 0
  let window = { since: now(), bytes: 0, droppedLines: 0, droppedBytes: 0 }
  let timer: NodeJS.Timeout | null = null

  function append(stream: LogStream, text: string): void {
    const entry: LogEntry = { n: ++last, at: new Date(now()).toISOString(), stream, text }
    ring.push(entry)
    ringChars += text.length
    while (ring.length > ringLines || ringChars > RING_CHARS) ringChars -= ring.shift()!.text.length
    file.append(formatEntry(entry))
    for (const listener of listeners) listener(entry)
  }

  /** Starts the next second when this one is over, and says what the last one dropped. */
  function turnWindow(): void {
    const at = now()
    if (at - window.since < 1000 && at >= window.since) return
    const { droppedLines, droppedBytes } = window
    window = { since: at, bytes: 0, droppedLines: 0, droppedBytes: 0 }
    if (droppedLines === 0) return
    append(
      'note',
      `${droppedLines} lines (${droppedBytes} bytes) dropped: more than ${budget} bytes in a second`,
    )
  }

  function write(stream: LogStream, text: string): void {
    turnWindow()
    window.bytes += text.length
    if (stream !== 'note' && window.bytes > budget) {
      window.droppedLines += 1
      window.droppedBytes += text.length
      timer ??= setTimeout(afterFlood, 1000).unref()
      return
    }
    append(stream, shorten(escapeControls(text)))
  }

  function afterFlood(): void {
    timer = null
    turnWindow()
    if (window.droppedLines > 0) timer = setTimeout(afterFlood, 1000).unref()
  }

  return {
    write,
    tail({ lines = ringLines, after = 0 } = {}) {
      const entries = after > 0 ? ring.filter((entry) => entry.n > after) : ring.slice()
      return lines === 0 ? [] : entries.slice(-lines)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    get saturated() {
      return window.bytes > budget && now() - window.since < 1000
    },
    flush: () => file.flush(),
    async close() {
      if (timer) clearTimeout(timer)
      window.since = -Infinity
      turnWindow()
      await file.close()
    },
  }
}

/** Makes terminal and log injection visible; keeps tabs. */
export function escapeControls(text: string): string {
  // oxlint-disable-next-line no-control-regex -- finding them is the point
  return text.replace(
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => {
      const code = character.charCodeAt(0)
      return code < 256
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`
    },
  )
}

function shorten(text: string): string {
  const over = text.length - MAX_LINE_CHARS
  return over > 0 ? `${text.slice(0, MAX_LINE_CHARS)}… (${over} more characters)` : text
}

const formatEntry = ({ n, at, stream, text }: LogEntry) => `${n} ${at} ${stream} ${text}\n`

function parseEntry(line: string): LogEntry | null {
  const match = /^(\d+) (\S+) (stderr|stdout|note) (.*)$/.exec(line)
  return match && { n: Number(match[1]), at: match[2]!, stream: match[3] as LogStream, text: match[4]! }
}

/** Appends in the background, in order; a write error costs lines, never the process. */
function createRotatingFile(dir: string, maxBytes: number) {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const path = join(dir, 'server.log')
  closeSync(openSync(path, 'a', 0o600))
  let handle: FileHandle | null = null
  let size = statSync(path).size
  let waiting = ''
  let writing: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let closed = false

  async function drain(): Promise<void> {
    while (waiting !== '') {
      const batch = waiting
      waiting = ''
      try {
        await appendBatch(batch)
      } catch {
        handle = null
      }
    }
  }

  async function appendBatch(batch: string): Promise<void> {
    if (size > 0 && size + batch.length > maxBytes) {
      await handle?.close()
      handle = null
      renameSync(path, `${path}.1`)
      size = 0
    }
    handle ??= await open(path, 'a', 0o600)
    const { bytesWritten } = await handle.write(batch.slice(-maxBytes))
    size += bytesWritten
  }

  async function flush(): Promise<void> {
    if (timer) clearTimeout(timer)
    timer = null
    writing ??= drain().finally(() => {
      writing = null
    })
    await writing
    // A line that came just as the last batch was done.
    if (waiting !== '') await flush()
  }

  return {
    append(line: string) {
      if (closed) return
      waiting += line
      timer ??= setTimeout(() => void flush(), FLUSH_MS).unref()
    },
    flush,
    readBack(): LogEntry[] {
      const older = readOptional(`${path}.1`)
      return (older + readOptional(path)).split('\n').flatMap((line) => parseEntry(line) ?? [])
    },
    async close() {
      closed = true
      await flush()
      await handle?.close()
      handle = null
    },
  }
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

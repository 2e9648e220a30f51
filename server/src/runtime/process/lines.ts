/**
 * Splits a server's output into lines. This is the gateway's hot path (tens of thousands of messages a second): a
 * complete line is handed out as a view of the chunk it came in, and only a line that spans chunks is copied.
 */
export interface OversizedLine {
  /** Length of the whole line, or of what came until it was given up. */
  bytes: number
  /** The first and the last bytes of the line (4 KiB each), enough to find out which request it answers. */
  head: Buffer
  tail: Buffer
}

export interface LineSplitterOptions {
  /** Longest line that is kept, in bytes. */
  maxBytes: number
  /** A complete line, without its line end. The view is valid as long as it is referenced; do not write to it. */
  onLine: (line: Buffer) => void
  /** A longer line came to its end; its middle was dropped as it came. */
  onOversized: (line: OversizedLine) => void
  /** A line has grown past eight times the bound without an end: nothing sensible will follow. */
  onEndless: (line: OversizedLine) => void
}

export interface LineSplitter {
  push(chunk: Buffer): void
  /** Hands out what is left without a line end. */
  end(): void
}

const LF = 10
const CR = 13
const EDGE_BYTES = 4096
const ENDLESS_FACTOR = 8

export function createLineSplitter(options: LineSplitterOptions): LineSplitter {
  let parts: Buffer[] = []
  let bytes = 0
  /** Set while the rest of a line that is too long runs past. */
  let dropped: OversizedLine | null = null

  function push(chunk: Buffer): void {
    let start = 0
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, start)) {
      if (bytes === 0 && at - start <= options.maxBytes) emit(chunk.subarray(start, at))
      else finish(chunk.subarray(start, at))
      start = at + 1
    }
    if (start < chunk.length) keep(start === 0 ? chunk : chunk.subarray(start))
  }

  function keep(part: Buffer): void {
    bytes += part.length
    if (dropped) return drop(dropped, part)
    parts.push(part)
    if (bytes <= options.maxBytes) return
    dropped = { bytes, head: Buffer.concat(parts, EDGE_BYTES), tail: lastBytes(...parts) }
    parts = []
  }

  function drop(line: OversizedLine, part: Buffer): void {
    const endless = options.maxBytes * ENDLESS_FACTOR
    const wasEndless = line.bytes > endless
    line.bytes = bytes
    line.tail = lastBytes(line.tail, part)
    if (!wasEndless && bytes > endless) options.onEndless(line)
  }

  function finish(part: Buffer): void {
    if (part.length > 0) keep(part)
    const [line, whole] = [dropped, parts]
    parts = []
    bytes = 0
    dropped = null
    if (line) options.onOversized(line)
    else emit(whole.length === 1 ? whole[0]! : Buffer.concat(whole))
  }

  function emit(line: Buffer): void {
    const end = line.length > 0 && line[line.length - 1] === CR ? line.length - 1 : line.length
    if (end > 0) options.onLine(end === line.length ? line : line.subarray(0, end))
  }

  return {
    push,
    end() {
      if (bytes > 0) finish(Buffer.alloc(0))
    },
  }
}

/** A copy of the last bytes, which does not keep the chunks they came in alive. */
function lastBytes(...parts: Buffer[]): Buffer {
  let first = parts.length
  for (let bytes = 0; bytes < EDGE_BYTES && first > 0; first -= 1) bytes += parts[first - 1]!.length
  return Buffer.from(Buffer.concat(parts.slice(first)).subarray(-EDGE_BYTES))
}

/**
 * The JSON-RPC id that an oversized line answers, when its edges show it beyond doubt: right at the beginning or as the
 * last member. Null when they do not.
 */
export function oversizedId({ head, tail }: OversizedLine): string | number | null {
  const id = String.raw`"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)`
  const first = new RegExp(String.raw`^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?${id}\s*,`)
  const last = new RegExp(String.raw`[}\]"el\d]\s*,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?${id}\s*\}\s*$`)
  const found = first.exec(head.toString('utf8')) ?? last.exec(tail.toString('utf8'))
  return found ? (JSON.parse(found[1]!) as string | number) : null
}

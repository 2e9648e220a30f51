/** Reads a `text/event-stream` as it arrives. */

export interface SseEvent {
  /** The last id seen so far, which a resumption names. */
  id: string | null
  data: string
}

/** Incremental parser. `push` returns the events completed by a chunk; `retryMs` is the server's latest wish. */
export class SseReader {
  lastId: string | null = null
  retryMs: number | null = null
  private readonly limit: number
  private readonly decoder = new TextDecoder()
  private rest = ''
  private data: string[] = []
  private size = 0

  /** @param limit longest event in characters; a longer one makes `push` throw RangeError */
  constructor(limit: number) {
    this.limit = limit
  }

  push(chunk: Uint8Array): SseEvent[] {
    const events: SseEvent[] = []
    const text = this.rest + this.decoder.decode(chunk, { stream: true })
    let start = 0
    for (;;) {
      const end = lineEnd(text, start)
      // A carriage return at the very end may be half of a CRLF.
      if (end < 0 || (text.charCodeAt(end) === 13 && end === text.length - 1)) break
      this.line(text.slice(start, end), events)
      start = end + (text.charCodeAt(end) === 13 && text.charCodeAt(end + 1) === 10 ? 2 : 1)
    }
    this.rest = text.slice(start)
    if (this.rest.length + this.size > this.limit) throw new RangeError('An event is too long.')
    return events
  }

  private line(line: string, events: SseEvent[]): void {
    if (line === '') {
      if (this.data.length > 0) events.push({ id: this.lastId, data: this.data.join('\n') })
      this.data = []
      this.size = 0
      return
    }
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1)
    if (field === 'data') {
      this.data.push(value)
      this.size += value.length
    } else if (field === 'id' && !value.includes('\0')) this.lastId = value
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
  }
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from)
  const feed = text.indexOf('\r', from)
  if (feed < 0) return newline
  return newline < 0 ? feed : Math.min(newline, feed)
}

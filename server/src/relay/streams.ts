/**
 * Server-sent events of one session: its own stream (GET) and those of single calls (POST), with ids, a bounded store
 * and replay after `Last-Event-ID`.
 */
import type { ServerResponse } from 'node:http'
import { oneLine } from './jsonrpc.ts'

/** A client that leaves this much unread is disconnected; it may resume from the store. */
const MAX_UNREAD = 1024 * 1024
const MAX_STORED_LENGTH = 1024 * 1024
const MAX_STORED_EVENTS = 1024
const MAX_FINISHED = 32
const RETRY_MS = 1000

interface StoredEvent {
  stream: SseStream
  seq: number
  text: string
  /** `performance.now()` */
  at: number
}

/** One logical stream. It outlives its connections. */
export class SseStream {
  readonly number: number
  lastSeq = 0
  /** Highest event handed to some connection. */
  sent = 0
  finished = false
  res: ServerResponse | null = null
  stored = 0

  constructor(number: number) {
    this.number = number
  }
}

export class SessionStreams {
  /** The stream of the session itself. */
  readonly own = new SseStream(0)
  private readonly streams = new Map<number, SseStream>([[0, this.own]])
  private events: StoredEvent[] = []
  private storedLength = 0
  private lastNumber = 0
  /** Distinguishes event ids of this process from those before a restart. */
  private readonly epoch: string
  private readonly priming: () => boolean
  private readonly open: Set<ServerResponse>

  /**
   * @param priming whether to send an empty event with an id first (2025-11-25; earlier clients choke on it)
   * @param open all event-stream connections of the endpoint, for keep-alives
   */
  constructor(epoch: string, priming: () => boolean, open: Set<ServerResponse>) {
    this.epoch = epoch
    this.priming = priming
    this.open = open
  }

  create(): SseStream {
    const stream = new SseStream(++this.lastNumber)
    this.streams.set(stream.number, stream)
    return stream
  }

  /** Any stream with a live connection keeps its session from being idle. */
  get connected(): boolean {
    for (const stream of this.streams.values()) if (stream.res) return true
    return false
  }

  /** Writes the response head and connects the stream; an older connection of it is ended. */
  connect(stream: SseStream, res: ServerResponse): void {
    const former = stream.res
    stream.res = res
    former?.end()
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    this.open.add(res)
    res.on('close', () => {
      this.open.delete(res)
      if (stream.res === res) stream.res = null
    })
    const priming = this.priming() && stream.sent === 0 ? `id: ${this.eventId(stream, 0)}\ndata: \n` : ''
    res.write(`${priming}retry: ${RETRY_MS}\n\n`)
  }

  /** Sends what a new connection has missed: what no connection was given, or what follows `afterSeq`. */
  replay(stream: SseStream, afterSeq = stream.sent): void {
    for (const event of this.events) {
      if (event.stream === stream && event.seq > afterSeq) this.write(stream, event.seq, event.text)
    }
    if (stream.finished) stream.res?.end()
  }

  /** Appends a message; it is written at once when a connection is there. */
  push(stream: SseStream, text: string): void {
    const seq = ++stream.lastSeq
    const line = oneLine(text)
    this.store({ stream, seq, text: line, at: performance.now() })
    this.write(stream, seq, line)
  }

  /** No more messages: the connection ends; the stored ones can still be replayed. */
  finish(stream: SseStream): void {
    stream.finished = true
    stream.res?.end()
    if (stream.stored === 0) this.streams.delete(stream.number)
    else if (this.streams.size > MAX_FINISHED) this.forgetOldestFinished()
  }

  /** The stream and position an event id names, or null when it is not (or no longer) ours. */
  locate(eventId: string): { stream: SseStream; seq: number } | null {
    const [epoch, number, seq] = eventId.split('-')
    if (epoch !== this.epoch) return null
    const stream = this.streams.get(Number(number))
    return stream && /^\d+$/.test(seq ?? '') ? { stream, seq: Number(seq) } : null
  }

  /** True for an id of the session's own stream, of whichever process. */
  static isOwn(eventId: string): boolean {
    return eventId.split('-')[1] === '0'
  }

  /** Ends every connection. */
  endAll(): void {
    for (const stream of this.streams.values()) stream.res?.end()
    this.streams.clear()
    this.events = []
  }

  private eventId(stream: SseStream, seq: number): string {
    return `${this.epoch}-${stream.number}-${seq}`
  }

  private write(stream: SseStream, seq: number, text: string): void {
    const { res } = stream
    if (!res) return
    if (res.writableLength > MAX_UNREAD) {
      stream.res = null
      res.destroy()
      return
    }
    stream.sent = Math.max(stream.sent, seq)
    res.write(`id: ${this.eventId(stream, seq)}\ndata: ${text}\n\n`)
  }

  private store(event: StoredEvent): void {
    this.events.push(event)
    event.stream.stored++
    this.storedLength += event.text.length
    let drop = 0
    // The newest event always stays, however long: its connection may just have broken.
    while (
      drop < this.events.length - 1 &&
      (this.storedLength > MAX_STORED_LENGTH || this.events.length - drop > MAX_STORED_EVENTS)
    ) {
      this.forget(this.events[drop]!)
      drop++
    }
    // Shifting in bulk keeps a full store cheap.
    if (drop > 0) this.events.splice(0, drop)
  }

  /** Drops what was stored before `before` (`performance.now()` scale). */
  expire(before: number): void {
    let drop = 0
    while (drop < this.events.length && this.events[drop]!.at < before) this.forget(this.events[drop++]!)
    if (drop > 0) this.events.splice(0, drop)
  }

  private forget(event: StoredEvent): void {
    this.storedLength -= event.text.length
    const { stream } = event
    if (--stream.stored === 0 && stream.finished) this.streams.delete(stream.number)
  }

  private forgetOldestFinished(): void {
    for (const stream of this.streams.values()) {
      if (!stream.finished) continue
      this.streams.delete(stream.number)
      this.events = this.events.filter((event) => {
        if (event.stream !== stream) return true
        this.storedLength -= event.text.length
        return false
      })
      return
    }
  }
}

/** Keeps a remote server's own event stream (GET) open, resuming it where it broke. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SseReader } from './sse-reader.ts'
import { oneLine } from './jsonrpc.ts'

type Chunks = AsyncIterable<unknown>

const MAX_WAIT_MS = 30_000
const MAX_OPENING_MS = 250

export class RemoteListener {
  private readonly open: (lastId: string | null) => Promise<Chunks | null>
  private readonly onMessage: (text: string) => void
  private readonly limit: number
  private readonly signal: AbortSignal
  /** Which run is current; an older one ends at its next step. */
  private run = 0
  private lastId: string | null = null

  /** `open` resolves null when the server offers no such stream. */
  constructor(
    open: (lastId: string | null) => Promise<Chunks | null>,
    onMessage: (text: string) => void,
    options: { limit: number; signal: AbortSignal },
  ) {
    this.open = open
    this.onMessage = onMessage
    this.limit = options.limit
    this.signal = options.signal
  }

  /**
   * Resolves when the stream is open, or refused, or slow to open. Requests should wait for it: what a server wants to
   * say outside of them before the stream is there is lost with many servers.
   */
  async start(): Promise<void> {
    if (this.run !== 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    void this.listen(++this.run, resolve)
    await Promise.race([promise, sleep(MAX_OPENING_MS, undefined, { ref: false })])
  }

  /** For a new session: its stream starts anew. */
  restart(): void {
    this.lastId = null
    void this.listen(++this.run)
  }

  stop(): void {
    this.run = Number.MAX_SAFE_INTEGER
  }

  private async listen(run: number, opened?: () => void): Promise<void> {
    let wait = 1000
    while (this.run === run && !this.signal.aborted) {
      const reader = new SseReader(this.limit)
      reader.lastId = this.lastId
      try {
        const body = await this.open(this.lastId).finally(opened)
        if (body === null) return
        for await (const chunk of body) {
          if (this.run !== run) return
          for (const { id, data } of reader.push(chunk as Uint8Array)) {
            this.lastId = id
            if (data !== '') this.onMessage(oneLine(data))
          }
          wait = 1000
        }
        wait = reader.retryMs ?? wait
      } catch {
        wait = Math.min(wait * 2, MAX_WAIT_MS)
      }
      await sleep(Math.min(wait, MAX_WAIT_MS), undefined, { signal: this.signal, ref: false }).catch(() => {})
    }
  }
}

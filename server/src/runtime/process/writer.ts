/** Writes newline-framed messages to a server's stdin: everything of one turn of the event loop in one system call. */
import type { Writable } from 'node:stream'

export interface LineWriter {
  /**
   * Queues one line (without its line end; it must not contain any). False when it was not taken: the stream has ended,
   * or more than the bound waits because the server does not read.
   */
  send(line: string | Buffer): boolean
  /** Bytes that wait for the server to read them (text counts as one byte a character). */
  readonly waiting: number
  /** Resolves when nothing waits, or when the stream is gone. */
  drained(): Promise<void>
  /** Ends the stream after what waits. */
  end(): void
}

export function createLineWriter(stream: Writable, maxWaiting: number): LineWriter {
  let text = ''
  let scheduled = false
  let open = true
  let wakers: (() => void)[] = []

  stream.on('error', close)
  stream.on('close', close)
  stream.on('drain', wakeWhenEmpty)

  function close(): void {
    open = false
    text = ''
    wake()
  }

  function wake(): void {
    const waiting = wakers
    wakers = []
    for (const resolve of waiting) resolve()
  }

  function wakeWhenEmpty(): void {
    if (text === '' && stream.writableLength === 0) wake()
  }

  function flushText(): void {
    if (text === '') return
    const batch = text
    text = ''
    stream.write(batch, wakeWhenEmpty)
  }

  function flush(): void {
    if (!scheduled || !open) return
    scheduled = false
    flushText()
    stream.uncork()
  }

  return {
    send(line) {
      if (!open || text.length + stream.writableLength + line.length > maxWaiting) return false
      if (!scheduled) {
        scheduled = true
        stream.cork()
        // After all input of this turn has been handled, so that messages of many sessions leave together.
        setImmediate(flush)
      }
      if (typeof line === 'string') text += `${line}\n`
      else {
        flushText()
        stream.write(line)
        text = '\n'
      }
      return true
    },
    get waiting() {
      return text.length + stream.writableLength
    },
    async drained() {
      if (!open || text.length + stream.writableLength === 0) return
      await new Promise<void>((resolve) => wakers.push(resolve))
    },
    end() {
      flush()
      open = false
      stream.end()
    },
  }
}

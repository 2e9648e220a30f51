import type { ServerResponse } from 'node:http'

const keepAliveMs = 15_000
/** A reader this far behind is cut off; it resumes where it was with `Last-Event-ID`. */
export const maxBuffered = 4 * 1024 * 1024

export interface SseEvent {
  event: string
  id?: string
  /** Already JSON. */
  data: string
}

export interface SseStream {
  readonly lastEventId: string | undefined
  readonly closed: boolean
  send(event: SseEvent): void
  /** Null while the reader keeps up; else resolves when it has caught up or is gone. */
  drained(): Promise<void> | null
  /**
   * Asks at once, instead of at the next keep-alive, whether the caller is still allowed. What is sent meanwhile
   * waits for the answer.
   */
  recheck(): void
  onClose(listener: () => void): void
  close(): void
}

/**
 * Writes the head of a stream and keeps it alive. At every keep-alive `stillAllowed` is asked; when it is not, an
 * event `revoked` ends the stream.
 */
export function openSse(
  response: ServerResponse,
  options: { lastEventId: string | undefined; stillAllowed: () => Promise<boolean> },
): SseStream {
  let closed = false
  /** What waits while it is asked whether the caller is still allowed; null: nothing is asked. */
  let held: string[] | null = null
  let heldLength = 0
  let asking: Promise<void> = Promise.resolve()
  let again = false
  const closers: (() => void)[] = []
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  })
  response.write('retry: 1000\n\n')

  function close(): void {
    if (closed) return
    closed = true
    clearInterval(timer)
    for (const closer of closers) closer()
    response.end()
  }

  /** A question that comes while one is being answered is asked again: the answer may be from before it. */
  function recheck(): void {
    if (closed) return
    again = true
    if (!held) asking = ask()
  }

  async function ask(): Promise<void> {
    held = []
    heldLength = 0
    let allowed = true
    while (again && allowed && !closed) {
      again = false
      allowed = await options.stillAllowed().catch(() => false)
    }
    const waiting = held
    held = null
    heldLength = 0
    if (allowed) return waiting.forEach(write)
    write('event: revoked\ndata: {}\n\n')
    close()
  }

  function write(text: string): void {
    if (closed) return
    if (held) {
      held.push(text)
      heldLength += text.length
    } else response.write(text)
    if (response.writableLength + heldLength <= maxBuffered) return
    response.destroy()
    close()
  }

  const timer = setInterval(() => {
    write(': keep-alive\n\n')
    recheck()
  }, keepAliveMs)
  response.on('close', close)
  response.on('error', close)

  return {
    lastEventId: options.lastEventId,
    get closed() {
      return closed
    },
    send: ({ event, id, data }) => write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${data}\n\n`),
    drained: () => {
      if (closed) return null
      if (held) return asking
      if (!response.writableNeedDrain) return null
      return new Promise((resolve) => {
        const go = () => {
          response.off('drain', go).off('close', go)
          resolve()
        }
        response.on('drain', go).on('close', go)
      })
    },
    recheck,
    onClose: (listener) => {
      if (closed) listener()
      else closers.push(listener)
    },
    close,
  }
}

import type { ServerResponse } from 'node:http'

const keepAliveMs = 15_000
/** A reader this far behind is cut off; it resumes where it was with `Last-Event-ID`. */
const maxBuffered = 4 * 1024 * 1024

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
  /** Asks at once, instead of at the next keep-alive, whether the caller is still allowed. */
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
  let checking = false
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

  async function recheck(): Promise<void> {
    if (closed || checking) return
    checking = true
    const allowed = await options.stillAllowed().catch(() => false)
    checking = false
    if (allowed || closed) return
    write('event: revoked\ndata: {}\n\n')
    close()
  }

  function write(text: string): void {
    if (closed) return
    response.write(text)
    if (response.writableLength > maxBuffered) {
      response.destroy()
      close()
    }
  }

  const timer = setInterval(() => {
    write(': keep-alive\n\n')
    void recheck()
  }, keepAliveMs)
  response.on('close', close)
  response.on('error', close)

  return {
    lastEventId: options.lastEventId,
    get closed() {
      return closed
    },
    send: ({ event, id, data }) => write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${data}\n\n`),
    recheck: () => void recheck(),
    onClose: (listener) => {
      if (closed) listener()
      else closers.push(listener)
    },
    close,
  }
}

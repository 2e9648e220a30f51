import type { LogEvent } from '@berth/contracts'
import { createParser } from 'eventsource-parser'
import type { FeedMessage, LiveState } from './protocol.ts'

export interface ConnectionOptions {
  url: string
  tell: (message: FeedMessage) => void
  fetch?: typeof fetch
  /** After this long without a byte the connection counts as lost; ms. The server sends a keep-alive each 15 s. */
  silenceMs?: number
  /** From this long after the loss on, the page says since when it is stale; ms. */
  staleAfterMs?: number
  firstDelayMs?: number
  maxDelayMs?: number
}

export interface Connection {
  /** Try again now instead of waiting. */
  retry: () => void
  close: () => void
  state: () => LiveState
}

type Outcome = 'lost' | 'refused' | 'ended'

/**
 * Holds one event stream open: resumes after a loss where it stopped, says when the server no longer keeps that
 * place (`reset`) and a snapshot is due, gives up when the sign-in ended. Works in a worker and in a page.
 */
export function openConnection(options: ConnectionOptions): Connection {
  const {
    url,
    tell,
    silenceMs = 40_000,
    staleAfterMs = 4_000,
    firstDelayMs = 400,
    maxDelayMs = 10_000,
  } = options
  const doFetch = options.fetch ?? fetch
  let state: LiveState = { kind: 'connecting' }
  let position: string | null = null
  let attempt: AbortController | null = null
  let wake: (() => void) | null = null
  let closed = false
  let staleTimer: ReturnType<typeof setTimeout> | undefined

  function become(next: LiveState): void {
    state = next
    tell({ type: 'state', state })
  }

  function lost(): void {
    if (state.kind !== 'live' && state.kind !== 'connecting') return
    const since = Date.now()
    become({ kind: 'reconnecting', since })
    staleTimer = setTimeout(() => become({ kind: 'stale', since }), staleAfterMs)
  }

  function ready(cursor: string): void {
    clearTimeout(staleTimer)
    const resumed = position !== null
    position = cursor
    become({ kind: 'live' })
    if (!resumed) tell({ type: 'fresh' })
  }

  async function listen(): Promise<Outcome> {
    const controller = new AbortController()
    attempt = controller
    let silence = setTimeout(() => controller.abort(), silenceMs)
    let outcome: Outcome = 'lost'
    const parser = createParser({
      onEvent({ event, data, id }) {
        if (event === 'ready') ready((JSON.parse(data) as { cursor: string }).cursor)
        else if (event === 'reset') position = null
        else if (event === 'revoked') {
          outcome = 'ended'
          controller.abort()
        } else if (event === 'event') {
          if (id) position = id
          tell({ type: 'event', event: JSON.parse(data) as LogEvent })
        }
      },
    })
    try {
      const response = await doFetch(url, {
        signal: controller.signal,
        credentials: 'same-origin',
        cache: 'no-store',
        headers: { accept: 'text/event-stream', ...(position ? { 'last-event-id': position } : {}) },
      })
      if (response.status === 401) return 'ended'
      if (!response.ok || !response.body) return response.status === 400 ? 'refused' : 'lost'
      const decoder = new TextDecoder()
      for await (const chunk of readerOf(response.body)) {
        clearTimeout(silence)
        silence = setTimeout(() => controller.abort(), silenceMs)
        parser.feed(decoder.decode(chunk, { stream: true }))
      }
    } catch {
      // Cut off, refused by the network, or given up by ourselves; `outcome` says which.
    } finally {
      clearTimeout(silence)
      controller.abort()
    }
    return outcome
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!closed) {
      const outcome = await listen()
      if (closed) return
      if (outcome === 'ended') {
        closed = true
        clearTimeout(staleTimer)
        become({ kind: 'ended' })
        tell({ type: 'ended' })
        return
      }
      // A position that the server does not take (400) is as good as none: begin anew.
      if (outcome === 'refused') position = null
      failures = state.kind === 'live' ? 0 : failures + 1
      lost()
      const delay = Math.min(maxDelayMs, firstDelayMs * 2 ** failures)
      await sleep(delay * (0.75 + Math.random() / 2))
    }
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  void run()
  return {
    retry: () => wake?.(),
    close() {
      closed = true
      clearTimeout(staleTimer)
      attempt?.abort()
      wake?.()
    },
    state: () => state,
  }
}

/** A body's chunks; `ReadableStream` itself is not async iterable in every browser. */
async function* readerOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

import type { LogEvent } from '@berth/contracts'
import { createHolder } from './holder.ts'
import type { FeedMessage, LiveState, TabMessage } from './protocol.ts'

export interface Listener {
  onEvent?: (event: LogEvent) => void
  /** Take new snapshots: what happened until now was not told. */
  onFresh?: () => void
  /** The sign-in is over. */
  onEnded?: () => void
}

let state: LiveState = { kind: 'connecting' }
let send: ((message: TabMessage) => void) | null = null
let scope: string | null = null
const listeners = new Set<Listener>()
const stateListeners = new Set<() => void>()

function receive(message: FeedMessage): void {
  if (message.type === 'state') {
    state = message.state
    for (const listener of stateListeners) listener()
  } else if (message.type === 'event') for (const one of listeners) one.onEvent?.(message.event)
  else if (message.type === 'fresh') for (const one of listeners) one.onFresh?.()
  else for (const one of listeners) one.onEnded?.()
}

/** The shared worker's ear, or a holder in this page where shared workers are missing. */
function reach(): (message: TabMessage) => void {
  if (typeof SharedWorker !== 'undefined') {
    const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), {
      type: 'module',
      name: 'berth-stream',
    })
    worker.port.onmessage = ({ data }: MessageEvent<FeedMessage>) => receive(data)
    return (message) => worker.port.postMessage(message)
  }
  const holder = createHolder()
  const tab = { tell: receive }
  return (message) => holder(tab, message)
}

function standing(patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      stateListeners.delete(look)
      resolve()
    }
    const look = () => {
      if (state.kind !== 'connecting') finish()
    }
    const timer = setTimeout(finish, patienceMs)
    stateListeners.add(look)
  })
}

/** The browser's one stream of events, as this tab sees it. */
export const feed = {
  /**
   * Joins the stream of this person and these organizations; safe to repeat. Settles when the stream stands, so that a snapshot taken next
   * misses nothing, or after `patienceMs` (then `onFresh` asks for another one).
   */
  async join(wanted: string, patienceMs = 300): Promise<void> {
    if (!send) {
      send = reach()
      addEventListener('online', () => send?.({ type: 'retry' }))
      // A page kept for the back button must not keep a stream; one that comes back joins again.
      addEventListener('pagehide', () => send?.({ type: 'bye' }))
      addEventListener('pageshow', (event) => {
        if (event.persisted && scope) send?.({ type: 'hello', scope })
      })
    }
    if (scope === wanted && state.kind !== 'ended') return
    scope = wanted
    state = { kind: 'connecting' }
    send({ type: 'hello', scope: wanted })
    await standing(patienceMs)
  },
  /** Tells every tab that the person signed out; the stream closes. */
  signedOut(): void {
    scope = null
    send?.({ type: 'signed-out' })
  },
  retry(): void {
    send?.({ type: 'retry' })
  },
  state: (): LiveState => state,
  subscribeState(listener: () => void): () => void {
    stateListeners.add(listener)
    return () => stateListeners.delete(listener)
  },
  listen(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

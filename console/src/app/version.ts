import { useSyncExternalStore } from 'react'
import { feed } from '../stream/feed.ts'

/** The script that this page began with; every build of the console names its own. */
const entry = document.querySelector('script[type=module][src]')?.getAttribute('src') ?? ''
const listeners = new Set<() => void>()
let outdated = false

/** A server that was replaced ends its streams: whenever one stands again, asks whether the pages are still these. */
export function watchVersion(): void {
  let stood = false
  feed.subscribeState(() => {
    if (feed.state().kind !== 'live') return
    if (stood) void look()
    stood = true
  })
}

async function look(): Promise<void> {
  try {
    const response = await fetch('/', { cache: 'no-store', headers: { accept: 'text/html' } })
    if (!response.ok || (await response.text()).includes(`src="${entry}"`)) return
    outdated = true
    for (const listener of listeners) listener()
  } catch {
    // Away again; the next time it stands it is asked anew.
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Whether the server has other pages than this one by now. */
export function useOutdated(): boolean {
  return useSyncExternalStore(subscribe, () => outdated)
}

import { useEffect, useState, useSyncExternalStore } from 'react'
import type { ErrorFacts } from './ErrorPanel.tsx'
import type { Toaster as ToasterType } from './Toaster.tsx'

export type Said =
  | { kind: 'done'; sentence: string }
  | { kind: 'failed'; title: string; facts: ErrorFacts; onRetry: (() => void) | undefined }

// What shows toasts is loaded with the first one: a page's first load need not carry it.
const retryMs = 2000
const waiting: Said[] = []
const listeners = new Set<() => void>()
let show: ((said: Said) => void) | null = null
let wanted = false

/** Says that something was done. */
export function sayDone(sentence: string): void {
  say({ kind: 'done', sentence })
}

/** Says what was refused, with the code, the request to quote, and a way to try again. */
export function sayFailed(title: string, facts: ErrorFacts, onRetry?: () => void): void {
  say({ kind: 'failed', title, facts, onRetry })
}

function say(said: Said): void {
  if (show) {
    show(said)
    return
  }
  waiting.push(said)
  wanted = true
  for (const listener of listeners) listener()
}

function begin(way: (said: Said) => void): void {
  show = way
  waiting.splice(0).forEach(way)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Where toasts appear; once, at the root. */
export function Toasts({ theme }: { theme: 'light' | 'dark' }) {
  const needed = useSyncExternalStore(subscribe, () => wanted)
  const [Toaster, setToaster] = useState<typeof ToasterType | null>(null)
  useEffect(() => {
    if (!needed) return undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    // What is to be said may be that nothing can be reached: then it waits until this can be.
    const load = () =>
      void import('./Toaster.tsx').then(
        (loaded) => setToaster(() => loaded.Toaster),
        () => (timer = setTimeout(load, retryMs)),
      )
    load()
    return () => clearTimeout(timer)
  }, [needed])
  return Toaster && <Toaster theme={theme} onReady={begin} />
}

import { useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let now = Date.now()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  now = Date.now()
  timer ??= setInterval(() => {
    now = Date.now()
    for (const one of listeners) one()
  }, 5000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The present, moved on every five seconds by one timer for the whole page; milliseconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}

/** How long between two moments in its largest unit: `now`, `14 s`, `5 min`, `2 h`, `6 d`. Milliseconds in. */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 3) return 'now'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86400)} d`
}

/** A duration in milliseconds as people read it: `0.4 ms`, `38 ms`, `1.9 s`. */
export function millis(ms: number): string {
  if (ms >= 10_000) return `${Math.round(ms / 1000)} s`
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  if (ms >= 10) return `${Math.round(ms)} ms`
  return ms > 0 && ms < 0.1 ? '<0.1 ms' : `${ms.toFixed(1)} ms`
}

const absolute = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
})
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** A moment with its zone, exactly: `23 Nov 2026, 08:34:01 Europe/Berlin`. */
export function absoluteOf(at: string): string {
  return `${absolute.format(new Date(at))} ${zone}`
}

/** A moment relative to now, with the exact one on hover. `ago` makes a phrase of it. */
export function Time({ at, ago = false }: { at: string; ago?: boolean }) {
  const span = spanOf(Math.max(useNow(), Date.now()) - Date.parse(at))
  return (
    <time dateTime={at} title={absoluteOf(at)} className="whitespace-nowrap">
      {ago && span !== 'now' ? `${span} ago` : span}
    </time>
  )
}

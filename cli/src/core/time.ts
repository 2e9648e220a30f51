const steps: [limit: number, unit: number, suffix: string][] = [
  [60, 1, 's'],
  [60 * 60, 60, 'min'],
  [24 * 60 * 60, 60 * 60, 'h'],
  [120 * 24 * 60 * 60, 24 * 60 * 60, 'd'],
  [Infinity, 30 * 24 * 60 * 60, 'months'],
]

/** A moment as people say it: `now`, `42 s ago`, `in 3 d`; `never` for null. */
export function relativeTime(at: string | null, now: number = Date.now()): string {
  if (at === null) return 'never'
  const seconds = Math.round((now - Date.parse(at)) / 1000)
  if (Math.abs(seconds) < 2) return 'now'
  const [, unit, suffix] = steps.find(([limit]) => Math.abs(seconds) < limit)!
  const amount = `${Math.floor(Math.abs(seconds) / unit)} ${suffix}`
  return seconds > 0 ? `${amount} ago` : `in ${amount}`
}

/** A span in the unit that reads best: `0.4 ms`, `12 ms`, `3.1 s`, `2 min 5 s`; `-` for null. */
export function duration(ms: number | null): string {
  if (ms === null) return '-'
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** A moment of a log line on this machine's clock: `14:03:27`. */
export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB', { hour12: false })
}

/** Waits so many milliseconds, or less when the signal fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}

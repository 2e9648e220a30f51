import type { DeploymentSearch } from './search.ts'

/** Times to look back over, as the URL names them. */
export const spans = ['15m', '1h', '6h', '24h', '7d', '30d'] as const
export type Span = (typeof spans)[number]

export const usualSpan: Span = '24h'

const minute = 60_000
const facts: Record<Span, { ms: number; words: string }> = {
  '15m': { ms: 15 * minute, words: 'last 15 minutes' },
  '1h': { ms: 60 * minute, words: 'last hour' },
  '6h': { ms: 6 * 60 * minute, words: 'last 6 hours' },
  '24h': { ms: 24 * 60 * minute, words: 'last 24 hours' },
  '7d': { ms: 7 * 24 * 60 * minute, words: 'last 7 days' },
  '30d': { ms: 30 * 24 * 60 * minute, words: 'last 30 days' },
}

export const spanWords = (span: Span): string => facts[span].words

/** The time that is looked at: a fixed one from the URL, or one that ends now and moves on. */
export type CallRange = { span: Span } | { from: string; to: string }

export function rangeOf({ from, to, last }: Pick<DeploymentSearch, 'from' | 'to' | 'last'>): CallRange {
  return from && to && from < to ? { from, to } : { span: last ?? usualSpan }
}

/** From when, and until when, as the API is asked now; what moves on has no end. */
export function boundsOf(range: CallRange, now: number): { from: string; to?: string } {
  if ('from' in range) return range
  return { from: new Date(now - facts[range.span].ms).toISOString() }
}

const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const yearFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const timeFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const exactFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** A moment on a chart: the time today, else with the day, and the year if it is another; seconds for fine steps. */
export function clockOf(time: number, stepSeconds: number, now = new Date()): string {
  const clock = (stepSeconds < 60 ? exactFormat : timeFormat).format(time)
  const at = new Date(time)
  if (now.toDateString() === at.toDateString()) return clock
  const day = at.getFullYear() === now.getFullYear() ? dayFormat : yearFormat
  return `${day.format(time)}, ${clock}`
}

/** A fixed time in words: `23 Nov, 08:00 – 23 Nov, 09:30`. */
export function rangeWords(range: CallRange): string {
  if ('span' in range) return spanWords(range.span)
  return [range.from, range.to].map((at) => clockOf(Date.parse(at), 60)).join(' – ')
}

/** A step in words: `30 s`, `15 min`, `3 h`. */
export function stepWords(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  return seconds < 3600 ? `${seconds / 60} min` : `${seconds / 3600} h`
}

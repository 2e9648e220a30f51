/** Periods of subscriptions: pure functions of an anchor, a time zone and a number, by the calendar. */
import { Temporal } from 'temporal-polyfill'

export type Interval = 'month' | 'year'

/** What a period is counted from. */
export interface Anchor {
  anchor: Date
  /** IANA; fixed for the life of a subscription. */
  timeZone: string
  interval: Interval
}

/** Half-open: `start` belongs to it, `end` does not. */
export interface Span {
  start: Date
  end: Date
}

/**
 * Period `n`, from 0. Always counted from the anchor and never from the period before: a subscription that begins on
 * 31 January has periods that begin on 28 February and 31 March.
 */
export function periodOf(given: Anchor, n: number): Span {
  const start = startOf(given, n)
  return { start, end: startOf(given, n + 1) }
}

/** The number of the period that an instant falls into; before the anchor it is negative. */
export function periodAt(given: Anchor, at: Date): number {
  const from = zoned(given.anchor, given.timeZone)
  const months = from.until(zoned(at, given.timeZone), { largestUnit: 'month' })
  const whole = months.years * 12 + months.months
  // The calendar's difference is at most one off, where the anchor's day or hour does not exist.
  let n = Math.floor(whole / (given.interval === 'year' ? 12 : 1)) - 1
  while (startOf(given, n + 1) <= at) n++
  while (startOf(given, n) > at) n--
  return n
}

function startOf({ anchor, timeZone, interval }: Anchor, n: number): Date {
  if (n === 0) return anchor
  const months = interval === 'year' ? n * 12 : n
  return instant(zoned(anchor, timeZone).add({ months }))
}

export function zoned(at: Date, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone)
}

export const instant = (at: Temporal.ZonedDateTime): Date => new Date(at.epochMilliseconds)

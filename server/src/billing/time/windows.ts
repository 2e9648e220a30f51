/** Windows in which a metered entitlement is counted. They follow from the time; nothing resets them. */
import { instant, periodAt, periodOf, zoned, type Anchor, type Span } from './periods.ts'

export type Reset = 'day' | 'week' | 'month' | 'period'

/**
 * The window that an instant falls into: a calendar day, a calendar week from Monday, a month from the anchor, or the
 * subscription's period. Windows of one kind cover all time, half-open, without gaps.
 */
export function windowOf(given: Anchor, reset: Reset, at: Date): Span {
  if (reset === 'day' || reset === 'week') return calendarWindow(given.timeZone, reset, at)
  const counted = reset === 'month' ? ({ ...given, interval: 'month' } as const) : given
  return periodOf(counted, periodAt(counted, at))
}

function calendarWindow(timeZone: string, reset: 'day' | 'week', at: Date): Span {
  const today = zoned(at, timeZone).toPlainDate()
  const first = reset === 'day' ? today : today.subtract({ days: today.dayOfWeek - 1 })
  const next = first.add({ days: reset === 'day' ? 1 : 7 })
  // The first moment of a day: where a change of the clock leaves midnight out, it is later.
  return { start: instant(first.toZonedDateTime(timeZone)), end: instant(next.toZonedDateTime(timeZone)) }
}

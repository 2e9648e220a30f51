const formats = new Map<string, Intl.DateTimeFormat>()

/** The day of an instant by the calendar of a zone: `2026-11-23`. */
function keyOf(at: number, timeZone: string): string {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone })
  formats.set(timeZone, format)
  return format.format(at)
}

const hourMs = 3_600_000

/** Every day from one instant until before another, in a zone: also those on which nothing happened. */
export function daysBetween(from: string, to: string, timeZone: string): string[] {
  const days = new Set<string>()
  const end = Date.parse(to)
  // Days have 23 to 25 hours: steps of half a day miss none.
  for (let at = Date.parse(from); at < end; at += 12 * hourMs) days.add(keyOf(at, timeZone))
  if (end > Date.parse(from)) days.add(keyOf(end - 1, timeZone))
  return [...days]
}

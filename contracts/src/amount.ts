/** A value with its unit, as people read it: `1.5 MiB`, `30 min`, `256 requests`; no unit: the value alone. */
export function amount(value: number | string, unit: string | null): string {
  if (typeof value === 'string') return value
  if (unit === 'bytes') return bytes(value)
  if (unit === 'seconds') return span(value)
  const digits = value.toLocaleString('en')
  return unit ? `${digits} ${unit}` : digits
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), byteUnits.length - 1)
  return `${Math.round((value / 1024 ** power) * 10) / 10} ${byteUnits[power]}`
}

function span(seconds: number): string {
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600} h`
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`
}

/** Money: whole minor units as bigint. Nothing here loses or makes any. */

/** How much of a period is left, as a fraction of whole milliseconds. */
export interface Share {
  part: bigint
  whole: bigint
}

/** The share of a period that is left at an instant within it. */
export function shareLeft({ start, end }: { start: Date; end: Date }, at: Date): Share {
  const whole = BigInt(end.getTime() - start.getTime())
  const left = BigInt(end.getTime() - at.getTime())
  return { part: left < 0n ? 0n : left > whole ? whole : left, whole }
}

/** What is given back for the share: rounded down, so that taking and giving back never gains. */
export function creditFor(amount: bigint, { part, whole }: Share): bigint {
  return (amount * part) / whole
}

/** What is charged for the share: rounded up. */
export function chargeFor(amount: bigint, { part, whole }: Share): bigint {
  return (amount * part + whole - 1n) / whole
}

export const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, one) => total + one, 0n)

export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

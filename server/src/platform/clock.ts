/** Where time comes from. Everything that depends on it takes a clock, so that tests can move it. */
export interface Clock {
  /** Wall-clock time. */
  now(): Date
  /** Milliseconds that only ever grow, for measuring and for leases held in memory. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
}

/** Failures in a row after which a deployment is not started again by itself. */
export const maxFailures = 5

/** 0.5, 1, 2, 4 … s after the first, second, third … failure in a row; at most a minute. */
export const backoffMs = (failures: number): number => Math.min(500 * 2 ** (failures - 1), 60_000)

/** Failures in a row after which a deployment is not started again by itself. */
export const maxFailures = 5

/** How patient the runtime is, in milliseconds, and how much it starts. */
export interface Timings {
  /** The most processes that one deployment may have. */
  maxProcesses: number
  /** For a server's answer to `initialize`. */
  initializeMs: number
  /** For one page of what a server lists of itself. */
  listMs: number
  /** How long a principal's process stays after its last session. */
  idleMs: number
  /** Between two looks at everything, which make up for events that were missed. */
  resyncMs: number
  /** After so long a decision is taken again, for facts that change without an event. */
  postureMs: number
  pingMs: number
  pingTimeoutMs: number
  /** A deployment that ran this long starts counting its failures anew. */
  stableMs: number
  /** The pause after the first failure; it doubles with each in a row, up to a minute. */
  backoffMs: number
}

export const usualTimings: Timings = {
  maxProcesses: 100,
  initializeMs: 20_000,
  listMs: 20_000,
  idleMs: 60_000,
  resyncMs: 5000,
  postureMs: 10_000,
  pingMs: 15_000,
  pingTimeoutMs: 10_000,
  stableMs: 60_000,
  backoffMs: 500,
}

/** The pause after so many failures in a row. */
export const pauseAfter = (failures: number, { backoffMs }: Timings): number =>
  Math.min(backoffMs * 2 ** (failures - 1), 60_000)

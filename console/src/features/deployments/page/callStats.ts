import type { CallOutcome, CallRecord } from '@berth/contracts'
import type { Mark } from '../../../ui/StatusMark.tsx'

export interface CallStats {
  count: number
  failed: number
  /** Of the calls that a server answered, milliseconds; null when none was. */
  p50: number | null
  p95: number | null
  p99: number | null
}

/** Whether the call did not give what was asked for. */
export function isFailure(outcome: CallOutcome): boolean {
  return outcome !== 'ok' && outcome !== 'cancelled'
}

/** Counts and percentiles of exactly these calls. A refused or lost call says nothing of how fast the server is. */
export function statsOf(calls: readonly CallRecord[]): CallStats {
  const answered = calls
    .filter(({ outcome }) => outcome === 'ok' || outcome === 'tool_error' || outcome === 'error')
    .map(({ latencyMs }) => latencyMs)
    .sort((a, b) => a - b)
  return {
    count: calls.length,
    failed: calls.filter(({ outcome }) => isFailure(outcome)).length,
    p50: percentile(answered, 0.5),
    p95: percentile(answered, 0.95),
    p99: percentile(answered, 0.99),
  }
}

/** The smallest value that at least this share of the sorted values does not exceed. */
function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null
}

export const outcomeMarks: Record<CallOutcome, Mark> = {
  ok: { tone: 'good', shape: 'check', word: 'ok' },
  tool_error: { tone: 'wait', shape: 'warning', word: 'tool error' },
  error: { tone: 'bad', shape: 'cross', word: 'error' },
  refused: { tone: 'bad', shape: 'octagon', word: 'refused' },
  cancelled: { tone: 'idle', shape: 'none', word: 'cancelled' },
  lost: { tone: 'bad', shape: 'warning', word: 'lost' },
}

/** Bytes as people read them: `312 B`, `4.1 kB`, `2.0 MB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  return n < 1_000_000 ? `${(n / 1000).toFixed(1)} kB` : `${(n / 1_000_000).toFixed(1)} MB`
}

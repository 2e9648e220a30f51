import type { CallFigures, CallOutcome } from '@berth/contracts'
import type { Mark } from '../../../ui/StatusMark.tsx'

/** Whether the call did not give what was asked for. */
export function isFailure(outcome: CallOutcome): boolean {
  return outcome !== 'ok' && outcome !== 'cancelled'
}

export const outcomeMarks: Record<CallOutcome, Mark> = {
  ok: { tone: 'good', shape: 'check', word: 'ok' },
  tool_error: { tone: 'wait', shape: 'warning', word: 'tool error' },
  error: { tone: 'bad', shape: 'cross', word: 'error' },
  refused: { tone: 'bad', shape: 'octagon', word: 'refused' },
  cancelled: { tone: 'idle', shape: 'none', word: 'cancelled' },
  lost: { tone: 'bad', shape: 'warning', word: 'lost' },
}

/** How many of the calls did not give what was asked for. */
export function failedOf({ outcomes }: Pick<CallFigures, 'outcomes'>): number {
  return Object.entries(outcomes).reduce(
    (sum, [outcome, count]) => sum + (isFailure(outcome as CallOutcome) ? count : 0),
    0,
  )
}

/** A share as people read it: `0 %`, `0.4 %`, `12 %`. */
export function percent(part: number, whole: number): string {
  const share = whole === 0 ? 0 : (100 * part) / whole
  return `${share.toFixed(share > 0 && share < 10 ? 1 : 0)} %`
}

/** Bytes as people read them: `312 B`, `4.1 kB`, `2.0 MB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  return n < 1_000_000 ? `${(n / 1000).toFixed(1)} kB` : `${(n / 1_000_000).toFixed(1)} MB`
}

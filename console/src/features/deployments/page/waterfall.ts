import type { Run, RunStatus } from '@berth/contracts'
import type { Tone } from '../../../ui/Badge.tsx'
import { runMark } from '../../lifecycle/marks.ts'

export interface Span {
  status: RunStatus
  /** Where on the run's time it began, and how much of it it took; 0 to 1. */
  from: number
  share: number
  ms: number
  /** How the try ended that it belongs to. */
  outcome: Tone
}

export interface Try {
  attempt: number
  last: Run['retryLedger'][number]
  spans: Span[]
}

/** The tries of a run on one time: each status of the ledger lasts until the next one; the last of an open run until `now`, ms. */
export function triesOf(run: Run, now: number): { tries: Try[]; totalMs: number } {
  const ledger = run.retryLedger
  const start = Date.parse(ledger[0]?.observedAt ?? run.createdAt)
  const end = run.endedAt ? Date.parse(run.endedAt) : now
  const totalMs = Math.max(1, end - start)
  const tries = new Map<number, Try>()
  ledger.forEach((entry, at) => {
    const from = Date.parse(entry.observedAt)
    const until = Math.max(from, at + 1 < ledger.length ? Date.parse(ledger[at + 1]!.observedAt) : end)
    const known = tries.get(entry.attempt) ?? { attempt: entry.attempt, last: entry, spans: [] }
    known.last = entry
    const waits = entry.status === 'pending' || entry.status === 'awaiting_approval'
    if (waits || entry.status === 'running') {
      const ms = until - from
      known.spans.push({
        status: entry.status,
        from: Math.min(1, (from - start) / totalMs),
        share: ms / totalMs,
        ms,
        outcome: 'accent',
      })
    }
    tries.set(entry.attempt, known)
  })
  for (const one of tries.values()) for (const span of one.spans) span.outcome = runMark(one.last.status).tone
  return { tries: [...tries.values()], totalMs }
}

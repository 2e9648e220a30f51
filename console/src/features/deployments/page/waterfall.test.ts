import type { Run, RunStatus } from '@berth/contracts'
import { expect, test } from 'vitest'
import { triesOf } from './waterfall.ts'

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
const entry = (attempt: number, status: RunStatus, second: number, reason: string | null = null) => ({
  attempt,
  status,
  reason,
  observedAt: at(second),
})

test('each status lasts until the next one, and a try is coloured by how it ended', () => {
  const run = {
    createdAt: at(0),
    endedAt: at(10),
    retryLedger: [
      entry(1, 'pending', 0),
      entry(1, 'running', 1),
      entry(1, 'errored', 4, 'no disk'),
      entry(2, 'pending', 4),
      entry(2, 'running', 8),
      entry(2, 'succeeded', 10),
    ],
  } as Run
  const { tries, totalMs } = triesOf(run, Date.parse(at(99)))
  expect(totalMs).toBe(10_000)
  expect(tries.map(({ attempt, last }) => `${attempt} ${last.status} ${last.reason ?? ''}`.trim())).toEqual([
    '1 errored no disk',
    '2 succeeded',
  ])
  expect(tries[0]!.spans.map(({ status, ms, outcome }) => `${status} ${ms} ${outcome}`)).toEqual([
    'pending 1000 bad',
    'running 3000 bad',
  ])
  expect(tries[1]!.spans.map(({ from, share }) => [from, share])).toEqual([
    [0.4, 0.4],
    [0.8, 0.2],
  ])
})

test('what still runs lasts until now', () => {
  const run = { createdAt: at(0), endedAt: null, retryLedger: [entry(1, 'running', 0)] } as unknown as Run
  expect(triesOf(run, Date.parse(at(5))).tries[0]!.spans[0]!.ms).toBe(5000)
})

import type { CallOutcome, CallRecord } from '@berth/contracts'
import { expect, test } from 'vitest'
import { bytes, statsOf } from './callStats.ts'

const calls = (outcome: CallOutcome, ...latencies: number[]) =>
  latencies.map((latencyMs) => ({ outcome, latencyMs }) as CallRecord)

test('percentiles are of the calls that were answered; a refusal makes nothing look fast', () => {
  const hundred = calls('ok', ...Array.from({ length: 100 }, (_, n) => n + 1))
  expect(statsOf(hundred)).toEqual({ count: 100, failed: 0, p50: 50, p95: 95, p99: 99 })
  expect(statsOf([...hundred, ...calls('refused', 0, 0, 0, 0)])).toEqual({
    count: 104,
    failed: 4,
    p50: 50,
    p95: 95,
    p99: 99,
  })
  expect(statsOf(calls('ok', 7))).toMatchObject({ p50: 7, p95: 7, p99: 7 })
})

test('of no answered call there is no percentile, and a cancelled call is no failure', () => {
  expect(statsOf(calls('cancelled', 5))).toEqual({ count: 1, failed: 0, p50: null, p95: null, p99: null })
})

test('bytes are read at a glance', () => {
  expect([312, 4123, 2_000_000].map(bytes)).toEqual(['312 B', '4.1 kB', '2.0 MB'])
})

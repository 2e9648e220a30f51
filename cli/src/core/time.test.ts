import { describe, expect, it } from 'vitest'
import { duration, pause, relativeTime } from './time.ts'

describe('relative time', () => {
  const now = Date.parse('2026-11-23T12:00:00Z')
  it.each([
    ['2026-11-23T11:59:59.5Z', 'now'],
    ['2026-11-23T11:59:18Z', '42 s ago'],
    ['2026-11-23T11:57:01Z', '2 min ago'],
    ['2026-11-23T09:00:00Z', '3 h ago'],
    ['2026-11-20T12:00:00Z', '3 d ago'],
    ['2026-11-26T12:00:00Z', 'in 3 d'],
    ['2027-02-21T12:00:00Z', 'in 90 d'],
    ['2026-02-23T12:00:00Z', '9 months ago'],
    [null, 'never'],
  ])('%s is %s', (at, said) => expect(relativeTime(at, now)).toBe(said))
})

it.each([
  [null, '-'],
  [0.44, '0.4 ms'],
  [12.3, '12 ms'],
  [3140, '3.1 s'],
  [125_000, '2 min 5 s'],
])('a span of %s ms is %s', (ms, said) => expect(duration(ms)).toBe(said))

it('a pause ends early with its signal', async () => {
  const controller = new AbortController()
  const startedAt = Date.now()
  const waiting = pause(60_000, controller.signal)
  controller.abort()
  await waiting
  await pause(60_000, controller.signal)
  expect(Date.now() - startedAt).toBeLessThan(30_000)
})

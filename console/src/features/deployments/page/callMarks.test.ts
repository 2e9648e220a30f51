import { expect, test } from 'vitest'
import { bytes, failedOf, percent } from './callMarks.ts'

test('a cancelled call is no failure, everything else that is not ok is', () => {
  const outcomes = { ok: 10, tool_error: 1, error: 2, refused: 3, lost: 4, cancelled: 50 }
  expect(failedOf({ outcomes })).toBe(10)
})

test('shares and bytes are read at a glance', () => {
  expect([percent(0, 0), percent(0, 9), percent(1, 250), percent(1, 4)]).toEqual([
    '0 %',
    '0 %',
    '0.4 %',
    '25 %',
  ])
  expect([312, 4123, 2_000_000].map(bytes)).toEqual(['312 B', '4.1 kB', '2.0 MB'])
})

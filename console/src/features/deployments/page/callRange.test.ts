import { expect, test } from 'vitest'
import { clockOf } from './callRange.ts'

const now = new Date(2030, 0, 2, 12, 0)

test('a moment says as much of its day as is needed to tell it from others', () => {
  expect(clockOf(new Date(2030, 0, 2, 9, 5).getTime(), 60, now)).toBe('09:05')
  expect(clockOf(new Date(2030, 0, 1, 9, 5).getTime(), 60, now)).toBe('1 Jan, 09:05')
  expect(clockOf(new Date(2029, 11, 31, 9, 5).getTime(), 60, now)).toBe('31 Dec 2029, 09:05')
  expect(clockOf(new Date(2030, 0, 2, 9, 5, 7).getTime(), 30, now)).toBe('09:05:07')
})

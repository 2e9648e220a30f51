import type { PlanVersion } from '@berth/contracts'
import { expect, test } from 'vitest'
import { dayOf, distanceOf, grantOf, heldOf, priceOf } from './words.ts'

const plan = (given: Partial<PlanVersion>) =>
  ({ price: '4900', currency: 'EUR', per: 'organization', interval: 'month', ...given }) as PlanVersion

test.each([
  [plan({}), '€49.00 a month'],
  [plan({ per: 'seat', interval: 'year' }), '€49.00 a seat and year'],
  [plan({ price: '0' }), 'free of charge'],
])('a price says what for and how often', (given, words) => {
  expect(priceOf(given)).toBe(words)
})

test.each([
  [{ key: 'seats', limit: 1, reset: null, mode: 'hard' }, '1 person'],
  [{ key: 'runtime.concurrent_servers', limit: 1, reset: null, mode: 'hard' }, '1 server'],
  [{ key: 'gateway.tool_calls', limit: 10_000, reset: 'month', mode: 'hard' }, '10,000 calls a month'],
  [
    { key: 'gateway.tool_calls', limit: 9, reset: 'day', mode: 'soft' },
    '9 calls a day; more are let through and marked',
  ],
  [{ key: 'workspaces', limit: null, reset: null, mode: 'hard' }, 'as many as you like'],
  [{ key: 'sso', limit: 0, reset: null, mode: 'hard' }, 'not included'],
  [{ key: 'byok', limit: 1, reset: null, mode: 'hard' }, 'included'],
] as const)('a grant says how much', (grant, words) => {
  expect(grantOf(grant, 'organization')).toBe(words)
})

test('seats are as many as are paid for where they are what is paid for', () => {
  const seats = { key: 'seats', limit: null, reset: null, mode: 'hard' } as const
  expect(grantOf(seats, 'seat')).toBe('as many as you pay for')
  expect(grantOf(seats, 'organization')).toBe('as many as you like')
})

test.each([
  ['held', null, '1,000 calls'],
  ['confirmed', 1000, '1,000 calls'],
  ['confirmed', 7, '7 of 1,000 calls'],
  ['released', 0, '1,000 calls'],
] as const)('a hold that is %s says what it holds, and what of it was used', (state, used, words) => {
  const window = { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' }
  expect(heldOf({ state, items: [{ key: 'gateway.tool_calls', quantity: 1000, used, window }] })).toBe(words)
})

test('a day is that of the zone', () => {
  expect(dayOf('2026-01-31T23:30:00Z', 'Asia/Tokyo')).toBe('1 Feb 2026')
  expect(dayOf('2026-01-31T23:30:00Z', 'UTC')).toBe('31 Jan 2026')
})

test('a moment is so far away, before or after', () => {
  const now = Date.parse('2026-01-31T00:00:00Z')
  expect(distanceOf(now + 3 * 86_400_000, now)).toBe('in 3 d')
  expect(distanceOf(now - 7_200_000, now)).toBe('2 h ago')
  expect(distanceOf(now + 10_000, now)).toBe('now')
})

import { expect, test } from 'vitest'
import { daysBetween } from './days.ts'

test('every day of the zone stands in its place once, also where the clocks are changed', () => {
  const days = daysBetween('2026-10-23T22:00:00Z', '2026-10-26T23:00:00Z', 'Europe/Berlin')
  expect(days).toEqual(['2026-10-24', '2026-10-25', '2026-10-26'])
  expect(daysBetween('2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 'Europe/Berlin')).toEqual(['2026-03-29'])
})

test('a day that has only begun is there, and nothing is there of no time', () => {
  expect(daysBetween('2026-01-01T00:00:00Z', '2026-01-02T00:00:01Z', 'UTC')).toEqual([
    '2026-01-01',
    '2026-01-02',
  ])
  expect(daysBetween('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'UTC')).toEqual([])
})

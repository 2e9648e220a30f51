import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { periodAt, periodOf, type Anchor } from './periods.ts'
import { windowOf, type Reset } from './windows.ts'

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'America/St_Johns',
]
const instants = fc.date({ min: new Date('2010-01-01'), max: new Date('2045-01-01'), noInvalidDate: true })
const anchors: fc.Arbitrary<Anchor> = fc.record({
  anchor: instants,
  timeZone: fc.constantFrom(...zones),
  interval: fc.constantFrom('month', 'year'),
})
const resets = fc.constantFrom<Reset>('day', 'week', 'month', 'period')

describe('periods', () => {
  test('follow each other without gap or overlap, in any zone, from any anchor', () => {
    fc.assert(
      fc.property(anchors, fc.integer({ min: -30, max: 200 }), (anchor, n) => {
        const { start, end } = periodOf(anchor, n)
        expect(end.getTime()).toBeGreaterThan(start.getTime())
        expect(periodOf(anchor, n + 1).start).toEqual(end)
      }),
    )
  })

  test('invariant 8: hold every instant in just one, whose number depends on anchor, zone and time alone', () => {
    fc.assert(
      fc.property(anchors, instants, (anchor, at) => {
        const n = periodAt(anchor, at)
        const { start, end } = periodOf(anchor, n)
        expect(start.getTime()).toBeLessThanOrEqual(at.getTime())
        expect(at.getTime()).toBeLessThan(end.getTime())
        expect(periodAt(anchor, start)).toBe(n)
        expect(periodAt(anchor, new Date(end.getTime() - 1))).toBe(n)
      }),
    )
  })

  test('invariant 8: are counted from the anchor: after a short month the day is back', () => {
    const anchor: Anchor = { anchor: new Date('2026-01-31T09:00:00Z'), timeZone: 'UTC', interval: 'month' }
    expect([1, 2, 3, 13].map((n) => periodOf(anchor, n).start.toISOString())).toEqual([
      '2026-02-28T09:00:00.000Z',
      '2026-03-31T09:00:00.000Z',
      '2026-04-30T09:00:00.000Z',
      '2027-02-28T09:00:00.000Z',
    ])
    const leap: Anchor = { anchor: new Date('2024-02-29T00:00:00Z'), timeZone: 'UTC', interval: 'year' }
    expect([1, 4].map((n) => periodOf(leap, n).start.toISOString())).toEqual([
      '2025-02-28T00:00:00.000Z',
      '2028-02-29T00:00:00.000Z',
    ])
  })

  test("keep the hour of the zone's clock when it changes", () => {
    const anchor: Anchor = {
      anchor: new Date('2026-03-15T00:30:00Z'),
      timeZone: 'Europe/Berlin',
      interval: 'month',
    }
    expect(periodOf(anchor, 1).start.toISOString()).toBe('2026-04-14T23:30:00.000Z')
  })
})

describe('windows', () => {
  test('invariant 7: cover all time: each instant is in one, and the next begins where it ends', () => {
    fc.assert(
      fc.property(anchors, resets, instants, (anchor, reset, at) => {
        const { start, end } = windowOf(anchor, reset, at)
        expect(start.getTime()).toBeLessThanOrEqual(at.getTime())
        expect(at.getTime()).toBeLessThan(end.getTime())
        expect(windowOf(anchor, reset, start)).toEqual({ start, end })
        expect(windowOf(anchor, reset, new Date(end.getTime() - 1))).toEqual({ start, end })
        expect(windowOf(anchor, reset, end).start).toEqual(end)
      }),
      { numRuns: 400 },
    )
  })

  test('begin a day where the zone begins it, also where midnight does not exist', () => {
    const anchor: Anchor = { anchor: new Date(0), timeZone: 'America/Sao_Paulo', interval: 'month' }
    const { start } = windowOf(anchor, 'day', new Date('2018-11-04T12:00:00Z'))
    expect(start.toISOString()).toBe('2018-11-04T03:00:00.000Z')
  })

  test('begin a week on Monday', () => {
    const anchor: Anchor = { anchor: new Date(0), timeZone: 'UTC', interval: 'month' }
    const { start, end } = windowOf(anchor, 'week', new Date('2026-11-26T05:00:00Z'))
    expect([start.toISOString(), end.toISOString()]).toEqual([
      '2026-11-23T00:00:00.000Z',
      '2026-11-30T00:00:00.000Z',
    ])
  })
})

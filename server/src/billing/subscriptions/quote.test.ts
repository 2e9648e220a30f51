import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sum } from '../money.ts'
import { priceOf, type Held } from './model.ts'
import { quote, type Wish } from './quote.ts'
import { planNamed } from '../testing/plans.ts'

const start = new Date('2026-01-01T00:00:00Z')
const end = new Date('2026-02-01T00:00:00Z')

const on = (given: Partial<Held>): Held => ({
  id: 'sub_1',
  organizationId: 'org_1',
  state: 'active',
  plan: planNamed({}),
  seats: null,
  provider: 'manual',
  providerRef: null,
  timeZone: 'UTC',
  anchor: start,
  period: 0,
  periodStart: start,
  periodEnd: end,
  trialEndsAt: null,
  pastDueSince: null,
  graceEndsAt: null,
  warnedDays: null,
  cancelAtPeriodEnd: false,
  scheduled: null,
  overLimitUntil: null,
  dueAt: end,
  version: 1,
  startedAt: start,
  endedAt: null,
  ...given,
})

const wish = (given: Partial<Wish>): Wish => ({
  plan: planNamed({}),
  seats: null,
  trial: false,
  trialUsed: false,
  billed: 0n,
  paid: 0n,
  credit: 0n,
  ...given,
})

const price = fc.bigInt({ min: 1n, max: 10n ** 15n })
const within = fc.integer({ min: 0, max: 999_999 }).map((part) => {
  const span = end.getTime() - start.getTime()
  return new Date(start.getTime() + Math.floor((span * part) / 1_000_000))
})
const costs = (plan: string, amount: bigint) => planNamed({ plan, price: amount })

test('invariant 16: the lines are all of it, and no more is given back than was paid or is charged along', () => {
  fc.assert(
    fc.property(price, price, within, fc.boolean(), (now, next, at, isPaid) => {
      const given = { plan: costs('b', next), billed: now, paid: isPaid ? now : 0n, atOnce: true }
      const planned = quote(on({ plan: costs('a', now) }), wish(given), at)
      expect(sum(planned.lines.map(({ amount }) => amount))).toBe(planned.total)
      const back = -sum(planned.lines.filter(({ kind }) => kind === 'unused').map(({ amount }) => amount))
      expect(back).toBeLessThanOrEqual(now)
      if (isPaid) expect(-planned.total).toBeLessThanOrEqual(now)
      else expect(planned.total).toBeGreaterThanOrEqual(0n)
    }),
  )
})

test('invariant 16: going up and down again within a period never costs less than staying', () => {
  fc.assert(
    fc.property(price, price, within, within, (one, other, early, late) => {
      const [low, high] = one < other ? [one, other] : [other, one]
      const [first, second] = early < late ? [early, late] : [late, early]
      const [a, b] = [costs('a', low), costs('b', high)]
      const up = quote(on({ plan: a }), wish({ plan: b, billed: low, paid: low, atOnce: true }), first)
      const paid = low + up.total
      const down = quote(on({ plan: b }), wish({ plan: a, billed: paid, paid, atOnce: true }), second)
      expect(up.total + down.total).toBeGreaterThanOrEqual(0n)
    }),
  )
})

test('credit is set off down to nothing and not beyond', () => {
  fc.assert(
    fc.property(price, fc.bigInt({ min: 0n, max: 10n ** 15n }), within, (cost, credit, at) => {
      const { total, lines } = quote(on({}), wish({ plan: costs('b', cost), credit }), at)
      expect(total).toBe(credit > cost ? 0n : cost - credit)
      expect(lines.every(({ kind, amount }) => kind !== 'credit' || amount < 0n)).toBe(true)
    }),
  )
})

test('upgrades are now, also by seats and by the year; downgrades wait', () => {
  const [small, large] = [costs('small', 1000n), costs('large', 3000n)]
  const seat = planNamed({ plan: 'seat', price: 500n, per: 'seat' })
  const year = planNamed({ plan: 'year', price: 12_001n, interval: 'year' })
  const cheapYear = planNamed({ plan: 'cheap', price: 11_999n, interval: 'year' })
  const at = new Date('2026-01-10T00:00:00Z')
  const kind = (from: Partial<Held>, given: Partial<Wish>) =>
    quote(on(from), wish(given), at).now ? 'now' : 'period-end'
  expect(kind({ plan: small }, { plan: large })).toBe('now')
  expect(kind({ plan: large }, { plan: small })).toBe('period-end')
  expect(kind({ plan: seat, seats: 3 }, { plan: seat, seats: 4 })).toBe('now')
  expect(kind({ plan: seat, seats: 3 }, { plan: seat, seats: 2 })).toBe('period-end')
  expect(kind({ plan: small }, { plan: year })).toBe('now')
  expect(kind({ plan: small }, { plan: cheapYear })).toBe('period-end')
  expect(kind({ plan: small }, { plan: planNamed({ plan: 'usd', price: 9000n, currency: 'USD' }) })).toBe(
    'period-end',
  )
})

test('a plan by the year begins a year of its own, from the day of the change', () => {
  const at = new Date('2026-01-31T00:00:00Z')
  const plan = planNamed({ plan: 'year', price: 99_000n, interval: 'year' })
  const given = { plan, billed: 1000n, paid: 1000n }
  const { now, lines } = quote(on({ plan: costs('a', 1000n) }), wish(given), at)
  expect(now).toMatchObject({ anchor: at, period: 0, periodEnd: new Date('2027-01-31T00:00:00Z') })
  expect(lines.map(({ kind, amount }) => [kind, amount])).toEqual([
    ['unused', -32n],
    ['plan', 99_000n],
  ])
  expect(priceOf(plan, null)).toBe(99_000n)
})

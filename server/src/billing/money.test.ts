import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chargeFor, creditFor, shareLeft } from './money.ts'

const amounts = fc.bigInt({ min: 0n, max: 10n ** 14n })
const start = new Date('2026-01-31T00:00:00Z')
const period = { start, end: new Date('2026-02-28T00:00:00Z') }
const within = fc
  .integer({ min: 0, max: period.end.getTime() - start.getTime() })
  .map((ms) => new Date(start.getTime() + ms))

test('invariant 16: what is charged and what is given back for the same share differ by a rounding at most, never in favour of who changes', () => {
  fc.assert(
    fc.property(amounts, within, (amount, at) => {
      const share = shareLeft(period, at)
      const [credit, charge] = [creditFor(amount, share), chargeFor(amount, share)]
      expect(charge - credit === 0n || charge - credit === 1n).toBe(true)
      expect(credit >= 0n && credit <= amount).toBe(true)
    }),
  )
})

test('invariant 16: what is used and what is given back are the whole price', () => {
  fc.assert(
    fc.property(amounts, within, (amount, at) => {
      const left = shareLeft(period, at)
      const gone = { part: left.whole - left.part, whole: left.whole }
      expect(creditFor(amount, left) + chargeFor(amount, gone)).toBe(amount)
    }),
  )
})

test('the whole period costs the price, and none of it nothing', () => {
  fc.assert(
    fc.property(amounts, (amount) => {
      expect(chargeFor(amount, shareLeft(period, start))).toBe(amount)
      expect(chargeFor(amount, shareLeft(period, period.end))).toBe(0n)
    }),
  )
})

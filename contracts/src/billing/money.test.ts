import { expect, test } from 'vitest'
import { formatMoney } from './money.ts'

test.each([
  ['4900', 'EUR', '€49.00'],
  ['5', 'EUR', '€0.05'],
  ['-1', 'USD', '-$0.01'],
  ['4900', 'JPY', '¥4,900'],
  ['900719925474099312', 'EUR', '€9,007,199,254,740,993.12'],
])('%s minor units of %s are read as %s', (minorUnits, currency, text) => {
  expect(formatMoney(minorUnits, currency)).toBe(text)
})

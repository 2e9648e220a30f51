import { expect, test } from 'vitest'
import { formatMoney } from '@berth/contracts'
import { stripeAmount } from './client.ts'

test('what Stripe is asked for is what people read, whatever the decimals of the currency', () => {
  const asked = {
    EUR: ['€49.00', 4900],
    TWD: ['NT$49.00', 4900],
    JPY: ['¥4,900', 4900],
    HUF: ['HUF 4,900', 490_000],
    IDR: ['IDR 4,900', 490_000],
    COP: ['COP 4,900', 490_000],
    ISK: ['ISK 4,900', 490_000],
    UGX: ['UGX 4,900', 490_000],
    KWD: ['KWD 4.900', 4900],
  }
  for (const [currency, [read, counted]] of Object.entries(asked)) {
    expect(formatMoney('4900', currency).replaceAll('\u00a0', ' ')).toBe(read)
    expect(stripeAmount(4900n, currency), currency).toBe(counted)
  }
})

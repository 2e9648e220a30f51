import { expect, it } from 'vitest'
import { amount } from './amount.ts'

it.each([
  [0, 'bytes', '0 B'],
  [1023, 'bytes', '1023 B'],
  [1536, 'bytes', '1.5 KiB'],
  [4 * 1024 ** 2, 'bytes', '4 MiB'],
  [1024 ** 6, 'bytes', '1048576 TiB'],
  [0, 'seconds', '0 s'],
  [90, 'seconds', '90 s'],
  [1800, 'seconds', '30 min'],
  [3600, 'seconds', '1 h'],
  [1200, 'requests', '1,200 requests'],
  [12, null, '12'],
  ['embedded', null, 'embedded'],
])('%s %s reads %s', (value, unit, text) => {
  expect(amount(value, unit)).toBe(text)
})

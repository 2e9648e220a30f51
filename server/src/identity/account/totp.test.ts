import { expect, test } from 'vitest'
import { base32, codeAt, stepAt, stepOf, totpUri } from './totp.ts'

const secret = Buffer.from('12345678901234567890')

test.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
])('at %i seconds the code is that of RFC 6238', (seconds, code) => {
  expect(codeAt(secret, stepAt(new Date(seconds * 1000)))).toBe(code)
})

test('a code is known during its own half minute and the ones beside it', () => {
  const at = (seconds: number) => new Date(1_000_000_000_000 + seconds * 1000)
  const step = stepAt(at(0))
  const code = codeAt(secret, step)
  expect([-60, -30, 0, 30, 60, 90].map((seconds) => stepOf(secret, code, at(seconds)))).toEqual([
    null,
    step,
    step,
    step,
    null,
    null,
  ])
})

test('the secret is base32 as RFC 4648 writes it, and stands in the address for apps', () => {
  expect(base32(Buffer.from('foobar'))).toBe('MZXW6YTBOI')
  expect(base32(Buffer.from('foob'))).toBe('MZXW6YQ')
  expect(totpUri(secret, 'a+b@example.com', 'Berth')).toBe(
    'otpauth://totp/Berth:a%2Bb%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Berth&digits=6&period=30',
  )
})

import { expect, test } from 'vitest'
import { timestamp } from './ids.ts'

test('a time is one that can be written again, whatever its offset', () => {
  for (const good of ['2030-01-31T09:00:00Z', '2030-01-31T09:00:00.123+05:45', '9999-12-31T23:59:59Z'])
    expect(timestamp.safeParse(good).success).toBe(true)
  for (const bad of [
    '9999-12-31T23:59:59-14:00',
    '0000-01-01T00:00:00+01:00',
    '2030-02-30T00:00:00Z',
    'soon',
  ])
    expect(timestamp.safeParse(bad).error?.issues[0]?.message).toMatch(/^must be /)
})

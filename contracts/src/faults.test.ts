import { expect, test } from 'vitest'
import { z } from 'zod'
import { faultWords } from './faults.ts'

const schema = z.object({
  name: z.string().min(1).max(3),
  long: z.string().min(8),
  size: z.number().int().min(32).max(4096),
  ratio: z.number().positive(),
  tags: z.array(z.string()).max(1),
  tier: z.enum(['standard', 'community']),
  mail: z.email(),
  at: z.iso.datetime(),
  on: z.boolean(),
})
const right = {
  name: 'a',
  long: 'long enough',
  size: 64,
  ratio: 1,
  tags: [],
  tier: 'standard',
  mail: 'ada@example.org',
  at: '2030-01-31T09:00:00Z',
  on: true,
}
const said = (given: object) =>
  schema.safeParse({ ...right, ...given }, { error: faultWords }).error?.issues.map(({ message }) => message)

test.each([
  [{ name: undefined }, 'is required'],
  [{ name: null }, 'must be a text'],
  [{ name: 5 }, 'must be a text'],
  [{ name: '' }, 'must not be empty'],
  [{ name: 'abcd' }, 'must have at most 3 characters'],
  [{ long: 'short' }, 'must have at least 8 characters'],
  [{ size: 1 }, 'must be at least 32'],
  [{ size: 1e6 }, 'must be at most 4096'],
  [{ size: 64.5 }, 'must be a whole number'],
  [{ size: '64' }, 'must be a number'],
  [{ ratio: 0 }, 'must be more than 0'],
  [{ tags: ['a', 'b'] }, 'must have at most 1 entry'],
  [{ tags: 'a' }, 'must be a list'],
  [{ tier: 'gold' }, 'must be one of standard, community'],
  [{ mail: 'nobody' }, 'must be an e-mail address such as ada@example.org'],
  [{ at: 'noon' }, 'must be a time as of ISO 8601, such as 2030-01-31T09:00:00Z'],
  [{ on: 'yes' }, 'must be true or false'],
])('%j: %s', (given, words) => {
  expect(said(given)).toEqual([words])
})

test('what is right has no fault', () => {
  expect(said({})).toBeUndefined()
})

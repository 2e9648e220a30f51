import { expect, test } from 'vitest'
import { toRefusal } from './problems.ts'

const failure = (code: string, more: object = {}) => Object.assign(new Error('inside'), { code, ...more })

test.each([
  ['the database is starting', '57P03', 'unavailable'],
  ['the database was stopped', '57P01', 'unavailable'],
  ['the connection broke', '08006', 'unavailable'],
  ['nobody listens', 'ECONNREFUSED', 'unavailable'],
  ['there are too many connections', '53300', 'unavailable'],
  ['it could not be done beside the others', '40P01', 'unavailable'],
  ['somebody made the same meanwhile', '23505', 'duplicate'],
  ['a text holds NUL', '22021', 'invalid_input'],
  ['something nobody thought of', '42P01', 'internal'],
])('when %s (%s) the answer is %s, and nothing from inside', (_what, code, expected) => {
  const refusal = toRefusal(failure(code))
  expect(refusal.code).toBe(expected)
  expect(refusal.message).not.toContain('inside')
})

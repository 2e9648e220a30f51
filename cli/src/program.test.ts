import { afterEach, expect, test, vi } from 'vitest'
import { createProgram } from './program.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test.each([
  [['billing', 'seats', 'many'], /'many' is invalid for argument 'number'. It must be a whole number from 1/],
  [
    ['tokens', 'create', 'a', '--expires-in-days', 'soon'],
    /'soon' is invalid.* It must be a whole number from 1/,
  ],
])('what is no number is named before anything is asked of Berth: %j', async (args, sentence) => {
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  await expect(createProgram().parseAsync(args, { from: 'user' })).rejects.toMatchObject({ exitCode: 1 })
  expect(told.mock.calls.map(([text]) => String(text)).join('')).toMatch(sentence)
})

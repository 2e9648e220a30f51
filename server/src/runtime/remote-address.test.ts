import { expect, test } from 'vitest'
import { borrowDispatcher } from './remote-address.ts'

test('connections to an origin are shared, and closed when the last who has them gives them back', () => {
  const one = borrowDispatcher('https://example.com/mcp')
  const two = borrowDispatcher('https://example.com/other')
  expect(two.dispatcher).toBe(one.dispatcher)
  expect(borrowDispatcher('https://elsewhere.example.com/mcp').dispatcher).not.toBe(one.dispatcher)
  one.giveBack()
  one.giveBack() // counts once
  expect(two.dispatcher.closed).toBe(false)
  two.giveBack()
  expect(two.dispatcher.closed).toBe(true)
  expect(borrowDispatcher('https://example.com/mcp').dispatcher).not.toBe(one.dispatcher)
})

test('an address inside is refused where it stands in the URL itself', () => {
  expect(() => borrowDispatcher('https://10.0.0.1/mcp')).toThrow('10.0.0.1')
})

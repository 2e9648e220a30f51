import type { LogEvent } from '@berth/contracts'
import { expect, test } from 'vitest'
import { passes } from './filter.ts'

const event = { type: 'calls.recorded', actor: { id: 'usr_1' }, payload: {} } as unknown as LogEvent

test.for([
  [undefined, true],
  ['calls.recorded', true],
  ['calls.*', true],
  ['!calls.*', false],
  ['!calls.recorded', false],
  ['!member.*', true],
  ['member.*', false],
] as const)('a new event joins a list narrowed to %s only where it belongs', ([type, joins]) => {
  expect(passes({ type }, event)).toBe(joins)
  expect(passes({ type, actorId: 'usr_2' }, event)).toBe(false)
})

import { expect, test } from 'vitest'
import { holdWordsOf } from './marks.ts'

test('a hold is told by what holds, not by what was found in order', () => {
  const refused = {
    hold: 'pending-capacity' as const,
    holdNotes: ['capability:local:tier', 'capability:sandbox:present'],
  }
  expect(holdWordsOf(refused)).toBe('its tier does not run servers from folders')
  const missing = { hold: 'pending-capacity' as const, holdNotes: ['capability:sandbox:missing'] }
  expect(holdWordsOf(missing)).toBe('its tier demands a sandbox and no machine has one')
  const blocked = {
    hold: 'pending-remediation' as const,
    holdNotes: ['trust:release:blocked', 'capability:sandbox:present'],
  }
  expect(holdWordsOf(blocked)).toBe('its release was blocked by an operator')
  expect(holdWordsOf({ hold: 'pending-billing', holdNotes: [] })).toBe('the plan does not allow it')
})

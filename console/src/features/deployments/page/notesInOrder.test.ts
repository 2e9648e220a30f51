import { expect, test } from 'vitest'
import { notesInOrder } from './notesInOrder.ts'

test('of a decision that holds, what holds is told first', () => {
  const gates = [
    { gate: 'capability', verdict: 'pass' as const, notes: ['capability:sandbox:missing'], pending: null },
    {
      gate: 'trust',
      verdict: 'hold' as const,
      notes: ['trust:artifact:intact', 'trust:drift:1', 'trust:surface:not-yet'],
      pending: 'pending-remediation' as const,
    },
  ]
  expect(notesInOrder({ gates })).toEqual([
    'trust:drift:1',
    'trust:surface:not-yet',
    'capability:sandbox:missing',
    'trust:artifact:intact',
  ])
})

import type { Deployment } from '@berth/contracts'
import { expect, test } from 'vitest'
import { situationOf } from './situation.ts'

const deployment = (given: Partial<Deployment>) =>
  ({
    desired: 'running',
    phase: 'running',
    health: 'healthy',
    hold: null,
    holdNotes: [],
    quarantined: false,
    reason: null,
    failures: 0,
    failureLimit: 5,
    nextAttemptAt: null,
    ...given,
  }) as Deployment

test('of what is as it is wanted there is nothing to tell', () => {
  expect(situationOf(deployment({}))).toBeNull()
  expect(situationOf(deployment({ desired: 'stopped', phase: 'stopped', health: 'unknown' }))).toBeNull()
})

test('a drift names what happened, that the server did it, that nothing follows by itself, and offers the review first', () => {
  const told = situationOf(
    deployment({
      phase: 'stopped',
      hold: 'pending-remediation',
      holdNotes: ['trust:artifact:intact', 'trust:drift:1'],
      reason:
        'Held: The server shows another surface than the admitted one: "run" differs. Look at the differences. Accept it.',
    }),
  )!
  expect(told.what).toBe('The server shows another surface than the admitted one: "run" differs.')
  expect(told.who).toMatch(/^The server itself/)
  expect(told.next).toMatch(/Nothing more happens until somebody decides/)
  expect(told.deeds).toEqual(['review', 'rollback', 'restart', 'settings', 'explain'])
})

test('a crash loop tells how often, how many tries are left, and keeps the last lines apart from the sentence', () => {
  const told = situationOf(
    deployment({
      phase: 'launching',
      reason: 'The server exited with code 1.\nError: no API key\n  at main',
      failures: 3,
      nextAttemptAt: '2026-01-01T00:00:00.000Z',
    }),
  )!
  expect(told).toMatchObject({ tone: 'wait', title: 'It keeps failing' })
  expect(told.what).toBe('The server exited with code 1. That was 3 times in a row.')
  expect(told.next).toMatch(/after 2 more failures Berth gives up on it/)
  expect(told.lines).toBe('Error: no API key\n  at main')
})

test('what is given up says that it stays so, and offers to start it', () => {
  const told = situationOf(
    deployment({
      phase: 'failed',
      reason:
        'The server exited with code 1. It failed 5 times in a row, so it is not started again by itself.\nfatal',
      failures: 5,
    }),
  )!
  expect(told.what).toBe('The server exited with code 1. That was 5 times in a row.')
  expect(told.next).toMatch(/not started again by itself/)
  expect(told.deeds[0]).toBe('start')
  expect(told.lines).toBe('fatal')
})

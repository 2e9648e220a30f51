import type { Deployment } from '@berth/contracts'
import { expect, test } from 'vitest'
import { progressOf } from './progress.ts'

const launching = {
  desired: 'running',
  phase: 'launching',
  health: 'unknown',
  hold: null,
  quarantined: false,
  tools: null,
} satisfies Partial<Deployment>

test('a launch says what it is doing, and how often it was tried', () => {
  const run = { attempt: 1, retryLimit: 5, step: 'deciding', endedAt: null }
  expect(progressOf(launching, undefined)).toBe('It is about to be launched.')
  expect(progressOf(launching, run)).toBe('Now: deciding.')
  expect(progressOf(launching, { ...run, attempt: 2 })).toBe('Now: deciding (try 2 of 6).')
  expect(progressOf(launching, { ...run, endedAt: '2026-01-01T00:00:00Z' })).toBe(
    'It is about to be launched.',
  )
})

test('what became of it is said in a word', () => {
  expect(progressOf({ ...launching, phase: 'running', health: 'healthy', tools: 1 }, undefined)).toBe(
    'It runs, with one tool.',
  )
  expect(progressOf({ ...launching, hold: 'pending-billing' }, undefined)).toMatch(/^It is held/)
  expect(progressOf({ ...launching, phase: 'failed' }, undefined)).toMatch(/^It did not come up/)
})

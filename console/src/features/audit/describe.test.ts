import type { LogEvent } from '@berth/contracts'
import { expect, test } from 'vitest'
import { describe } from './describe.ts'

const event = (type: string, payload: LogEvent['payload']): LogEvent => ({
  organizationId: 'org_01jd0000000000000000000000',
  seq: 1,
  type,
  version: 1,
  at: '2026-01-01T00:00:00.000Z',
  effectiveAt: '2026-01-01T00:00:00.000Z',
  actor: { kind: 'system', id: 'reconciler', tokenId: null },
  requestId: null,
  payload,
  leafHash: '',
})

test('a run that goes on within its status is told by its step', () => {
  const changes = [{ field: 'step', previous: null, current: 'installing' }]
  expect(describe(event('run.changed', { kind: 'launch', changes }))).toEqual({
    title: 'Launch run: installing',
    detail: null,
    tone: 'idle',
  })
})

test('no event is without words, whatever its payload lacks', () => {
  const types = [
    'deployment.created',
    'deployment.changed',
    'decision.made',
    'run.created',
    'run.changed',
    'x.y',
  ]
  for (const type of types) expect(describe(event(type, {})).title, type).toMatch(/^[A-Z]/)
})

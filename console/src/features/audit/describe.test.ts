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

test.each([
  ['run.changed', { kind: 'launch' }, { field: 'status', current: 'running' }, 'Launch run began', null],
  [
    'run.changed',
    { kind: 'launch' },
    { field: 'status', current: 'awaiting_approval' },
    'Launch run awaiting approval',
    null,
  ],
  [
    'deployment.changed',
    { reason: 'It exited.' },
    { field: 'failures', current: 2 },
    '2 failures in a row',
    'It exited.',
  ],
  ['deployment.changed', {}, { field: 'failures', current: 0 }, 'Stable', 'earlier failures count no more'],
] as const)('%s %o of %o says what happened', (type, payload, change, title, detail) => {
  expect(describe(event(type, { ...payload, changes: [change] }))).toMatchObject({ title, detail })
})

test('an event says whom or what it is about', () => {
  const people = new Map([['usr_1', 'Ada']])
  const details = [
    event('member.added', { userId: 'usr_1', role: 'developer' }),
    event('member.role_changed', { userId: 'usr_1', previous: 'auditor', current: 'admin' }),
    event('secret.set', { name: 'API_KEY', version: 2 }),
    event('release.added', { server: 'acme/weather', version: '1.2.0' }),
    event('calls.recorded', { count: 1 }),
    event('calls.recorded', { count: 1200 }),
    event('quota.held', { holdId: 'hld_1', items: [{ key: 'gateway.tool_calls', quantity: 1200 }] }),
    event('workspace.archived', {}),
  ].map((one) => describe(one, people).detail)
  expect(details).toEqual([
    'Ada · developer',
    'Ada · auditor → admin',
    'API_KEY · 2',
    'acme/weather · 1.2.0',
    '1 call',
    '1,200 calls',
    'gateway.tool_calls 1,200',
    null,
  ])
})

test('a hold is named by the note that says most, as on the page of the server', () => {
  const changes = [
    { field: 'hold', previous: null, current: 'pending-capacity' },
    { field: 'holdNotes', previous: [], current: ['trust:artifact:intact', 'capability:local:tier'] },
  ]
  const { title } = describe(event('deployment.changed', { changes }))
  expect(title).toBe('Held: its tier does not run servers from folders')
})

test('of a decision that holds, what let it pass is left out', () => {
  const notes = ['trust:artifact:intact', 'capability:local:tier', 'capability:sandbox:present']
  const { detail } = describe(event('decision.made', { allowed: false, moment: 'launch', notes }))
  expect(detail).toBe('at launch · capability:local:tier')
})

test('a hold is told once, though its reason begins with the same word', () => {
  const changes = [{ field: 'hold', previous: null, current: 'pending-billing' }]
  const { title, detail } = describe(
    event('deployment.changed', { changes, reason: 'Held: an invoice is due.' }),
  )
  expect([title.startsWith('Held: '), detail]).toEqual([true, 'an invoice is due.'])
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

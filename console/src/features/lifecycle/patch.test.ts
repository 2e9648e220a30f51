import type { Deployment, Run, WorkspaceSnapshot } from '@berth/contracts'
import { expect, test } from 'vitest'
import { withDeployment, withoutDeployment, withRun } from './patch.ts'
import type { Snapshots } from './queries.ts'

const deployment = (id: string, more: Partial<Deployment> = {}) =>
  ({ id, workspaceId: 'w1', rowVersion: 1, phase: 'launching', ...more }) as Deployment

function snapshots(...deployments: Deployment[]): Snapshots {
  const snapshot = { workspace: { id: 'w1' }, deployments, recentRuns: [], activity: [] }
  const page = { items: [snapshot as unknown as WorkspaceSnapshot], nextCursor: null, streamCursor: 'c' }
  return { pages: [page], pageParams: [undefined] }
}

const shown = (data: Snapshots) =>
  data.pages[0]!.items[0]!.deployments.map(({ id, phase }) => `${id} ${phase}`)

test('a changed deployment keeps its place; a new one comes last, under whatever the pointer is on', () => {
  const data = snapshots(deployment('a'), deployment('b'))
  const changed = withDeployment(data, deployment('a', { phase: 'running', rowVersion: 2 }))
  expect(shown(changed)).toEqual(['a running', 'b launching'])
  expect(shown(withDeployment(changed, deployment('c')))).toEqual(['a running', 'b launching', 'c launching'])
  expect(shown(withoutDeployment(changed, 'w1', 'a'))).toEqual(['b launching'])
})

test('an answer that was overtaken by a newer one changes nothing', () => {
  const data = snapshots(deployment('a', { phase: 'running', rowVersion: 5 }))
  expect(shown(withDeployment(data, deployment('a', { phase: 'launching', rowVersion: 4 })))).toEqual([
    'a running',
  ])
})

test('what belongs to a workspace that is not loaded changes nothing at all', () => {
  const data = snapshots(deployment('a'))
  expect(withDeployment(data, deployment('x', { workspaceId: 'w9' }))).toBe(data)
})

test('a run is replaced where it stands, a new one comes first and takes the place of its deployment’s last one', () => {
  const run = (id: string, status: string, deploymentId = id) =>
    ({ id, status, deploymentId, workspaceId: 'w1' }) as Run
  const told = (data: Snapshots) =>
    data.pages[0]!.items[0]!.recentRuns.map(({ id, status }) => `${id} ${status}`)
  const two = withRun(withRun(snapshots(), run('r1', 'running')), run('r2', 'pending'))
  expect(told(withRun(two, run('r1', 'succeeded')))).toEqual(['r2 pending', 'r1 succeeded'])
  expect(told(withRun(two, run('r3', 'running', 'r1')))).toEqual(['r3 running', 'r2 pending'])
  expect(told(withRun(two, run('r0', 'failed', 'r1'))), 'an older one is not told again').toEqual(told(two))
})

test('a workspace on two pages keeps each deployment where it is; a new one comes last', () => {
  const [first] = snapshots(deployment('a'), deployment('b')).pages
  const [second] = snapshots(deployment('c')).pages
  const data = { pages: [first!, second!], pageParams: [undefined, 'x'] }
  const all = (changed: Snapshots) =>
    changed.pages.map(({ items }) => items[0]!.deployments.map(({ id, phase }) => `${id} ${phase}`))
  expect(all(withDeployment(data, deployment('a', { phase: 'running', rowVersion: 2 })))).toEqual([
    ['a running', 'b launching'],
    ['c launching'],
  ])
  expect(all(withDeployment(data, deployment('d')))).toEqual([
    ['a launching', 'b launching'],
    ['c launching', 'd launching'],
  ])
  expect(all(withoutDeployment(data, 'w1', 'c'))).toEqual([['a launching', 'b launching'], []])
})

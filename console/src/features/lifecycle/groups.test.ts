import type { Deployment, Run, Workspace, WorkspaceSnapshot } from '@berth/contracts'
import { expect, test } from 'vitest'
import { createGrouping } from './groups.ts'

const workspace = (id: string) => ({ id, name: `Name ${id}`, key: id }) as Workspace
const deployment = (id: string, more: Partial<Deployment> = {}) =>
  ({
    id,
    name: id,
    server: 'acme/echo',
    desired: 'running',
    phase: 'running',
    health: 'healthy',
    ...more,
  }) as Deployment
const run = (id: string, deploymentId: string) => ({ id, deploymentId }) as Run

function snapshot(id: string, deployments: Deployment[], recentRuns: Run[] = []): WorkspaceSnapshot {
  return { workspace: workspace(id), deployments, recentRuns, activity: [] }
}

const shown = (groups: ReturnType<ReturnType<typeof createGrouping>>) =>
  groups.map((group) => `${group.workspace.id}: ${group.rows.map(({ id }) => id).join(' ')}`)

test('a workspace that goes on on the next page is one, and no deployment stands twice', () => {
  const pages = [
    snapshot('w', [deployment('a'), deployment('b')]),
    snapshot('w', [deployment('b'), deployment('c')]),
  ]
  expect(shown(createGrouping()(pages, undefined, {}))).toEqual(['w: a b c'])
})

test('what an event took out of the filter is left out; a workspace of that name stays, empty or not', () => {
  const held = deployment('held', { hold: 'pending-billing' })
  const pages = [snapshot('payments', [held, deployment('fine')]), snapshot('other', [deployment('fine2')])]
  const group = createGrouping()
  expect(shown(group(pages, undefined, { status: 'held' }))).toEqual(['payments: held'])
  expect(shown(group(pages, undefined, { search: 'FINE2' }))).toEqual(['other: fine2'])
  expect(shown(group(pages, undefined, { search: 'name pay' }))).toEqual(['payments: held fine'])
  expect(shown(group([snapshot('payments', [])], undefined, { search: 'pay' }))).toEqual(['payments: '])
})

test('a row keeps its identity until one of its own facts changes', () => {
  const group = createGrouping()
  const [a, b] = [deployment('a'), deployment('b')]
  const last = run('r1', 'a')
  const before = group([snapshot('w', [a, b], [last])], new Map(), {})[0]!.rows
  const moved = new Map([['b', { deploymentId: 'b', callsLastMinute: 3, p99Ms: 1 }]])
  const after = group([snapshot('w', [a, b], [last])], moved, {})[0]!.rows
  expect(after[0]).toBe(before[0])
  expect(after[1]).not.toBe(before[1])
  expect(after[0]!.run).toBe(last)
})

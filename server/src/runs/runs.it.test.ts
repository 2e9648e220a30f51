import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Run } from '@berth/contracts'
import { readEvents } from '../platform/log/read.ts'
import {
  movableClock,
  openTestPlatform,
  seedDeployment,
  type Seeded,
  type TestPlatform,
} from '../platform/testing/index.ts'
import {
  cancelRun,
  createRun,
  errorRun,
  failRun,
  findRecentRuns,
  findRuns,
  getRun,
  reapRuns,
  retryRun,
  RunFailed,
  startRun,
  stepRun,
  succeedRun,
  workRun,
} from './service.ts'

const clock = movableClock()
let platform: TestPlatform
let deployment: Seeded

beforeAll(async () => {
  platform = await openTestPlatform({ clock })
})
afterAll(() => platform.close())
beforeEach(async () => {
  deployment = await seedDeployment(platform.db)
})

const lease = { leasedBy: 'rnr_a', leaseMs: 10_000 }

const newRun = (retryLimit = 0): Promise<Run> =>
  platform.change((tx) => createRun(tx, { ...about(), kind: 'launch', retryLimit }))

const about = () => ({
  organizationId: deployment.organizationId,
  workspaceId: deployment.workspaceId,
  deploymentId: deployment.id,
  releaseId: deployment.releaseId,
})

const current = (run: Run) => getRun(platform.db, run.organizationId, run.id)
const ledgerOf = async (run: Run) =>
  (await current(run)).retryLedger.map((entry) => `${entry.attempt} ${entry.status}`)

describe('the life of a run', () => {
  test('stands in row, ledger and log alike', async () => {
    const run = await newRun()
    await platform.change((tx) => startRun(tx, run.id, lease))
    clock.advance(1500)
    await platform.change((tx) => stepRun(tx, run.id, 'installing'))
    clock.advance(500)
    const done = await platform.change((tx) => succeedRun(tx, run.id))
    expect(done).toMatchObject({
      status: 'succeeded',
      attempt: 1,
      step: null,
      durationMs: 2000,
      reason: null,
    })
    expect(await ledgerOf(run)).toEqual(['1 pending', '1 running', '1 succeeded'])
    const events = await readEvents(platform.db, run.organizationId, 0)
    expect(events.map((event) => [event.type, event.payload['changes']])).toEqual([
      ['run.created', undefined],
      ['run.changed', [{ field: 'status', previous: 'pending', current: 'running' }]],
      ['run.changed', [{ field: 'step', previous: null, current: 'installing' }]],
      [
        'run.changed',
        [
          { field: 'status', previous: 'running', current: 'succeeded' },
          { field: 'step', previous: 'installing', current: null },
        ],
      ],
    ])
  })

  test('a failed run is tried again until its limit, with every attempt in the ledger', async () => {
    const run = await newRun(1)
    await platform.change((tx) => startRun(tx, run.id, lease))
    await platform.change((tx) => failRun(tx, run.id, 'The server exited.'))
    await platform.change((tx) => retryRun(tx, run.id))
    await platform.change((tx) => startRun(tx, run.id, lease))
    const failed = await platform.change((tx) => errorRun(tx, run.id, 'The registry is offline.'))
    expect(failed).toMatchObject({ attempt: 2, status: 'errored', reason: 'The registry is offline.' })
    expect(failed.retryLedger.map((entry) => entry.reason)).toEqual([
      null,
      null,
      'The server exited.',
      null,
      null,
      'The registry is offline.',
    ])
    await expect(platform.change((tx) => retryRun(tx, run.id))).rejects.toMatchObject({
      code: 'invalid_state',
    })
  })

  test('what its state does not allow is refused with the reason, and changes nothing', async () => {
    const run = await newRun()
    await platform.change((tx) => cancelRun(tx, run.id, 'Stopped.'))
    await expect(platform.change((tx) => startRun(tx, run.id, lease))).rejects.toThrow(
      'Only a pending run can start. It is cancelled.',
    )
    expect(await ledgerOf(run)).toEqual(['1 pending', '1 cancelled'])
  })

  test('of two workers, one gets it', async () => {
    const run = await newRun()
    const starts = await Promise.allSettled(
      ['rnr_a', 'rnr_b'].map((leasedBy) => platform.change((tx) => startRun(tx, run.id, { leasedBy }))),
    )
    expect(starts.map((start) => start.status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('a worker that died', () => {
  test('its run ends as errored and is resumed while it has attempts left', async () => {
    const [once, twice] = [await newRun(), await newRun(1)]
    for (const run of [once, twice]) await platform.change((tx) => startRun(tx, run.id, lease))
    const resumed: string[] = []
    const resume = { launch: async (_: unknown, run: Run) => void resumed.push(run.id) }
    clock.advance(9_000)
    await reapRuns(platform, resume)
    expect((await current(once)).status).toBe('running')
    clock.advance(2_000)
    await Promise.all([reapRuns(platform, resume), reapRuns(platform, resume)])
    expect(await ledgerOf(once)).toEqual(['1 pending', '1 running', '1 errored'])
    expect(await ledgerOf(twice)).toEqual(['1 pending', '1 running', '1 errored', '2 pending'])
    expect(resumed).toContain(twice.id)
    expect(resumed).not.toContain(once.id)
  })

  test('another worker that is given the run takes it over', async () => {
    const run = await newRun(1)
    await platform.change((tx) => startRun(tx, run.id, lease))
    clock.advance(11_000)
    const taken = await platform.change((tx) => startRun(tx, run.id, { leasedBy: 'rnr_b' }))
    expect(taken).toMatchObject({ status: 'running', attempt: 2 })
    expect(await ledgerOf(run)).toEqual(['1 pending', '1 running', '1 errored', '2 pending', '2 running'])
  })

  test('a pending run that nobody began is put on its way again', async () => {
    const run = await newRun()
    const resumed: string[] = []
    const resume = { launch: async (_: unknown, given: Run) => void resumed.push(given.id) }
    await reapRuns(platform, resume)
    expect(resumed).not.toContain(run.id)
    clock.advance(61_000)
    await reapRuns(platform, resume)
    expect(resumed).toContain(run.id)
  })
})

describe('the work of a run', () => {
  test('ends it as succeeded, failed or errored by how it ends itself', async () => {
    const ends = [
      async () => {},
      async () => {
        throw new RunFailed('The surface is not the admitted one.')
      },
      async () => {
        throw new Error('ENOSPC')
      },
    ]
    const runs: Run[] = []
    for (const work of ends) {
      const run = await newRun()
      await workRun(platform, run.id, lease, work)
      runs.push(await current(run))
    }
    expect(runs.map(({ status, reason }) => [status, reason])).toEqual([
      ['succeeded', null],
      ['failed', 'The surface is not the admitted one.'],
      ['errored', 'ENOSPC'],
    ])
  })

  test('keeps its lease while it goes on, and learns when the run was taken away', async () => {
    const run = await newRun()
    const succeeded = await workRun(
      platform,
      run.id,
      { leasedBy: 'rnr_a', leaseMs: 300 },
      async (_, step, signal) => {
        clock.advance(250)
        await new Promise((resolve) => setTimeout(resolve, 200))
        clock.advance(250)
        await reapRuns(platform)
        expect((await current(run)).status).toBe('running')
        await step('half done')
        await platform.change((tx) => cancelRun(tx, run.id, 'Not needed any more.'))
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      },
    )
    expect(succeeded).toBe(false)
    expect(await current(run)).toMatchObject({ status: 'cancelled', reason: 'Not needed any more.' })
  })
})

test('lists show only the runs of the organization, newest first, and the newest of each workspace', async () => {
  const mine = [await newRun(), await newRun(), await newRun()]
  const strangers = await seedDeployment(platform.db)
  await platform.change((tx) =>
    createRun(tx, {
      organizationId: strangers.organizationId,
      workspaceId: strangers.workspaceId,
      kind: 'launch',
    }),
  )
  const listed = await findRuns(platform.db, {
    organizationId: deployment.organizationId,
    before: null,
    limit: 10,
  })
  expect(listed.map((run) => run.id)).toEqual(mine.map((run) => run.id).toReversed())
  const workspaces = [deployment.workspaceId, strangers.workspaceId]
  const recent = await findRecentRuns(platform.db, deployment.organizationId, workspaces, 2)
  expect(recent.map((run) => run.id)).toEqual([mine[2]!.id, mine[1]!.id])
})

test('a token bound to a workspace or to deployments reaches their runs only', async () => {
  const run = await newRun()
  const { organizationId, workspaceId, deploymentIds } = {
    ...deployment,
    deploymentIds: [deployment.id],
  }
  const stranger = { workspaceId: 'wsp_other', deploymentIds: ['dep_other'] }
  const seenWithin = async (reach: { workspaceId: string | null; deploymentIds: string[] | null }) => {
    const listed = await findRuns(platform.db, { organizationId, reach, before: null, limit: 10 })
    const one = await getRun(platform.db, organizationId, run.id, reach).catch(() => null)
    expect(listed.map(({ id }) => id)).toEqual(one ? [run.id] : [])
    return one !== null
  }
  expect(await seenWithin({ workspaceId, deploymentIds })).toBe(true)
  expect(await seenWithin({ workspaceId: stranger.workspaceId, deploymentIds: null })).toBe(false)
  expect(await seenWithin({ workspaceId, deploymentIds: stranger.deploymentIds })).toBe(false)
})

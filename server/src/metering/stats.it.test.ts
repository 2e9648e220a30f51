import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newId } from '../platform/ids.ts'
import { openTestPlatform, seedOrganization, type TestPlatform } from '../platform/testing/index.ts'
import { lineOf, type JournalRecord } from './journal.ts'
import { makePartitions } from './partitions.ts'
import { callStats, listCalls } from './service.ts'
import { rangeOf } from './stats.ts'
import { insertCalls } from './store.ts'
import { callBy } from './testing/calls.ts'

const minute = 60_000
const start = Date.parse('2026-03-01T23:30:00Z')
const now = new Date(start + 60 * minute)

let platform: TestPlatform
let organizationId: string
let deploymentId: string

beforeAll(async () => {
  platform = await openTestPlatform()
  // The hour lies in two days, each a partition of its own.
  await makePartitions(platform.db, new Date(start))
})
afterAll(() => platform.close())
beforeEach(async () => {
  organizationId = await seedOrganization(platform.db)
  deploymentId = newId('deployment')
})

async function made(calls: Partial<JournalRecord>[]): Promise<void> {
  const lines = calls.map((call) => lineOf(callBy(organizationId, { deploymentId, ...call }))).join('\n')
  await insertCalls(platform.db, lines, newId('runner'), now)
}

const stats = (query = {}) =>
  callStats(
    platform.db,
    {
      organizationId,
      deploymentId,
      from: new Date(start).toISOString(),
      to: now.toISOString(),
      step: 600,
      ...query,
    },
    now,
  )

test('every bucket is there, counts every call once across days, and the total is their sum', async () => {
  await made([
    { at: start },
    { at: start + 10 * minute - 1, outcome: 'error' },
    { at: start + 10 * minute, outcome: 'refused' },
    { at: start + 45 * minute },
    // Just outside on either side, elsewhere, and somebody else's.
    { at: start - 1 },
    { at: start + 60 * minute },
    { at: start, deploymentId: newId('deployment') },
    { at: start, organizationId: await seedOrganization(platform.db) },
  ])
  const { buckets, total, stepSeconds, from, to } = await stats()
  expect({ stepSeconds, from, to }).toEqual({
    stepSeconds: 600,
    from: '2026-03-01T23:30:00.000Z',
    to: '2026-03-02T00:30:00.000Z',
  })
  expect(buckets.map(({ count }) => count)).toEqual([2, 1, 0, 0, 1, 0])
  expect(buckets[0]!.outcomes).toMatchObject({ ok: 1, error: 1, refused: 0 })
  expect(total.count).toBe(4)
  expect(total.outcomes).toMatchObject({ ok: 2, error: 1, refused: 1, lost: 0 })
})

test('percentiles are values that calls had, of the calls that the server answered alone', async () => {
  await made([
    ...Array.from({ length: 100 }, (_, at) => ({ at: start, latencyUs: (at + 1) * 1000 })),
    { at: start, outcome: 'refused', latencyUs: 9_000_000 },
    { at: start + 20 * minute, outcome: 'lost', latencyUs: 9_000_000 },
  ])
  const { total, buckets } = await stats()
  expect(total).toMatchObject({ p50Ms: 50, p95Ms: 95, p99Ms: 99 })
  expect(buckets[0]).toMatchObject({ p50Ms: 50, p95Ms: 95, p99Ms: 99 })
  expect(buckets[2], 'a bucket without an answer has no latency').toMatchObject({ count: 1, p50Ms: null })
})

test('tools are told apart, the most called first; a filter narrows everything', async () => {
  const agent = newId('user')
  await made([
    { at: start, tool: 'rare', principalId: agent },
    { at: start, tool: 'busy' },
    { at: start + minute, tool: 'busy', outcome: 'tool_error' },
    { at: start, tool: null, method: 'tools/list' },
  ])
  const all = await stats()
  expect(all.tools.map(({ tool, count }) => [tool, count])).toEqual([
    ['busy', 2],
    ['rare', 1],
  ])
  expect(all.total.count, 'calls of no tool count too').toBe(4)
  expect((await stats({ tool: 'busy' })).total.outcomes).toMatchObject({ ok: 1, tool_error: 1 })
  expect((await stats({ method: 'tools/list' })).total.count).toBe(1)
  const byAgent = await stats({ principalId: agent })
  expect(byAgent.tools.map(({ tool }) => tool)).toEqual(['rare'])
})

test('names that callers make up are cut to the most called ones', async () => {
  await made([
    ...Array.from({ length: 80 }, (_, at) => ({ at: start, tool: `made-up-${at}` })),
    { at: start, tool: 'real' },
    { at: start, tool: 'real' },
  ])
  const { tools, total } = await stats()
  expect(tools).toHaveLength(50)
  expect(tools[0]!.tool).toBe('real')
  expect(total.count).toBe(82)
})

test('the list of calls can be cut to the same time', async () => {
  await made([{ at: start - 1 }, { at: start }, { at: start + minute }, { at: start + 2 * minute }])
  const found = await listCalls(platform.db, {
    organizationId,
    from: new Date(start).toISOString(),
    to: new Date(start + 2 * minute).toISOString(),
    before: null,
    limit: 10,
  })
  expect(found.map(({ at }) => Date.parse(at))).toEqual([start + minute, start])
})

test('a range without a step gets one that looks well, and is widened to whole buckets', () => {
  const to = '2026-03-02T00:30:05.500Z'
  const hour = rangeOf({ to }, now)
  expect(hour).toEqual({ start: Date.parse('2026-03-01T23:30:00Z'), step: 30_000, count: 121 })
  const month = rangeOf({ from: '2026-02-01T00:00:00Z', to: '2026-03-03T00:00:00Z' }, now)
  expect(month.count).toBeLessThanOrEqual(300)
})

test('a range that is too long, too fine or backwards is refused with the limit', () => {
  const to = now.toISOString()
  const refusal = (query: Parameters<typeof rangeOf>[0]) => {
    try {
      rangeOf(query, now)
    } catch (error) {
      return (error as Error).message
    }
    return 'it was not refused'
  }
  expect(refusal({ from: '2026-01-01T00:00:00Z', to })).toMatch(/at most 31 days/)
  expect(refusal({ from: to, to })).toMatch(/from: must be before to/)
  const fine = { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' }
  const said = refusal({ ...fine, step: 60 })
  expect(said).toMatch(/1440 buckets.*at most 300/)
  const least = Number(/make it (\d+) seconds/.exec(said)![1])
  expect(rangeOf({ ...fine, step: least }, now).count, 'what is proposed is taken').toBeLessThanOrEqual(300)
})

import { deploymentWord, deploymentWords, health, phase } from '@berth/contracts'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../platform/ids.ts'
import {
  openTestPlatform,
  seedDeployment,
  seedOrganization,
  type TestPlatform,
} from '../platform/testing/index.ts'
import { count, type LifecycleFilter, readPage, statusSql } from './store.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())

const everything = { workspaceId: null, deploymentIds: null }

/** A workspace with so many deployments of the same release, the first `held` of them held. */
async function seedWorkspace(organizationId: string, name: string, deployments: number, held = 0) {
  const first = await seedDeployment(platform.db, { organizationId })
  await platform.db.updateTable('workspaces').set({ name }).where('id', '=', first.workspaceId).execute()
  const ids = [first.id]
  const row = await platform.db
    .selectFrom('deployments')
    .selectAll()
    .where('id', '=', first.id)
    .executeTakeFirstOrThrow()
  while (ids.length < deployments) {
    const id = newId('deployment')
    await sql`insert into deployments (id, organization_id, workspace_id, name, server_id, release_id, limits, desired, created_by, created_at)
      values (${id}, ${organizationId}, ${row.workspaceId}, ${`${name}-${ids.length}`.toLowerCase()}, ${row.serverId}, ${row.releaseId}, '{}', 'running', 'test', now())`.execute(
      platform.db,
    )
    ids.push(id)
  }
  if (held > 0)
    await platform.db
      .updateTable('deployments')
      .set({ hold: 'pending-billing' })
      .where('id', 'in', ids.slice(0, held))
      .execute()
  return { workspaceId: first.workspaceId, ids }
}

async function readAll(filter: LifecycleFilter, workspaces: number, most: number) {
  const pages: { workspaceId: string; deploymentId: string | null }[][] = []
  let cursor: string | undefined
  do {
    const page = await readPage(platform.db, filter, cursor, workspaces, most)
    pages.push(page.lines)
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  return pages
}

test('pages hold so many deployments at most, and together each of them once, in order', async () => {
  const organizationId = await seedOrganization(platform.db)
  const old = await seedWorkspace(organizationId, 'Old', 3)
  const large = await seedWorkspace(organizationId, 'Large', 12)
  const young = await seedWorkspace(organizationId, 'Young', 1)
  const expected = [young, large, old].flatMap(({ workspaceId, ids }) =>
    ids.map((deploymentId) => ({ workspaceId, deploymentId })),
  )
  for (const [workspaces, most] of [
    [100, 5],
    [1, 500],
    [2, 4],
    [100, 1],
    [100, 16],
  ] as const) {
    const pages = await readAll({ organizationId, reach: everything }, workspaces, most)
    expect(pages.flat()).toEqual(expected)
    expect(Math.max(...pages.map((lines) => lines.length))).toBeLessThanOrEqual(most)
  }
})

test('a search finds deployments by name and server, and all of a workspace found by its own name', async () => {
  const organizationId = await seedOrganization(platform.db)
  const payments = await seedWorkspace(organizationId, 'Payments', 3)
  const other = await seedWorkspace(organizationId, 'Other', 2)
  const found = async (more: Partial<LifecycleFilter>) => {
    const filter = { organizationId, reach: everything, ...more }
    const { lines } = await readPage(platform.db, filter, undefined, 100)
    const counts = await count(platform.db, filter)
    const ids = lines.flatMap(({ deploymentId }) => deploymentId ?? [])
    if (!more.status) expect(counts.deployments).toBe(ids.length)
    return ids
  }
  expect(await found({ search: 'payMENTS' })).toEqual(payments.ids)
  expect(await found({ search: 'other-1' })).toEqual([other.ids[1]])
  expect(await found({ search: '/exam' })).toHaveLength(5)
  expect(await found({ search: '100%' })).toEqual([])
  expect(await found({ reach: { workspaceId: null, deploymentIds: [other.ids[0]!] } })).toEqual([
    other.ids[0],
  ])
  expect(
    await found({ search: 'pay', reach: { workspaceId: other.workspaceId, deploymentIds: null } }),
  ).toEqual([])
})

test('a status is looked for on the server, and leaves out workspaces without any of it', async () => {
  const organizationId = await seedOrganization(platform.db)
  await seedWorkspace(organizationId, 'Calm', 2)
  const held = await seedWorkspace(organizationId, 'Held', 3, 2)
  const filter = { organizationId, reach: everything }
  const { lines } = await readPage(platform.db, { ...filter, status: 'held' }, undefined, 100)
  expect(lines.map(({ deploymentId }) => deploymentId)).toEqual(held.ids.slice(0, 2))
  const counts = await count(platform.db, filter)
  expect(counts).toMatchObject({ workspaces: 2, deployments: 5, tiers: ['community'], regions: ['local'] })
  expect(counts.byStatus).toMatchObject({ held: 2, launching: 3, running: 0 })
})

test('the database calls every state by the word that contracts derives', async () => {
  const states = ['running', 'stopped'].flatMap((desired) =>
    phase.options.flatMap((p) =>
      health.options.flatMap((h) =>
        [null, 'pending-billing' as const].flatMap((hold) =>
          [false, true].map((quarantined) => ({
            desired: desired as 'running' | 'stopped',
            phase: p,
            health: h,
            hold,
            quarantined,
          })),
        ),
      ),
    ),
  )
  const numbered = JSON.stringify(states.map((state, n) => ({ ...state, n })))
  const { rows } = await sql<{ word: string }>`
    select ${statusSql} as word
    from jsonb_to_recordset(${numbered}::jsonb)
      as d (n int, desired text, phase text, health text, hold text, quarantined boolean)
    order by n`.execute(platform.db)
  const words = rows.map(({ word }) => word)
  expect(words).toEqual(states.map((state) => deploymentWord(state)))
  expect([...new Set(words)].toSorted()).toEqual([...deploymentWords].toSorted())
})

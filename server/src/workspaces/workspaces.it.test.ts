import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { platformOrganizationId } from '@berth/contracts'
import type { Refusal } from '../platform/problem.ts'
import { openTestPlatform, type TestPlatform } from './test-kit.ts'
import {
  archiveWorkspace,
  changeWorkspace,
  createWorkspace,
  getWorkspace,
  listWorkspaces,
  resolveWorkspaceKey,
  restoreWorkspace,
  tierOf,
} from './service.ts'
import { changeTier, createTier, listTiers } from './tiers.ts'

let kit: TestPlatform
let org: string
beforeAll(async () => {
  kit = await openTestPlatform()
  org = await kit.organization()
})
afterAll(() => kit.close())

const create = (input: { name: string; key?: string; tier?: string; region?: string }, organization = org) =>
  kit.change((tx) => createWorkspace(tx, organization, { tier: 'standard', region: 'local', ...input }))
const change = (id: string, input: Parameters<typeof changeWorkspace>[3]) =>
  kit.change((tx) => changeWorkspace(tx, org, id, input))

describe('keys', () => {
  test('come from the name, with a number when taken', async () => {
    const first = await create({ name: 'Künstliche Intelligenz' })
    const second = await create({ name: 'Künstliche Intelligenz' })
    expect([first.key, second.key]).toEqual(['kunstliche-intelligenz', 'kunstliche-intelligenz-2'])
    const long = 'a'.repeat(40)
    expect((await create({ name: long })).key).toBe(long)
    expect((await create({ name: long })).key).toBe(`${'a'.repeat(34)}-2`)
  })

  test('are there for names in any script', async () => {
    const organization = await kit.organization()
    expect((await create({ name: '日本' }, organization)).key).toBe('workspace')
    expect((await create({ name: 'البحر' }, organization)).key).toBe('workspace-2')
  })

  test('that are given must be free, in this organization only', async () => {
    await create({ name: 'One', key: 'taken' })
    await expect(create({ name: 'Two', key: 'taken' })).rejects.toMatchObject({
      code: 'duplicate',
      message: 'There is a workspace with the key "taken" already; choose another.',
    })
    expect((await create({ name: 'Two', key: 'taken' }, await kit.organization())).key).toBe('taken')
  })

  test('stay aliases that nobody else may take and that their owner may take back', async () => {
    const moved = await create({ name: 'Moved', key: 'before' })
    await change(moved.id, { key: 'after' })
    expect(await resolveWorkspaceKey(kit.platform.db, org, 'before')).toBe(moved.id)
    expect(await resolveWorkspaceKey(kit.platform.db, org, 'after')).toBe(moved.id)
    await expect(create({ name: 'Other', key: 'before' })).rejects.toMatchObject({
      code: 'duplicate',
      message: expect.stringContaining('"before" is an earlier key of the workspace "Moved"'),
    })
    expect((await change(moved.id, { key: 'before' })).key).toBe('before')
    expect(await resolveWorkspaceKey(kit.platform.db, await kit.organization(), 'before')).toBeNull()
  })

  test('asked for by many at once go to one', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => create({ name: 'Race', key: 'race' })),
    )
    const codes = tries.map((one) => (one.status === 'fulfilled' ? 'created' : (one.reason as Refusal).code))
    expect(codes.toSorted()).toEqual(['created', ...Array.from({ length: 7 }, () => 'duplicate')])
  })
})

describe('a change', () => {
  test('tells what changed, and raises the version; no change does neither', async () => {
    const workspace = await create({ name: 'Plain' })
    expect(await change(workspace.id, { name: 'Plain' })).toEqual(workspace)
    const changed = await change(workspace.id, { name: 'Fancy', tier: 'community', expectedVersion: 1 })
    expect(changed).toMatchObject({ name: 'Fancy', tier: 'community', version: 2 })
    expect(await getWorkspace(kit.platform.db, org, workspace.id)).toEqual(changed)
    const updates = await kit.events(org, 'workspace.updated')
    expect(updates.filter((event) => event['workspaceId'] === workspace.id)).toHaveLength(1)
  })

  test('on a version that is no longer the present one is refused with the present row', async () => {
    const workspace = await create({ name: 'Contended' })
    await change(workspace.id, { name: 'First' })
    await expect(change(workspace.id, { name: 'Second', expectedVersion: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
      extra: { current: { name: 'First', version: 2 } },
    })
  })

  test('of what another organization has is not found', async () => {
    const theirs = await create({ name: 'Theirs' }, await kit.organization())
    await expect(change(theirs.id, { name: 'Mine' })).rejects.toMatchObject({ code: 'not_found' })
    await expect(getWorkspace(kit.platform.db, org, theirs.id)).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('archiving and restoring follow the state machine and are told', async () => {
  const { id } = await create({ name: 'Short-lived' })
  const archive = () => kit.change((tx) => archiveWorkspace(tx, org, id))
  const restore = () => kit.change((tx) => restoreWorkspace(tx, org, id))
  await expect(restore()).rejects.toMatchObject({
    code: 'invalid_state',
    message: 'Only an archived workspace can be restored. It is active.',
  })
  expect(await archive()).toMatchObject({ state: 'archived', version: 2 })
  await expect(archive()).rejects.toMatchObject({ code: 'invalid_state' })
  expect(await restore()).toMatchObject({ state: 'active', version: 3 })
  expect(await kit.events(org, 'workspace.archived')).toContainEqual({ workspaceId: id })
  expect(await kit.events(org, 'workspace.restored')).toContainEqual({ workspaceId: id })
})

test('a list pages newest first and can be narrowed', async () => {
  const organization = await kit.organization()
  for (const name of ['a', 'b', 'c']) await create({ name }, organization)
  const list = (filter: Parameters<typeof listWorkspaces>[2], before: string | null = null) =>
    listWorkspaces(kit.platform.db, organization, filter, before, 2)
  const page = await list({})
  expect(page.map((one) => one.key)).toEqual(['c', 'b'])
  expect((await list({}, page[1]!.id)).map((one) => one.key)).toEqual(['a'])
  await kit.change((tx) => archiveWorkspace(tx, organization, page[0]!.id))
  expect((await list({ state: 'archived' })).map((one) => one.key)).toEqual(['c'])
  expect((await list({ id: page[1]!.id })).map((one) => one.key)).toEqual(['b'])
})

describe('tiers', () => {
  test('are seeded', async () => {
    const tiers = (await listTiers(kit.platform.db)).slice(0, 3)
    expect(
      tiers.map(({ code, sandbox, allowLocal, checkEveryCall }) => [
        code,
        sandbox,
        allowLocal,
        checkEveryCall,
      ]),
    ).toEqual([
      ['community', 'preferred', true, false],
      ['standard', 'required', false, false],
      ['regulated', 'required', false, true],
    ])
  })

  test('that do not exist are refused with those that do', async () => {
    await expect(create({ name: 'Nowhere', tier: 'gold' })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(
        'There is no tier "gold"; the tiers are community, standard, regulated',
      ),
    })
  })

  test('limit regions, at creation and when a workspace moves into one', async () => {
    await kit.change((tx) =>
      createTier(tx, {
        code: 'eu-only',
        name: 'EU',
        sandbox: 'required',
        allowLocal: false,
        regions: ['eu-west-1', 'eu-central-1', 'eu-west-1'],
        checkEveryCall: false,
      }),
    )
    expect((await tierOf(kit.platform.db, 'eu-only')).regions).toEqual(['eu-west-1', 'eu-central-1'])
    const refusal = {
      code: 'invalid_input',
      message: 'The tier "eu-only" does not allow the region "local"; it allows eu-west-1, eu-central-1.',
    }
    await expect(create({ name: 'Far', tier: 'eu-only' })).rejects.toMatchObject(refusal)
    const near = await create({ name: 'Near', tier: 'eu-only', region: 'eu-west-1' })
    expect(near.region).toBe('eu-west-1')
    const move = (region: string) => kit.change((tx) => changeWorkspace(tx, org, near.id, { region }))
    await expect(move('us-east-1')).rejects.toMatchObject({
      message: expect.stringContaining('does not allow the region "us-east-1"'),
    })
    expect(await move('eu-central-1')).toMatchObject({ region: 'eu-central-1' })
    const local = await create({ name: 'Local' })
    await expect(change(local.id, { tier: 'eu-only' })).rejects.toMatchObject(refusal)
  })

  test('are changed by version, and the platform is told what', async () => {
    const add = () =>
      kit.change((tx) =>
        createTier(tx, {
          code: 'mine',
          name: 'Mine',
          sandbox: 'preferred',
          allowLocal: true,
          regions: [],
          checkEveryCall: false,
        }),
      )
    await add()
    const update = (input: Parameters<typeof changeTier>[2]) =>
      kit.change((tx) => changeTier(tx, 'mine', input))
    expect(await update({ sandbox: 'required', expectedVersion: 1 })).toMatchObject({
      version: 2,
      name: 'Mine',
    })
    expect(await update({ sandbox: 'required' })).toMatchObject({ version: 2 })
    await expect(update({ allowLocal: false, expectedVersion: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
      extra: { current: { version: 2 } },
    })
    const told = (await kit.events(platformOrganizationId, 'tier.updated')).filter(
      (one) => one['code'] === 'mine',
    )
    expect(told).toMatchObject([
      { changes: [{ field: 'sandbox', previous: 'preferred', current: 'required' }] },
    ])
    await expect(add()).rejects.toMatchObject({ code: 'duplicate' })
    await expect(kit.change((tx) => changeTier(tx, 'none', {}))).rejects.toMatchObject({ code: 'not_found' })
  })
})

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { masterKey } from '../platform/crypto.ts'
import { newId } from '../platform/ids.ts'
import { createWorkspace } from '../workspaces/service.ts'
import { openTestPlatform, type TestPlatform } from '../workspaces/test-kit.ts'
import { holdSecrets, listSecrets, removeSecret, revealSecrets, setSecret } from './service.ts'

const value = 'hunter2-äöü-🔑'
let kit: TestPlatform
let org: string
let workspace: string
beforeAll(async () => {
  kit = await openTestPlatform()
  org = await kit.organization()
  workspace = await newWorkspace(org)
})
afterAll(() => kit.close())

const newWorkspace = async (organization: string) =>
  (
    await kit.change((tx) =>
      createWorkspace(tx, organization, { name: 'Main', tier: 'standard', region: 'local' }),
    )
  ).id
const set = (name: string, text = value, at = { org, workspace }) =>
  kit.change((tx) => setSecret(tx, kit.platform.keys, at.org, at.workspace, { name, value: text }))
const remove = (name: string) => kit.change((tx) => removeSecret(tx, org, workspace, name))
const reveal = (names: string[], at = { org, workspace }, keys = kit.platform.keys) =>
  revealSecrets(kit.platform.db, keys, at.org, at.workspace, names)

async function deploy(secrets: Record<string, string>): Promise<string> {
  const id = newId('deployment')
  const createdAt = new Date()
  const { db } = kit.platform
  const provider = await db.selectFrom('providers').select('id').limit(1).executeTakeFirstOrThrow()
  const serverId = newId('server')
  const releaseId = newId('release')
  await db
    .insertInto('servers')
    .values({ id: serverId, providerId: provider.id, slug: serverId.slice(-20), source: serverId, createdAt })
    .execute()
  await db
    .insertInto('releases')
    .values({
      id: releaseId,
      serverId,
      version: '1.0.0',
      artifact: '{}',
      manifest: '{}',
      createdBy: 'x',
      createdAt,
    })
    .execute()
  await db
    .insertInto('deployments')
    .values({
      id,
      organizationId: org,
      workspaceId: workspace,
      name: id.slice(-12),
      serverId,
      releaseId,
      secrets: JSON.stringify(secrets),
      limits: '{}',
      desired: 'running',
      createdBy: 'x',
      createdAt,
    })
    .execute()
  return id
}

describe('a secret', () => {
  test('is given back to a launch exactly as it was set, the last value set', async () => {
    expect(await set('API_KEY', 'first')).toMatchObject({ name: 'API_KEY', version: 1 })
    expect(await set('API_KEY')).toMatchObject({ name: 'API_KEY', version: 2 })
    await set('OTHER', 'other')
    expect(await reveal(['API_KEY', 'OTHER'])).toEqual({ API_KEY: value, OTHER: 'other' })
    expect(await reveal([])).toEqual({})
  })

  test('is listed without its value', async () => {
    const listed = await listSecrets(kit.platform.db, org, workspace)
    expect(listed.map((secret) => secret.name)).toEqual(['API_KEY', 'OTHER'])
    expect(JSON.stringify(listed)).not.toContain('hunter2')
  })

  test('stands nowhere in the database in the clear', async () => {
    const { rows } = await kit.platform.pool.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    )
    const needle = Buffer.from('hunter2').toString('hex')
    for (const { name } of rows) {
      const found = await kit.platform.pool.query(
        `select 1 from ${name} as t where t::text like '%hunter2%' or t::text like '%${needle}%'`,
      )
      expect({ name, found: found.rowCount }).toEqual({ name, found: 0 })
    }
    expect(await kit.events(org, 'secret.set')).toHaveLength(3)
  })

  test('that is not set is named', async () => {
    await expect(reveal(['API_KEY', 'NOPE'])).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'The workspace has no secret "NOPE"; set it first.',
    })
    await expect(kit.change((tx) => holdSecrets(tx, org, workspace, ['A', 'B']))).rejects.toMatchObject({
      message: 'The workspace has no secret "A", "B"; set them first.',
    })
  })

  test('of another organization or workspace is out of reach', async () => {
    const other = await kit.organization()
    await expect(reveal(['API_KEY'], { org: other, workspace })).rejects.toMatchObject({
      code: 'invalid_input',
    })
    await expect(reveal(['API_KEY'], { org, workspace: await newWorkspace(org) })).rejects.toMatchObject({
      code: 'invalid_input',
    })
    await expect(set('X', 'x', { org: other, workspace })).rejects.toMatchObject({ code: 'not_found' })
    await expect(listSecrets(kit.platform.db, other, workspace)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('whose first setting races with others gets one data key that opens all', async () => {
    const organization = await kit.organization()
    const at = { org: organization, workspace: await newWorkspace(organization) }
    const names = Array.from({ length: 8 }, (_, n) => `RACE_${n}`)
    await Promise.all(names.map((name) => set(name, name, at)))
    expect(await reveal(names, at)).toEqual(Object.fromEntries(names.map((name) => [name, name])))
  })
})

describe('sealed bytes', () => {
  const sealedOf = async (name: string) => {
    const { rows } = await kit.platform.pool.query<{ sealed: Buffer }>(
      'select sealed from secrets where workspace_id = $1 and name = $2',
      [workspace, name],
    )
    return rows[0]!.sealed
  }
  const put = (name: string, at: string, sealed: Buffer) =>
    kit.platform.pool.query('update secrets set sealed = $3 where workspace_id = $1 and name = $2', [
      at,
      name,
      sealed,
    ])

  test('moved to another name or workspace do not open', async () => {
    await set('ADMIN_KEY', 'admin')
    await set('GUEST_KEY', 'guest')
    await put('GUEST_KEY', workspace, await sealedOf('ADMIN_KEY'))
    await expect(reveal(['GUEST_KEY'])).rejects.toMatchObject({ code: 'unavailable' })
    const second = await newWorkspace(org)
    await set('ADMIN_KEY', 'other', { org, workspace: second })
    await put('ADMIN_KEY', second, await sealedOf('ADMIN_KEY'))
    await expect(reveal(['ADMIN_KEY'], { org, workspace: second })).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  test('and data keys do not open under another installation key, and say so', async () => {
    const stranger = masterKey(randomBytes(32).toString('base64'))
    await expect(reveal(['ADMIN_KEY'], { org, workspace }, stranger)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('BERTH_SECRET_KEY'),
    })
  })

  test('of one organization do not open with the data key of another', async () => {
    const other = await kit.organization()
    await set('X', 'x', { org: other, workspace: await newWorkspace(other) })
    await kit.platform.pool.query(
      'update data_keys set sealed = (select sealed from data_keys where organization_id = $1) where organization_id = $2',
      [org, other],
    )
    await expect(
      set('Y', 'y', { org: other, workspace: await newWorkspace(other).catch(() => workspace) }),
    ).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('removing', () => {
  test('is refused while a deployment is given the secret, and names it', async () => {
    await set('USED')
    const id = await deploy({ API_KEY: 'USED' })
    await expect(remove('USED')).rejects.toMatchObject({
      code: 'invalid_state',
      message: expect.stringContaining(`The secret "USED" is used by ${id.slice(-12)};`),
    })
    await kit.platform.pool.query('update deployments set deleted_at = now() where id = $1', [id])
    await remove('USED')
    await expect(reveal(['USED'])).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(remove('USED')).rejects.toMatchObject({ code: 'not_found' })
    expect(await kit.events(org, 'secret.removed')).toMatchObject([{ name: 'USED' }])
  })

  test('waits for a launch that is about to use it', async () => {
    await set('CLAIMED')
    const held = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const launch = kit.change(async (tx) => {
      await holdSecrets(tx, org, workspace, ['CLAIMED'])
      held.resolve()
      await go.promise
    })
    await held.promise
    let removed = false
    const removal = remove('CLAIMED').then(() => (removed = true))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(removed).toBe(false)
    go.resolve()
    await launch
    await removal
  })
})

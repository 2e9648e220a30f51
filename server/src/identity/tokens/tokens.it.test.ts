import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import { api, platformOrganizationId, type Permission } from '@berth/contracts'
import {
  movableClock,
  seedDeployment,
  signUp,
  startTestServer,
  type Seeded,
  type TestPerson,
  type TestServer,
} from '../../platform/testing/index.ts'
import { expireDueTokens } from '../reactions.ts'

const clock = movableClock(new Date())
const dayMs = 24 * 3600_000
let server: TestServer
let owner: TestPerson
let organizationId: string
let place: { organizationId: string; workspaceId: string }
let here: Seeded
let elsewhere: Seeded

beforeAll(async () => {
  server = await startTestServer({ clock })
  owner = await signUp(server)
  organizationId = (await owner.client.call(api.organizations.create, { body: { name: 'Acme' } })).id
  const { db } = server.berth.platform
  here = await seedDeployment(db, { organizationId })
  elsewhere = await seedDeployment(db)
  place = { organizationId, workspaceId: here.workspaceId }
})
afterAll(() => server.close())

const meOf = (secret: string) => server.client(secret).call(api.identity.me, {})
const refused = (code: string, sentence?: string) => ({
  problem: { code, ...(sentence && { detail: expect.stringContaining(sentence) }) },
})

function create(scopes: Permission[], more: { organizationId?: string; expiresInDays?: number | null } = {}) {
  return owner.client.call(api.tokens.createMine, { body: { name: 'CI', scopes, ...more } })
}

function createService(body: { scopes?: Permission[]; allowedDeployments?: string[] } = {}) {
  return owner.client.call(api.tokens.createService, { params: place, body: { name: 'Agent', ...body } })
}

function eventsAbout(tokenId: string) {
  return server.berth.platform.db
    .selectFrom('events')
    .select(['organizationId', 'type', 'payload'])
    .where(sql<string>`payload ->> 'tokenId'`, '=', tokenId)
    .orderBy('at')
    .orderBy('seq')
    .execute()
}

async function member(role: 'admin' | 'developer' | 'auditor'): Promise<TestPerson> {
  const person = await signUp(server)
  await owner.client.call(api.organizations.addMember, {
    params: { organizationId },
    body: { email: person.email, role },
  })
  return person
}

describe('an API token', () => {
  test('shows its secret once, and the database has only a hash of it', async () => {
    const token = await create(['organization:read'])
    expect(token.secret).toMatch(/^berth_pat_[\w-]{43}$/)
    expect(token.hint).toBe(token.secret.slice(-4))
    const list = await owner.client.call(api.tokens.listMine, { query: {} })
    expect(list.items[0]).toMatchObject({ id: token.id, name: 'CI', state: 'active' })
    expect(JSON.stringify(list)).not.toContain(token.secret)
    const { rows } = await sql<{ text: string }>`
      select t::text as text from tokens t union all select e::text from events e
      union all select i::text from idempotency_keys i`.execute(server.berth.platform.db)
    expect(rows.some((row) => row.text.includes(token.id))).toBe(true)
    expect(rows.some((row) => row.text.includes(token.secret.slice(10)))).toBe(false)
  })

  test('does what its scopes and the role of its person both allow', async () => {
    const person = await member('developer')
    const body = { name: 'mine', scopes: ['workspaces:read', 'members:read'] as Permission[] }
    const { secret } = await person.client.call(api.tokens.createMine, { body })
    const permissions = async () => (await meOf(secret)).organizations[0]?.permissions.toSorted()
    expect(await permissions()).toEqual(['members:read', 'workspaces:read'])
    const params = { organizationId }
    await server.client(secret).call(api.organizations.listMembers, { params, query: {} })
    const update = server.client(secret).call(api.organizations.update, { params, body: { name: 'Mine' } })
    await expect(update).rejects.toMatchObject(refused('forbidden', 'organization:write'))
  })

  test('loses what its person loses', async () => {
    const person = await member('developer')
    const body = { name: 'mine', scopes: ['deployments:write', 'deployments:read'] as Permission[] }
    const { secret } = await person.client.call(api.tokens.createMine, { body })
    const { items } = await owner.client.call(api.organizations.listMembers, {
      params: { organizationId },
      query: {},
    })
    const params = { organizationId, memberId: items.find((one) => one.userId === person.userId)!.id }
    await owner.client.call(api.organizations.updateMember, { params, body: { role: 'auditor' } })
    expect((await meOf(secret)).organizations[0]!.permissions).toEqual(['deployments:read'])
    await owner.client.call(api.organizations.removeMember, { params })
    expect((await meOf(secret)).organizations).toEqual([])
  })

  test('of one organization reaches no other', async () => {
    const other = await owner.client.call(api.organizations.create, { body: { name: 'Other' } })
    const { secret } = await create(['organization:read'], { organizationId: other.id })
    expect((await meOf(secret)).organizations.map((one) => one.id)).toEqual([other.id])
    const get = server.client(secret).call(api.organizations.get, { params: { organizationId } })
    await expect(get).rejects.toMatchObject(refused('not_found'))
  })

  test('is not given more than its creator has', async () => {
    const person = await member('developer')
    const body = { name: 'mine', scopes: ['tools:call', 'members:write'] as Permission[] }
    const creating = person.client.call(api.tokens.createMine, { body })
    await expect(creating).rejects.toMatchObject(refused('forbidden', 'you do not have members:write'))
    const foreign = person.client.call(api.tokens.createMine, {
      body: { ...body, scopes: ['tools:call'], organizationId: elsewhere.organizationId },
    })
    await expect(foreign).rejects.toMatchObject(refused('not_found'))
    const platform = owner.client.call(api.tokens.createMine, {
      body: { name: 'p', scopes: ['audit:read'], organizationId: platformOrganizationId },
    })
    await expect(platform).rejects.toMatchObject(refused('not_found'))
  })

  test('for certain deployments has no scope that reaches beyond them', async () => {
    const wide = { name: 'wide', scopes: ['tools:call', 'audit:read', 'tokens:write'] as Permission[] }
    const creating = owner.client.call(api.tokens.createMine, {
      body: { ...wide, allowedDeployments: [here.id] },
    })
    await expect(creating).rejects.toMatchObject(refused('invalid_input', 'audit:read'))
    // One that was given more before this was refused does not read the log either.
    const { id, secret } = await create(['deployments:read', 'audit:read'])
    const list = () => server.client(secret).call(api.audit.list, { params: { organizationId }, query: {} })
    expect((await list()).items.length).toBeGreaterThan(0)
    await server.berth.platform.db
      .updateTable('tokens')
      .set({ allowedDeployments: [here.id] })
      .where('id', '=', id)
      .execute()
    await expect(list()).rejects.toMatchObject(refused('forbidden'))
  })

  test('never carries its person’s platform roles', async () => {
    const { secret } = await create(['organization:read'])
    expect((await meOf(owner.token)).platformRoles).toEqual(['operator'])
    expect((await meOf(secret)).platformRoles).toEqual([])
  })

  test('cannot make tokens, end sign-ins or found organizations', async () => {
    const { secret, id } = await create(['organization:read', 'organization:write', 'tokens:write'])
    const client = server.client(secret)
    const body = { name: 'grown', scopes: ['organization:read' as const] }
    const attempts = [
      () => client.call(api.tokens.createMine, { body }),
      () => client.call(api.tokens.listMine, { query: {} }),
      () => client.call(api.tokens.revokeMine, { params: { tokenId: id } }),
      () => client.call(api.identity.listSessions, {}),
      () => client.call(api.organizations.create, { body: { name: 'Grown' } }),
    ]
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject(refused('forbidden', 'sign-in'))
  })

  test('is refused from its revocation on, and cannot be revoked twice', async () => {
    const { id, secret } = await create(['organization:read'])
    const params = { tokenId: id }
    const other = await signUp(server)
    const byOther = other.client.call(api.tokens.revokeMine, { params })
    await expect(byOther).rejects.toMatchObject(refused('not_found'))
    await meOf(secret)
    await owner.client.call(api.tokens.revokeMine, { params })
    await expect(meOf(secret)).rejects.toMatchObject(refused('unauthenticated'))
    const again = owner.client.call(api.tokens.revokeMine, { params })
    await expect(again).rejects.toMatchObject(refused('invalid_state', 'It is revoked.'))
    expect(await eventsAbout(id)).toMatchObject([
      { organizationId: platformOrganizationId, type: 'token.created' },
      { organizationId: platformOrganizationId, type: 'token.revoked', payload: { reason: 'revoked' } },
    ])
  })

  test('is made once by a request that is sent twice, and shown again', async () => {
    const body = { name: 'twice', scopes: ['organization:read' as const] }
    const send = () => owner.client.call(api.tokens.createMine, { body }, { idempotencyKey: 'make-it-once' })
    const [first, second] = await Promise.all([send(), send()])
    expect(second).toEqual(first)
    expect(await send()).toEqual(first)
    await meOf(first.secret)
    const list = await owner.client.call(api.tokens.listMine, { query: { limit: 200 } })
    expect(list.items.filter((token) => token.name === 'twice')).toHaveLength(1)
    const other = owner.client.call(
      api.tokens.createMine,
      { body: { ...body, name: 'another' } },
      { idempotencyKey: 'make-it-once' },
    )
    await expect(other).rejects.toMatchObject(refused('idempotency_conflict'))
  })

  test('is listed in pages, newest first', async () => {
    const person = await signUp(server)
    await person.client.call(api.organizations.create, { body: { name: 'Pages' } })
    const made: string[] = []
    for (const name of ['a', 'b', 'c']) {
      const body = { name, scopes: ['organization:read' as const] }
      made.unshift((await person.client.call(api.tokens.createMine, { body })).id)
    }
    const first = await person.client.call(api.tokens.listMine, { query: { limit: 2 } })
    const rest = await person.client.call(api.tokens.listMine, {
      query: { limit: 2, cursor: first.nextCursor! },
    })
    expect([...first.items, ...rest.items].map((token) => token.id)).toEqual(made)
    expect(rest.nextCursor).toBeNull()
  })
})

describe('a service token', () => {
  test('is its workspace’s, and reaches no other', async () => {
    const token = await createService()
    expect(token).toMatchObject({ kind: 'service', ...place, scopes: ['tools:call', 'deployments:read'] })
    expect(token.secret).toMatch(/^berth_svc_[\w-]{43}$/)
    const me = await meOf(token.secret)
    expect(me).toMatchObject({ principal: 'service', user: null, platformRoles: [] })
    expect(me.organizations).toMatchObject([{ id: organizationId, role: null }])
    const { db } = server.berth.platform
    const neighbour = await seedDeployment(db, { organizationId })
    const look = server.client((await createService({ scopes: ['workspaces:read'] })).secret)
    const show = (workspaceId: string) =>
      look.call(api.workspaces.get, { params: { organizationId, workspaceId } })
    expect((await show(place.workspaceId)).id).toBe(place.workspaceId)
    await expect(show(neighbour.workspaceId)).rejects.toMatchObject(refused('not_found'))
  })

  test('is not made for a workspace of another organization', async () => {
    for (const workspaceId of [elsewhere.workspaceId, 'wsp_01kaqqqqqqqqqqqqqqqqqqqqqq']) {
      const params = { organizationId, workspaceId }
      const creating = owner.client.call(api.tokens.createService, { params, body: { name: 'x' } })
      await expect(creating).rejects.toMatchObject(refused('not_found', 'workspace'))
      const listing = owner.client.call(api.tokens.listService, { params, query: {} })
      await expect(listing).rejects.toMatchObject(refused('not_found', 'workspace'))
    }
    const insert = server.berth.platform.db
      .insertInto('tokens')
      .values({
        id: 'x',
        kind: 'service',
        name: 'x',
        hash: Buffer.from('x'),
        hint: 'x',
        scopes: [],
        organizationId,
        workspaceId: elsewhere.workspaceId,
        createdBy: 'x',
        createdAt: new Date(),
      })
      .execute()
    await expect(insert).rejects.toMatchObject({ code: '23503' })
  })

  test('is not given what concerns people, tokens or the organization', async () => {
    const creating = createService({ scopes: ['tools:call', 'members:read', 'audit:read'] })
    await expect(creating).rejects.toMatchObject(refused('invalid_input', 'members:read, audit:read'))
  })

  test('names only deployments of its workspace', async () => {
    expect((await createService({ allowedDeployments: [here.id] })).allowedDeployments).toEqual([here.id])
    const neighbour = await seedDeployment(server.berth.platform.db, { organizationId })
    for (const id of [elsewhere.id, neighbour.id]) {
      const creating = createService({ allowedDeployments: [here.id, id] })
      await expect(creating).rejects.toMatchObject(refused('not_found', id))
    }
  })

  test('is revoked through its workspace only', async () => {
    const { id, secret } = await createService()
    const neighbour = await seedDeployment(server.berth.platform.db, { organizationId })
    const revoke = (workspaceId: string) =>
      owner.client.call(api.tokens.revokeService, { params: { organizationId, workspaceId, tokenId: id } })
    await expect(revoke(neighbour.workspaceId)).rejects.toMatchObject(refused('not_found'))
    await meOf(secret)
    await revoke(place.workspaceId)
    await expect(meOf(secret)).rejects.toMatchObject(refused('unauthenticated'))
    expect((await eventsAbout(id)).map((event) => event.organizationId)).toEqual([
      organizationId,
      organizationId,
    ])
  })

  test('only reads while its organization is suspended, and nothing once that is closed', async () => {
    const { secret } = await createService()
    const setState = (state: string) =>
      server.berth.platform.db
        .updateTable('organizations')
        .set({ state })
        .where('id', '=', organizationId)
        .execute()
    try {
      await setState('suspended')
      expect((await meOf(secret)).organizations[0]!.permissions).toEqual(['deployments:read'])
      await setState('closed')
      expect((await meOf(secret)).organizations).toEqual([])
      const change = owner.client.call(api.workspaces.create, {
        params: { organizationId },
        body: { name: 'New' },
      })
      await expect(change).rejects.toMatchObject(refused('forbidden', 'closed'))
    } finally {
      await setState('active')
    }
  })
})

describe('time', () => {
  test('notes when a token was last used, at most once a minute', async () => {
    const { id, secret } = await create(['organization:read'])
    const lastUsed = async () => {
      const { items } = await owner.client.call(api.tokens.listMine, { query: {} })
      return items.find((token) => token.id === id)!.lastUsedAt
    }
    expect(await lastUsed()).toBeNull()
    await meOf(secret)
    const used = clock.now().toISOString()
    await expect.poll(lastUsed, { timeout: 15_000 }).toBe(used)
    clock.advance(30_000)
    await meOf(secret)
    clock.advance(31_000)
    await meOf(secret)
    await expect.poll(lastUsed, { timeout: 15_000 }).toBe(clock.now().toISOString())
  })

  test('ends a token, and the log says so', async () => {
    const { id, secret } = await create(['organization:read'], { expiresInDays: 1 })
    const forever = await create(['organization:read'], { expiresInDays: null })
    clock.advance(dayMs - 1)
    await meOf(secret)
    clock.advance(1)
    await expect(meOf(secret)).rejects.toMatchObject(refused('unauthenticated'))
    const revoke = owner.client.call(api.tokens.revokeMine, { params: { tokenId: id } })
    await expect(revoke).rejects.toMatchObject(refused('invalid_state', 'It is expired.'))
    await Promise.all([expireDueTokens(server.berth.platform), expireDueTokens(server.berth.platform)])
    const revoked = (await eventsAbout(id)).filter((event) => event.type === 'token.revoked')
    expect(revoked).toMatchObject([{ payload: { tokenId: id, kind: 'api', reason: 'expired' } }])
    await meOf(forever.secret)
  })
})

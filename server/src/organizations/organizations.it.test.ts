import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type MemberRole } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../platform/testing/index.ts'

let server: TestServer
let owner: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  owner = await signUp(server)
})
afterAll(() => server.close())

const refused = (code: string, sentence?: string, field?: string) => ({
  problem: {
    code,
    ...(sentence && { detail: expect.stringContaining(sentence) }),
    ...(field && { errors: [{ path: field, message: expect.any(String) }] }),
  },
})

const found = (body: { name: string; slug?: string; timeZone?: string }, by = owner) =>
  by.client.call(api.organizations.create, { body })

const update = (organizationId: string, body: object, by = owner) =>
  by.client.call(api.organizations.update, { params: { organizationId }, body })

const show = (organizationId: string, by = owner) =>
  by.client.call(api.organizations.get, { params: { organizationId } })

async function join(organizationId: string, role: MemberRole, by = owner) {
  const person = await signUp(server)
  const body = { email: person.email, role }
  const member = await by.client.call(api.organizations.addMember, { params: { organizationId }, body })
  return { ...person, memberId: member.id }
}

async function memberIdOf(organizationId: string, person: TestPerson): Promise<string> {
  const list = { params: { organizationId }, query: {} }
  const { items } = await owner.client.call(api.organizations.listMembers, list)
  return items.find((member) => member.userId === person.userId)!.id
}

function eventsOf(organizationId: string) {
  return server.berth.platform.db
    .selectFrom('events')
    .select(['seq', 'type', 'actor', 'payload'])
    .where('organizationId', '=', organizationId)
    .orderBy('seq')
    .execute()
}

describe('an organization', () => {
  test('is born with its owner and its log', async () => {
    const organization = await found({ name: 'Ähnlich & Co.', timeZone: 'Europe/Berlin' })
    expect(organization).toMatchObject({
      slug: 'ahnlich-co',
      timeZone: 'Europe/Berlin',
      version: 1,
      state: 'active',
    })
    const actor = { kind: 'user', id: owner.userId, tokenId: null }
    expect(await eventsOf(organization.id)).toMatchObject([
      { seq: 1, type: 'organization.created', actor },
      { seq: 2, type: 'member.added', actor, payload: { userId: owner.userId, role: 'owner' } },
    ])
  })

  test('gets a free slug from its name, and is refused a taken one', async () => {
    const [one, other] = [await found({ name: 'Same Name' }), await found({ name: 'Same name!' })]
    expect(one.slug).toBe('same-name')
    expect(other.slug).toMatch(/^same-name-[0-9a-f]{6}$/)
    expect((await found({ name: '漢字' })).slug).toMatch(/^organization/)
    await expect(found({ name: 'X', slug: 'same-name' })).rejects.toMatchObject(
      refused('duplicate', 'same-name', 'slug'),
    )
    await expect(found({ name: 'X', slug: 'platform' })).rejects.toMatchObject(refused('duplicate'))
    await expect(found({ name: 'X', slug: 'invitations' })).rejects.toMatchObject(refused('duplicate'))
    expect((await found({ name: 'Invitations' })).slug).toMatch(/^invitations-[0-9a-f]{6}$/)
  })

  test('takes a slug alone when many ask for it at once', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 6 }, () => found({ name: 'R', slug: 'raced' })),
    )
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject(refused('duplicate'))
    }
  })

  test('is made once by a request that is sent twice', async () => {
    const send = () =>
      owner.client.call(api.organizations.create, { body: { name: 'Once' } }, { idempotencyKey: 'once' })
    expect(await send()).toEqual(await send())
  })

  test('answers to its id, its slug and every slug it had', async () => {
    const { id, slug } = await found({ name: 'Before' })
    await update(id, { slug: 'after' })
    await update('after', { slug: 'later' })
    for (const ref of [id, slug, 'after', 'later']) expect((await show(ref)).slug).toBe('later')
    await expect(found({ name: 'Thief', slug: 'after' })).rejects.toMatchObject(refused('duplicate'))
    expect((await update(id, { slug })).slug).toBe(slug)
  })

  test('is changed by whoever saw its present version', async () => {
    const { id } = await found({ name: 'Versioned' })
    const changed = await update(id, { name: 'Renamed', timeZone: 'Asia/Tokyo', expectedVersion: 1 })
    expect(changed).toMatchObject({ name: 'Renamed', timeZone: 'Asia/Tokyo', version: 2 })
    const stale = update(id, { name: 'Mine', expectedVersion: 1 })
    await expect(stale).rejects.toMatchObject({ problem: { code: 'version_conflict', current: changed } })
    expect(await update(id, { name: 'Renamed' })).toEqual(changed)
    const events = await eventsOf(id)
    expect(events.filter((event) => event.type === 'organization.updated')).toHaveLength(1)
  })

  test.each([
    [{ name: '' }],
    [{ name: 'x'.repeat(81) }],
    [{ name: 'a\u0007b' }],
    [{ name: 'A', slug: 'Not A Slug' }],
    [{ name: 'A', timeZone: 'Mars/Olympus' }],
    [{}],
  ])('is not made of %j', async (body) => {
    await expect(found(body as { name: string })).rejects.toMatchObject(refused('invalid_input'))
  })

  test('is listed to its members in pages, and to nobody else', async () => {
    const person = await signUp(server)
    for (const name of ['Page C', 'Page A', 'Page B']) await found({ name }, person)
    const list = (query: object) => person.client.call(api.organizations.list, { query })
    const first = await list({ limit: 2 })
    const rest = await list({ limit: 2, cursor: first.nextCursor })
    expect([...first.items, ...rest.items].map((one) => one.name)).toEqual(['Page A', 'Page B', 'Page C'])
    await expect(list({ cursor: '\u0000' })).rejects.toMatchObject(refused('invalid_input'))
  })

  test('cannot be seen from outside', async () => {
    const stranger = await signUp(server)
    const { id, slug } = await found({ name: 'Hidden' })
    for (const ref of [id, slug, 'no-such-slug', 'platform']) {
      await expect(show(ref, stranger)).rejects.toMatchObject(refused('not_found'))
    }
  })
})

describe('members', () => {
  test('are people with an account, each once', async () => {
    const { id } = await found({ name: 'Team' })
    const person = await join(id, 'developer')
    const add = (email: string) =>
      owner.client.call(api.organizations.addMember, {
        params: { organizationId: id },
        body: { email, role: 'auditor' },
      })
    await expect(add(person.email.toUpperCase())).rejects.toMatchObject(
      refused('duplicate', 'a member', 'email'),
    )
    await expect(add('nobody@example.com')).rejects.toMatchObject(
      refused('not_found', 'sign up first', 'email'),
    )
    expect((await show(id, person)).id).toBe(id)
  })

  test('that are owners are made, changed and removed by owners only', async () => {
    const { id } = await found({ name: 'Hierarchy' })
    const admin = await join(id, 'admin')
    const organizationId = id
    const ownerId = await memberIdOf(id, owner)
    const byAdmin = [
      () => join(id, 'owner', admin),
      () =>
        admin.client.call(api.organizations.updateMember, {
          params: { organizationId, memberId: admin.memberId },
          body: { role: 'owner' },
        }),
      () =>
        admin.client.call(api.organizations.updateMember, {
          params: { organizationId, memberId: ownerId },
          body: { role: 'auditor' },
        }),
      () =>
        admin.client.call(api.organizations.removeMember, { params: { organizationId, memberId: ownerId } }),
    ]
    for (const attempt of byAdmin)
      await expect(attempt()).rejects.toMatchObject(refused('forbidden', 'owner'))
    expect((await join(id, 'developer', admin)).memberId).toMatch(/^mem_/)
  })

  test('lose what their role lost at once', async () => {
    const { id } = await found({ name: 'Demotion' })
    const admin = await join(id, 'admin')
    await update(id, { name: 'By admin' }, admin)
    const params = { organizationId: id, memberId: admin.memberId }
    await owner.client.call(api.organizations.updateMember, { params, body: { role: 'auditor' } })
    await expect(update(id, { name: 'Again' }, admin)).rejects.toMatchObject(refused('forbidden'))
    await owner.client.call(api.organizations.removeMember, { params })
    await expect(show(id, admin)).rejects.toMatchObject(refused('not_found'))
  })

  test('that leave take their tokens of the organization with them', async () => {
    const { id } = await found({ name: 'Leaving' })
    const person = await join(id, 'developer')
    const body = { name: 'here', scopes: ['organization:read' as const] }
    const bound = await person.client.call(api.tokens.createMine, { body: { ...body, organizationId: id } })
    const loose = await person.client.call(api.tokens.createMine, { body })
    await owner.client.call(api.organizations.removeMember, {
      params: { organizationId: id, memberId: person.memberId },
    })
    await expect(server.client(bound.secret).call(api.identity.me, {})).rejects.toMatchObject(
      refused('unauthenticated'),
    )
    expect((await server.client(loose.secret).call(api.identity.me, {})).organizations).toEqual([])
    expect((await eventsOf(id)).map((event) => event.type).slice(-2)).toEqual([
      'member.removed',
      'token.revoked',
    ])
  })

  test('of another organization cannot be reached through one’s own', async () => {
    const [mine, theirs] = [await found({ name: 'Mine' }), await found({ name: 'Theirs' })]
    const person = await join(theirs.id, 'developer')
    const params = { organizationId: mine.id, memberId: person.memberId }
    const removing = owner.client.call(api.organizations.removeMember, { params })
    await expect(removing).rejects.toMatchObject(refused('not_found'))
  })
})

describe('the last owner', () => {
  test('stays, whatever is tried', async () => {
    const { id } = await found({ name: 'Kept' })
    const params = { organizationId: id, memberId: await memberIdOf(id, owner) }
    const demote = owner.client.call(api.organizations.updateMember, { params, body: { role: 'admin' } })
    await expect(demote).rejects.toMatchObject(refused('invalid_state', 'at least one owner'))
    const remove = owner.client.call(api.organizations.removeMember, { params })
    await expect(remove).rejects.toMatchObject(refused('invalid_state', 'at least one owner'))
  })

  test.each([
    ['remove each other', 'remove', 'remove'],
    ['demote each other', 'demote', 'demote'],
    ['leave and demote', 'leave', 'demote'],
  ])('stays when two owners %s at the same time', async (_, first, second) => {
    for (let round = 0; round < 5; round++) {
      const { id } = await found({ name: 'Raced' })
      const other = await join(id, 'owner')
      const ids = { mine: await memberIdOf(id, owner), theirs: other.memberId }
      const act = (how: string, by: TestPerson, self: string, them: string) => {
        const params = { organizationId: id, memberId: how === 'leave' ? self : them }
        return how === 'demote'
          ? by.client.call(api.organizations.updateMember, { params, body: { role: 'developer' } })
          : by.client.call(api.organizations.removeMember, { params })
      }
      await Promise.allSettled([
        act(first, owner, ids.mine, ids.theirs),
        act(second, other, ids.theirs, first === 'leave' ? ids.theirs : ids.mine),
      ])
      const owners = await server.berth.platform.db
        .selectFrom('members')
        .select('id')
        .where('organizationId', '=', id)
        .where('role', '=', 'owner')
        .execute()
      expect(owners).toHaveLength(1)
    }
  })
})

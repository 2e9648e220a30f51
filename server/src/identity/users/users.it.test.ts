import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type PlatformRole } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { eventsAbout, refused, signIn, turnOn } from '../account/test-kit.ts'
import { bearerOf, statusOfMe } from '../people/test-kit.ts'

let server: TestServer
let second: TestServer
let operator: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  second = await startTestServer({ beside: server })
  operator = await signUp(server, { name: 'The Operator' })
})
afterAll(async () => {
  await second.close()
  await server.close()
})

const list = (query: object = {}) => operator.client.call(api.users.list, { query })
const disable = ({ userId }: TestPerson, by = operator) =>
  by.client.call(api.users.disable, { params: { userId } })
const enable = ({ userId }: TestPerson) => operator.client.call(api.users.enable, { params: { userId } })
const grant = ({ userId }: TestPerson, role: PlatformRole = 'operator') =>
  operator.client.call(api.users.grantRole, { params: { userId, role } })
const revoke = ({ userId }: TestPerson, by = operator, role: PlatformRole = 'operator') =>
  by.client.call(api.users.revokeRole, { params: { userId, role } })

describe('the people', () => {
  test('are listed in pages, newest first, with what they may do and where they belong', async () => {
    const person = await signUp(server, { name: 'Ada 100% Lovelace', email: 'ada_l@example.com' })
    const { id, slug, name } = await person.client.call(api.organizations.create, {
      body: { name: 'Engines' },
    })
    const first = await list({ limit: 1 })
    expect(first.items[0]).toMatchObject({
      id: person.userId,
      email: 'ada_l@example.com',
      state: 'active',
      platformRoles: [],
      secondFactor: false,
      organizations: [{ id, slug, name, role: 'owner' }],
      lastSeenAt: expect.any(String),
    })
    const rest = await list({ cursor: first.nextCursor })
    expect(rest.items.at(-1)).toMatchObject({ id: operator.userId, platformRoles: ['operator'] })
    expect(rest.items.map((one) => one.id)).not.toContain(person.userId)
  })

  test('are found by part of a name or an address, as it stands', async () => {
    await signUp(server, { name: 'Grace Hopper', email: 'grace@navy.example.com' })
    const found = async (search: string) => (await list({ search })).items.map((one) => one.name)
    expect(await found('HOPP')).toEqual(['Grace Hopper'])
    expect(await found('navy.ex')).toEqual(['Grace Hopper'])
    expect(await found('100%')).toEqual(['Ada 100% Lovelace'])
    expect(await found('a_l@')).toEqual(['Ada 100% Lovelace'])
    expect(await found('%')).toEqual(['Ada 100% Lovelace'])
    expect(await found('nobody at all')).toEqual([])
  })

  test('are listed by role and state', async () => {
    const reviewer = await signUp(server)
    await grant(reviewer, 'reviewer')
    const gone = await signUp(server)
    await disable(gone)
    expect((await list({ role: 'reviewer' })).items.map((one) => one.id)).toEqual([reviewer.userId])
    expect((await list({ state: 'disabled' })).items.map((one) => one.id)).toEqual([gone.userId])
    const unknown = operator.client.call(api.users.get, {
      params: { userId: 'usr_01kaqqqqqqqqqqqqqqqqqqqqqq' },
    })
    await expect(unknown).rejects.toMatchObject(refused('not_found'))
  })
})

describe('a disabled account', () => {
  test('loses its sign-ins and tokens at once, in every process, and does not get the tokens back', async () => {
    const person = await signUp(server)
    await person.client.call(api.organizations.create, { body: { name: 'Theirs' } })
    const body = { name: 'mine', scopes: ['organization:read' as const] }
    const { secret } = await person.client.call(api.tokens.createMine, { body })
    expect((await disable(person)).state).toBe('disabled')
    for (const one of [server, second])
      for (const token of [person.token, secret]) expect(await statusOfMe(one, bearerOf(token))).toBe(401)
    expect(await signIn(server, person)).toMatchObject({ status: 403, code: 'forbidden' })
    await expect(disable(person)).rejects.toMatchObject(refused('invalid_state', 'It is disabled.'))

    expect((await enable(person)).state).toBe('active')
    expect((await signIn(server, person)).status).toBe(200)
    expect(await statusOfMe(server, bearerOf(secret))).toBe(401)
    await expect(enable(person)).rejects.toMatchObject(refused('invalid_state', 'It is active.'))
    expect(await eventsAbout(server, person.userId)).toEqual(
      expect.arrayContaining(['user.disabled', 'session.revoked', 'user.enabled']),
    )
  })

  test('is never one’s own', async () => {
    await expect(disable(operator)).rejects.toMatchObject(refused('invalid_state', 'your own'))
  })
})

describe('the last operator', () => {
  test('keeps the role', async () => {
    await expect(revoke(operator)).rejects.toMatchObject(refused('invalid_state', 'only operator'))
    expect((await grant(operator)).platformRoles).toEqual(['operator'])
  })

  test.each(['disable', 'revoke'] as const)(
    'stays when two operators %s each other at the same time',
    async (how) => {
      for (let round = 0; round < 4; round++) {
        const other = await signUp(server)
        await grant(other)
        const act = how === 'disable' ? disable : (who: TestPerson, by?: TestPerson) => revoke(who, by)
        await Promise.allSettled([act(other, operator), act(operator, other)])
        const left = await server.berth.platform.db
          .selectFrom('platformRoles as r')
          .innerJoin('users as u', 'u.id', 'r.userId')
          .select('r.userId')
          .where('r.role', '=', 'operator')
          .where('u.state', '=', 'active')
          .execute()
        expect(left).toHaveLength(1)
        await restore(left[0]!.userId, other)
      }
    },
  )

  /** Makes the first operator the only one again, whoever won. */
  async function restore(winner: string, other: TestPerson): Promise<void> {
    const { db } = server.berth.platform
    await db.updateTable('users').set({ state: 'active' }).where('id', '=', operator.userId).execute()
    await db.deleteFrom('platformRoles').where('userId', '=', other.userId).execute()
    if (winner === operator.userId) return
    await db
      .insertInto('platformRoles')
      .values({ userId: operator.userId, role: 'operator' })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const { token } = await signIn(server, operator)
    Object.assign(operator, { token, client: server.client(token) })
  }
})

describe('an operator', () => {
  test('makes another, whose rights begin and end at once', async () => {
    const person = await signUp(server)
    const look = () => person.client.call(api.users.list, { query: {} })
    await expect(look()).rejects.toMatchObject(refused('forbidden'))
    await grant(person)
    expect((await look()).items.length).toBeGreaterThan(1)
    await revoke(person)
    await expect(look()).rejects.toMatchObject(refused('forbidden'))
    const about = (await eventsAbout(server, person.userId)).filter((type) => type.startsWith('user.role'))
    expect(about).toEqual(['user.role_granted', 'user.role_revoked'])
  })

  test('takes a lost second factor off, which its owner is told', async () => {
    const person = await signUp(server)
    const { userId } = person
    const remove = () => operator.client.call(api.users.removeTotp, { params: { userId } })
    await expect(remove()).rejects.toMatchObject(refused('invalid_state', 'no second factor'))
    await turnOn(person, new Date())
    expect((await list({ search: person.email })).items[0]).toMatchObject({ secondFactor: true })
    expect((await remove()).secondFactor).toBe(false)
    expect((await signIn(server, person)).status).toBe(200)
    const { items, sendsMail } = await operator.client.call(api.notifications.outbox, { query: {} })
    expect(sendsMail).toBe(false)
    expect(items[0]).toMatchObject({
      recipient: person.email,
      kind: 'second-factor-removed',
      state: 'unsent',
    })
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import {
  movableClock,
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../platform/testing/index.ts'
import { sha256 } from '../../platform/crypto.ts'
import { bearerOf, dumpOf, statusOfMe } from '../people/test-kit.ts'
import { codeOf, refused, signIn, turnOn } from './test-kit.ts'

const clock = movableClock(new Date())
let server: TestServer
let second: TestServer
let operator: TestPerson

beforeAll(async () => {
  server = await startTestServer({ clock })
  second = await startTestServer({ clock, beside: server })
  operator = await signUp(server)
})
afterAll(async () => {
  await second.close()
  await server.close()
})

const remove = ({ client, password }: TestPerson, code?: string) =>
  client.call(api.account.delete, { body: { password, ...(code && { code }) } })

async function found(person: TestPerson, name: string): Promise<string> {
  return (await person.client.call(api.organizations.create, { body: { name } })).id
}

async function join(organizationId: string, by: TestPerson, person: TestPerson, role: 'owner' | 'developer') {
  const params = { organizationId }
  await by.client.call(api.organizations.addMember, { params, body: { email: person.email, role } })
}

describe('a deleted account', () => {
  test('is gone at once: sign-ins, tokens, memberships, and the way in', async () => {
    const [owner, person] = [await signUp(server), await signUp(server)]
    const organizationId = await found(owner, 'Stays')
    await join(organizationId, owner, person, 'developer')
    const body = { name: 'mine', scopes: ['organization:read' as const] }
    const { secret } = await person.client.call(api.tokens.createMine, { body })
    await expect(remove({ ...person, password: 'not the password' })).rejects.toMatchObject({
      problem: { code: 'invalid_input', errors: [{ path: 'password' }] },
    })
    await remove(person)
    for (const one of [server, second])
      for (const token of [person.token, secret]) expect(await statusOfMe(one, bearerOf(token))).toBe(401)
    expect((await signIn(server, person)).status).toBe(401)
    const params = { organizationId }
    const members = await owner.client.call(api.organizations.listMembers, { params, query: {} })
    expect(members.items.map((member) => member.userId)).toEqual([owner.userId])
    const added = owner.client.call(api.organizations.addMember, {
      params,
      body: { email: person.email, role: 'auditor' },
    })
    await expect(added).rejects.toMatchObject(refused('not_found'))
  })

  test('leaves nothing behind that tells who it was, and the log stays whole', async () => {
    const name = 'Unmistakable Name'
    const person = await signUp(server, { name, email: 'unmistakable@example.com' })
    await server.client().call(api.account.forgotPassword, { body: { email: person.email } })
    await person.client.call(api.account.changeName, { body: { name: `${name} the Second` } })
    const { password } = person
    await person.client.call(api.account.changeEmail, {
      body: { email: 'unmistakable.too@example.com', password },
    })
    await server
      .client()
      .call(api.account.forgotPassword, { body: { email: 'unmistakable.too@example.com' } })
    const owner = await signUp(server)
    const organizationId = await found(owner, 'Witness')
    await join(organizationId, owner, { ...person, email: 'unmistakable.too@example.com' }, 'developer')
    const token = { name: 'unmistakable laptop', scopes: ['organization:read' as const], organizationId }
    await person.client.call(api.tokens.createMine, { body: token })
    expect((await dumpOf(server)).toLowerCase()).toContain('unmistakable')
    await remove(person)
    expect((await dumpOf(server)).toLowerCase()).not.toContain('unmistakable')
    const events = await server.berth.platform.db.selectFrom('events').select(['leaf', 'leafHash']).execute()
    for (const { leaf, leafHash } of events)
      expect(sha256(Buffer.concat([Buffer.of(0), leaf])).equals(leafHash)).toBe(true)

    const { items } = await operator.client.call(api.users.list, { query: { state: 'deleted' } })
    expect(items.find(({ id }) => id === person.userId)).toMatchObject({
      name: 'Deleted account',
      email: `${person.userId}@deleted.invalid`,
      organizations: [],
    })
    expect((await signUp(server, { email: 'unmistakable@example.com' })).userId).not.toBe(person.userId)
  })

  test('takes a code where there is a second factor', async () => {
    const person = await signUp(server)
    const { secret } = await turnOn(person, clock.now())
    await expect(remove(person)).rejects.toMatchObject({ problem: { errors: [{ path: 'code' }] } })
    await expect(remove(person, '000000')).rejects.toMatchObject({ problem: { errors: [{ path: 'code' }] } })
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(200)
    clock.advance(30_000)
    await remove(person, codeOf(secret, clock.now()))
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(401)
  })
})

describe('an account is kept', () => {
  test('while it is the only owner of an organization, which is named', async () => {
    const person = await signUp(server)
    const [one, other] = [await found(person, 'Harbour'), await found(person, 'Wharf')]
    const { soleOwnerOf } = await person.client.call(api.account.get, {})
    expect(soleOwnerOf.map(({ id, name }) => [id, name])).toEqual([
      [one, 'Harbour'],
      [other, 'Wharf'],
    ])
    await expect(remove(person)).rejects.toMatchObject(
      refused('invalid_state', 'only owner of "Harbour", "Wharf"'),
    )
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(200)
    const heir = await signUp(server)
    for (const id of [one, other]) await join(id, person, heir, 'owner')
    await remove(person)
    expect((await heir.client.call(api.account.get, {})).soleOwnerOf).toHaveLength(2)
  })

  test('while it is the only operator', async () => {
    await expect(remove(operator)).rejects.toMatchObject(refused('invalid_state', 'only operator'))
  })

  test.each(['two owners delete their accounts', 'an owner goes while the other is demoted'])(
    'so that an owner stays when %s at the same time',
    async (what) => {
      for (let round = 0; round < 4; round++) {
        const [one, other] = [await signUp(server), await signUp(server)]
        const organizationId = await found(one, 'Raced')
        await join(organizationId, one, other, 'owner')
        const params = { organizationId }
        const { items } = await one.client.call(api.organizations.listMembers, { params, query: {} })
        const memberId = items.find(({ userId }) => userId === other.userId)!.id
        const rival =
          what === 'two owners delete their accounts'
            ? remove({ ...other, client: second.client(other.token) })
            : one.client.call(api.organizations.updateMember, {
                params: { organizationId, memberId },
                body: { role: 'developer' },
              })
        await Promise.allSettled([remove(one), rival])
        const owners = await server.berth.platform.db
          .selectFrom('members as m')
          .innerJoin('users as u', 'u.id', 'm.userId')
          .select('m.userId')
          .where('m.organizationId', '=', organizationId)
          .where('m.role', '=', 'owner')
          .where('u.state', '=', 'active')
          .execute()
        expect(owners).toHaveLength(1)
      }
    },
  )

  test('out of what is founded or joined while it goes', async () => {
    for (let round = 0; round < 4; round++) {
      const [owner, person] = [await signUp(server), await signUp(server)]
      const organizationId = await found(owner, 'Open')
      await Promise.allSettled([
        remove(person),
        join(organizationId, owner, person, 'owner'),
        found(person, 'Late'),
      ])
      const { state } = await server.berth.platform.db
        .selectFrom('users')
        .select('state')
        .where('id', '=', person.userId)
        .executeTakeFirstOrThrow()
      const memberships = await server.berth.platform.db
        .selectFrom('members')
        .select('organizationId')
        .where('userId', '=', person.userId)
        .execute()
      expect([state, state === 'deleted' ? memberships : []]).toEqual([state, []])
    }
  })
})

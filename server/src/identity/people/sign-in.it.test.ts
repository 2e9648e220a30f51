import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, platformOrganizationId } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { bearerOf, cookieOf, post, statusOfMe } from './test-kit.ts'

let server: TestServer
let operator: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  operator = await signUp(server)
})
afterAll(() => server.close())

describe('signing up', () => {
  test('needs a password of a sane length, and says so', async () => {
    const response = await post(server, '/sign-up/email', {
      name: 'A',
      email: 'short@example.com',
      password: 'short',
    })
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.json()).toMatchObject({
      code: 'invalid_input',
      detail: 'password: use at least 12 characters.',
    })
  })

  test.each([
    [{ email: 'x@example.com', password: 'long enough password' }],
    [{ name: '', email: 'x@example.com', password: 'long enough password' }],
    [{ name: 'a\u0000b', email: 'x@example.com', password: 'long enough password' }],
    [{ name: 'a\nb', email: 'x@example.com', password: 'long enough password' }],
    [{ name: 'A', email: 'nonsense', password: 'long enough password' }],
    [{ name: 'A', email: ['x@example.com'], password: 'long enough password' }],
    [{ name: 'A', email: 'x@example.com', password: 7 }],
    [[]],
    ['text'],
  ])('refuses %j with a sentence', async (body) => {
    const response = await post(server, '/sign-up/email', body)
    expect(response.status).toBe(400)
    const { code, detail } = (await response.json()) as { code: string; detail: string }
    expect(code).toBe('invalid_input')
    expect(detail).not.toBe('')
  })

  test('takes an address once, however it is spelt, also when two ask at once', async () => {
    const person = { name: 'Twin', password: 'correct horse battery' }
    const answers = await Promise.all(
      ['Twin@Example.com', 'twin@example.com', 'TWIN@EXAMPLE.COM'].map((email) =>
        post(server, '/sign-up/email', { ...person, email }),
      ),
    )
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 409, 409])
    const refused = answers.find((answer) => answer.status === 409)!
    expect(await refused.json()).toMatchObject({
      code: 'duplicate',
      detail: 'There is an account with this e-mail address already: sign in.',
    })
    const signedIn = await post(server, '/sign-in/email', {
      email: 'tWiN@example.com',
      password: person.password,
    })
    expect(signedIn.status).toBe(200)
  })

  test('ignores what only Berth may set', async () => {
    const response = await post(server, '/sign-up/email', {
      name: 'Eve',
      email: 'eve@example.com',
      password: 'correct horse battery',
      state: 'active',
      id: 'usr_01kaqqqqqqqqqqqqqqqqqqqqqq',
      emailVerified: true,
      image: 'https://tracker.example.com/pixel',
    })
    const { user } = (await response.json()) as { user: { id: string; emailVerified: boolean; image: null } }
    expect(user).toMatchObject({ emailVerified: false, image: null })
    expect(user.id).toMatch(/^usr_/)
    expect(user.id).not.toBe('usr_01kaqqqqqqqqqqqqqqqqqqqqqq')
  })
})

describe('the first account', () => {
  test('of many at once becomes operator, and only that one', async () => {
    const fresh = await startTestServer()
    const second = await startTestServer({ beside: fresh })
    try {
      const people = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          signUp(n % 2 ? fresh : second, { email: `race${n}@example.com` }),
        ),
      )
      const roles = await Promise.all(people.map((person) => person.client.call(api.identity.me, {})))
      expect(roles.filter((me) => me.platformRoles.includes('operator'))).toHaveLength(1)
      const events = await fresh.berth.platform.db
        .selectFrom('events')
        .select('type')
        .where('organizationId', '=', platformOrganizationId)
        .where('type', 'in', ['operator.claimed', 'user.registered'])
        .orderBy('seq')
        .execute()
      expect(events.filter((event) => event.type === 'operator.claimed')).toHaveLength(1)
      expect(events.filter((event) => event.type === 'user.registered')).toHaveLength(8)
      expect(events[0]!.type).toBe('user.registered')
    } finally {
      await second.close()
      await fresh.close()
    }
  })
})

describe('signing in', () => {
  test('gives a token in body and header, and a cookie that scripts cannot read', async () => {
    const response = await post(server, '/sign-in/email', operator, { origin: server.url })
    const { token } = (await response.json()) as { token: string }
    expect(await statusOfMe(server, bearerOf(token))).toBe(200)
    expect(await statusOfMe(server, bearerOf(response.headers.get('set-auth-token')!))).toBe(200)
    const cookie = response.headers.getSetCookie()[0]!
    expect(cookie).toMatch(/^berth\.session_token=/)
    expect(cookie).toMatch(/HttpOnly/i)
    expect(cookie).toMatch(/SameSite=Lax/i)
    expect(cookie).not.toMatch(/Secure/i)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('refuses a wrong password as it refuses an unknown address', async () => {
    const wrong = await post(server, '/sign-in/email', {
      email: operator.email,
      password: 'wrong password here',
    })
    const unknown = await post(server, '/sign-in/email', {
      email: 'nobody@example.com',
      password: 'wrong password here',
    })
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    const sentence = 'The e-mail address or the password is wrong.'
    expect(await wrong.json()).toMatchObject({ code: 'unauthenticated', detail: sentence })
    expect(await unknown.json()).toMatchObject({ code: 'unauthenticated', detail: sentence })
  })

  test('is limited by address, over all processes together', async () => {
    const limited = await startTestServer({ requestsPerMinute: 10_000 })
    const second = await startTestServer({ beside: limited, requestsPerMinute: 10_000 })
    try {
      const statuses: number[] = []
      for (let n = 0; n < 24; n++) {
        const headers = { 'x-forwarded-for': `10.0.0.${n}`, 'x-berth-client-address': `10.0.0.${n}` }
        const body = { email: 'nobody@example.com', password: 'guess number one' }
        const response = await post(n % 2 ? limited : second, '/sign-in/email', body, headers)
        statuses.push(response.status)
        if (response.status === 429) {
          expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
          expect(await response.json()).toMatchObject({ code: 'rate_limited' })
        }
      }
      expect(statuses.filter((status) => status === 401)).toHaveLength(20)
      expect(statuses.slice(20)).toEqual([429, 429, 429, 429])
    } finally {
      await second.close()
      await limited.close()
    }
  })

  test('is not for a disabled person, and what they hold stops working', async () => {
    const person = await signUp(server)
    const { secret } = await createToken(person)
    await setState(person, 'disabled')
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(401)
    expect(await statusOfMe(server, bearerOf(secret))).toBe(401)
    const response = await post(server, '/sign-in/email', person)
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({
      code: 'forbidden',
      detail: expect.stringContaining('disabled'),
    })
    await setState(person, 'active')
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(200)
  })

  async function createToken(person: TestPerson) {
    await person.client.call(api.organizations.create, { body: { name: 'Mine' } })
    const body = { name: 'mine', scopes: ['organization:read' as const] }
    return person.client.call(api.tokens.createMine, { body })
  }

  async function setState(person: TestPerson, state: string): Promise<void> {
    const { db } = server.berth.platform
    await db.updateTable('users').set({ state }).where('id', '=', person.userId).execute()
  }
})

describe('signing out', () => {
  test('ends the session at once, in every process', async () => {
    const second = await startTestServer({ beside: server })
    try {
      const person = await signUp(server)
      expect(await statusOfMe(second, bearerOf(person.token))).toBe(200)
      expect((await post(server, '/sign-out', {}, bearerOf(person.token))).status).toBe(200)
      expect(await statusOfMe(server, bearerOf(person.token))).toBe(401)
      expect(await statusOfMe(second, bearerOf(person.token))).toBe(401)
    } finally {
      await second.close()
    }
  })

  test('with the cookie ends that session and no other', async () => {
    const person = await signUp(server)
    const cookie = await cookieOf(server, person)
    expect(await statusOfMe(server, { cookie })).toBe(200)
    expect((await post(server, '/sign-out', {}, { cookie, origin: server.url })).status).toBe(200)
    expect(await statusOfMe(server, { cookie })).toBe(401)
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(200)
  })
})

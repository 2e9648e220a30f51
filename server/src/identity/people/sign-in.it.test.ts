import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import { getSchema } from 'better-auth/db'
import { api, platformOrganizationId } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { authOptions } from './auth.ts'

let server: TestServer
let operator: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  operator = await signUp(server)
})
afterAll(() => server.close())

const origin = () => ({ origin: server.url })

function post(path: string, body: unknown, headers: Record<string, string> = {}, to = server) {
  return fetch(`${to.url}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** The sign-in cookie as a browser would send it back. */
async function cookieOf(person: TestPerson): Promise<string> {
  const response = await post('/sign-in/email', person, origin())
  return response.headers.getSetCookie()[0]!.split(';')[0]!
}

async function statusOfMe(headers: Record<string, string>, to = server): Promise<number> {
  return (await fetch(`${to.url}/api/me`, { headers })).status
}

const bearerOf = (token: string) => ({ authorization: `Bearer ${token}` })

describe('the tables', () => {
  test('have every column that better-auth wants, of its type', async () => {
    const options = authOptions(server.berth.platform, {
      publicUrl: server.url,
      origins: () => new Set(),
      rateLimited: true,
    })
    const { rows } = await sql<{
      tableName: string
      columnName: string
      dataType: string
      isNullable: string
    }>`
      select table_name, column_name, data_type, is_nullable from information_schema.columns
      where table_schema = 'public'`.execute(server.berth.platform.db)
    const columns = new Map(rows.map((row) => [`${row.tableName}.${row.columnName}`, row]))
    const types: Record<string, string[]> = {
      string: ['text'],
      boolean: ['boolean'],
      date: ['timestamp with time zone'],
      number: ['integer', 'bigint'],
    }
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    const wanted = Object.entries(getSchema(options)).flatMap(([table, { fields }]) =>
      Object.entries({ id: { type: 'string', required: true }, ...fields }).map(([name, field]) => ({
        column: `${snake(table)}.${snake(name)}`,
        type: field.type as string,
        required: field.required !== false,
      })),
    )
    expect(wanted.length).toBeGreaterThan(30)
    const faults = wanted.filter(({ column, type, required }) => {
      const found = columns.get(column)
      return !found || !types[type]?.includes(found.dataType) || (!required && found.isNullable === 'NO')
    })
    expect(faults).toEqual([])
  })
})

describe('signing up', () => {
  test('needs a password of a sane length, and says so', async () => {
    const response = await post('/sign-up/email', {
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
    const response = await post('/sign-up/email', body)
    expect(response.status).toBe(400)
    const { code, detail } = (await response.json()) as { code: string; detail: string }
    expect(code).toBe('invalid_input')
    expect(detail).not.toBe('')
  })

  test('takes an address once, however it is spelt, also when two ask at once', async () => {
    const person = { name: 'Twin', password: 'correct horse battery' }
    const answers = await Promise.all(
      ['Twin@Example.com', 'twin@example.com', 'TWIN@EXAMPLE.COM'].map((email) =>
        post('/sign-up/email', { ...person, email }),
      ),
    )
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409, 409])
    const refused = answers.find((answer) => answer.status === 409)!
    expect(await refused.json()).toMatchObject({
      code: 'duplicate',
      detail: 'There is an account with this e-mail address already: sign in.',
    })
    const signedIn = await post('/sign-in/email', { email: 'tWiN@example.com', password: person.password })
    expect(signedIn.status).toBe(200)
  })

  test('ignores what only Berth may set', async () => {
    const response = await post('/sign-up/email', {
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
    const response = await post('/sign-in/email', operator, origin())
    const { token } = (await response.json()) as { token: string }
    expect(await statusOfMe(bearerOf(token))).toBe(200)
    expect(await statusOfMe(bearerOf(response.headers.get('set-auth-token')!))).toBe(200)
    const cookie = response.headers.getSetCookie()[0]!
    expect(cookie).toMatch(/^berth\.session_token=/)
    expect(cookie).toMatch(/HttpOnly/i)
    expect(cookie).toMatch(/SameSite=Lax/i)
    expect(cookie).not.toMatch(/Secure/i)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('refuses a wrong password as it refuses an unknown address', async () => {
    const wrong = await post('/sign-in/email', { email: operator.email, password: 'wrong password here' })
    const unknown = await post('/sign-in/email', {
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
        const response = await post('/sign-in/email', body, headers, n % 2 ? limited : second)
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
    expect(await statusOfMe(bearerOf(person.token))).toBe(401)
    expect(await statusOfMe(bearerOf(secret))).toBe(401)
    const response = await post('/sign-in/email', person)
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({
      code: 'forbidden',
      detail: expect.stringContaining('disabled'),
    })
    await setState(person, 'active')
    expect(await statusOfMe(bearerOf(person.token))).toBe(200)
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
      expect(await statusOfMe(bearerOf(person.token), second)).toBe(200)
      expect((await post('/sign-out', {}, bearerOf(person.token))).status).toBe(200)
      expect(await statusOfMe(bearerOf(person.token))).toBe(401)
      expect(await statusOfMe(bearerOf(person.token), second)).toBe(401)
    } finally {
      await second.close()
    }
  })

  test('with the cookie ends that session and no other', async () => {
    const person = await signUp(server)
    const cookie = await cookieOf(person)
    expect(await statusOfMe({ cookie })).toBe(200)
    expect((await post('/sign-out', {}, { cookie, ...origin() })).status).toBe(200)
    expect(await statusOfMe({ cookie })).toBe(401)
    expect(await statusOfMe(bearerOf(person.token))).toBe(200)
  })
})

describe('sessions', () => {
  test('are listed without their tokens, and ended at once', async () => {
    const person = await signUp(server)
    const cookie = await cookieOf(person)
    const answer = await fetch(`${server.url}/api/me/sessions`, { headers: bearerOf(person.token) })
    const text = await answer.text()
    expect(text).not.toContain(person.token.split('.')[0])
    const { items } = JSON.parse(text) as { items: { id: string; current: boolean }[] }
    expect(items.map((item) => item.current)).toEqual([false, true])
    const params = { sessionId: items[0]!.id }
    await person.client.call(api.identity.revokeSession, { params })
    expect(await statusOfMe({ cookie })).toBe(401)
    await expect(person.client.call(api.identity.revokeSession, { params })).rejects.toMatchObject({
      problem: { code: 'not_found' },
    })
  })

  test('of another person cannot be ended', async () => {
    const [one, other] = [await signUp(server), await signUp(server)]
    const { items } = await one.client.call(api.identity.listSessions, {})
    const ending = other.client.call(api.identity.revokeSession, { params: { sessionId: items[0]!.id } })
    await expect(ending).rejects.toMatchObject({ problem: { code: 'not_found' } })
    expect(await statusOfMe(bearerOf(one.token))).toBe(200)
  })

  test('that better-auth describes carry no token', async () => {
    const person = await signUp(server)
    const response = await fetch(`${server.url}/api/auth/get-session`, { headers: bearerOf(person.token) })
    const body = (await response.json()) as { session: object; user: { id: string } }
    expect(body.user.id).toBe(person.userId)
    expect(Object.keys(body.session)).not.toContain('token')
  })

  test('all end with a new password, but for the one that set it', async () => {
    const person = await signUp(server)
    const cookie = await cookieOf(person)
    const response = await post(
      '/change-password',
      { currentPassword: person.password, newPassword: 'another fine password' },
      { cookie, ...origin() },
    )
    expect(response.status).toBe(200)
    const renewed = response.headers.getSetCookie()[0]!.split(';')[0]!
    expect(await statusOfMe({ cookie: renewed })).toBe(200)
    expect(await statusOfMe({ cookie })).toBe(401)
    expect(await statusOfMe(bearerOf(person.token))).toBe(401)
  })

  test('leave no token in the database', async () => {
    const person = await signUp(server)
    const device = (await (await post('/device/code', { client_id: 'mcpctl' })).json()) as {
      device_code: string
    }
    const dump = await dumpOf(server)
    expect(dump).toContain(person.email)
    expect(dump).not.toContain(person.token.split('.')[0])
    expect(dump).not.toContain(device.device_code)
    expect(dump).not.toContain(person.password)
  })
})

describe('who calls', () => {
  test('by cookie must come from our own pages to change anything', async () => {
    const cookie = await cookieOf(operator)
    const create = (headers: Record<string, string>) =>
      fetch(`${server.url}/api/orgs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie, ...headers },
        body: JSON.stringify({ name: 'Ours' }),
      })
    const foreign = await create({ origin: 'https://evil.example.com' })
    expect(foreign.status).toBe(403)
    expect(await foreign.json()).toMatchObject({ code: 'foreign_origin' })
    expect((await create({})).status).toBe(403)
    expect((await create(origin())).status).toBe(201)
  })

  test.each(['/sign-out', '/sign-in/email', '/sign-up/email', '/change-password', '/device/approve'])(
    'from a foreign page is not heard at %s',
    async (path) => {
      const cookie = await cookieOf(operator)
      const foreign = await post(path, operator, { cookie, origin: 'https://evil.example.com' })
      expect(foreign.status).toBe(403)
      expect(await foreign.json()).toMatchObject({ code: 'foreign_origin' })
      expect(await statusOfMe({ cookie })).toBe(200)
    },
  )

  test('is told by the bearer token, before any cookie', async () => {
    const [one, other] = [await signUp(server), await signUp(server)]
    const cookie = await cookieOf(one)
    const response = await fetch(`${server.url}/api/me`, { headers: { cookie, ...bearerOf(other.token) } })
    expect(((await response.json()) as { user: { id: string } }).user.id).toBe(other.userId)
    expect(await statusOfMe({ cookie, ...bearerOf('wrong') })).toBe(401)
    expect(await statusOfMe({ cookie, authorization: 'Bearer' })).toBe(401)
    expect(await statusOfMe({ cookie, authorization: 'Basic eDp5' })).toBe(200)
  })

  test('is nobody with a hash out of the database', async () => {
    const rows = await server.berth.platform.db.selectFrom('sessions').select('token').execute()
    for (const { token } of rows.slice(0, 3)) expect(await statusOfMe(bearerOf(token))).toBe(401)
  })
})

test('what better-auth offers beyond what Berth opened is not there', async () => {
  const closed = ['/list-sessions', '/ok', '/error', '/list-accounts', '/device/code']
  for (const path of closed) {
    const response = await fetch(`${server.url}/api/auth${path}`, { headers: bearerOf(operator.token) })
    expect([path, response.status]).toEqual([path, 404])
  }
  for (const path of ['/update-user', '/delete-user', '/change-email', '/revoke-session', '/link-social']) {
    const response = await post(path, {}, bearerOf(operator.token))
    expect([path, response.status]).toEqual([path, 404])
  }
})

/** Every row of every table, as text. */
async function dumpOf({ berth }: TestServer): Promise<string> {
  const { db } = berth.platform
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema in ('public', 'pgboss') and table_type = 'BASE TABLE'`.execute(db)
  const texts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.raw(name)} t`.execute(db)
      return rows.map((row) => row.text).join('\n')
    }),
  )
  return texts.join('\n')
}

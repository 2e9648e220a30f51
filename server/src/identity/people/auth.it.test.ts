import { getSchema } from 'better-auth/db'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { turnOn } from '../account/test-kit.ts'
import { authOptions, sessionCookie, startAuth } from './auth.ts'
import { bearerOf, post } from './test-kit.ts'

let server: TestServer
let operator: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  operator = await signUp(server)
})
afterAll(() => server.close())

test('the tables have every column that better-auth wants, of its type', async () => {
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
      type: field.type,
      required: field.required ?? true,
    })),
  )
  expect(wanted.length).toBeGreaterThan(30)
  const faults = wanted.filter(({ column, type, required }) => {
    const found = columns.get(column)
    return !found || !types[type]?.includes(found.dataType) || (!required && found.isNullable === 'NO')
  })
  expect(faults).toEqual([])
})

test('what better-auth offers beyond what Berth opened is not there', async () => {
  const closed = ['/list-sessions', '/ok', '/error', '/list-accounts']
  for (const path of closed) {
    const response = await fetch(`${server.url}/api/auth${path}`, { headers: bearerOf(operator.token) })
    expect([path, response.status]).toEqual([path, 404])
  }
  expect((await fetch(`${server.url}/api/auth/device/code`)).status).toBe(405)
  for (const path of [
    '/update-user',
    '/delete-user',
    '/change-email',
    '/change-password',
    '/revoke-session',
    '/link-social',
  ]) {
    const response = await post(server, path, {}, bearerOf(operator.token))
    expect([path, response.status]).toEqual([path, 404])
  }
})

test('no way of better-auth leads past a second factor', async () => {
  const person = await signUp(server)
  await turnOn(person, new Date())
  const { publicUrl, origins } = { publicUrl: server.url, origins: () => new Set([server.url]) }
  const auth = await startAuth(server.berth.platform, {
    publicUrl,
    origins,
    rateLimited: false,
  })
  const response = await auth.handler(
    new Request(`${publicUrl}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: publicUrl },
      body: JSON.stringify({ email: person.email, password: person.password }),
    }),
  )
  expect(response.status).toBe(401)
  expect(response.headers.getSetCookie()).toEqual([])
  const faked = await post(server, '/sign-in/email', person, { 'x-berth-second-factor': person.userId })
  expect(await faked.json()).toMatchObject({ code: 'second_factor_required' })
})

test('behind https the cookie is for https only, under the name that is looked for', async () => {
  const publicUrl = 'https://berth.example.com'
  const origins = () => new Set([publicUrl])
  const auth = await startAuth(server.berth.platform, {
    publicUrl,
    origins,
    rateLimited: false,
  })
  const response = await auth.handler(
    new Request(`${publicUrl}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: publicUrl },
      body: JSON.stringify({ email: operator.email, password: operator.password }),
    }),
  )
  const cookie = response.headers.getSetCookie()[0]!
  expect(cookie).toMatch(new RegExp(`^${sessionCookie(publicUrl)}=`))
  expect(cookie).toMatch(/; Secure/i)
  expect(sessionCookie(publicUrl)).toBe('__Secure-berth.session_token')
})

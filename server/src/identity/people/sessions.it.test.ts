import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { bearerOf, cookieOf, dumpOf, post, statusOfMe } from './test-kit.ts'

let server: TestServer
let operator: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  operator = await signUp(server)
})
afterAll(() => server.close())

describe('sessions', () => {
  test('are listed without their tokens, and ended at once', async () => {
    const person = await signUp(server)
    const cookie = await cookieOf(server, person)
    const answer = await fetch(`${server.url}/api/me/sessions`, { headers: bearerOf(person.token) })
    const text = await answer.text()
    expect(text).not.toContain(person.token.split('.')[0])
    const { items } = JSON.parse(text) as { items: { id: string; current: boolean }[] }
    expect(items.map((item) => item.current)).toEqual([false, true])
    const params = { sessionId: items[0]!.id }
    await person.client.call(api.identity.revokeSession, { params })
    expect(await statusOfMe(server, { cookie })).toBe(401)
    await expect(person.client.call(api.identity.revokeSession, { params })).rejects.toMatchObject({
      problem: { code: 'not_found' },
    })
  })

  test('of another person cannot be ended', async () => {
    const [one, other] = [await signUp(server), await signUp(server)]
    const { items } = await one.client.call(api.identity.listSessions, {})
    const ending = other.client.call(api.identity.revokeSession, { params: { sessionId: items[0]!.id } })
    await expect(ending).rejects.toMatchObject({ problem: { code: 'not_found' } })
    expect(await statusOfMe(server, bearerOf(one.token))).toBe(200)
  })

  test('that better-auth describes carry no token', async () => {
    const person = await signUp(server)
    const response = await fetch(`${server.url}/api/auth/get-session`, { headers: bearerOf(person.token) })
    const body = (await response.json()) as { session: object; user: { id: string } }
    expect(body.user.id).toBe(person.userId)
    expect(Object.keys(body.session)).not.toContain('token')
  })

  test('end all at once but the present one', async () => {
    const person = await signUp(server)
    const cookie = await cookieOf(server, person)
    expect(await person.client.call(api.identity.endOtherSessions, {})).toEqual({ ended: 1 })
    expect(await statusOfMe(server, { cookie })).toBe(401)
    expect(await statusOfMe(server, bearerOf(person.token))).toBe(200)
    expect(await person.client.call(api.identity.endOtherSessions, {})).toEqual({ ended: 0 })
  })

  test('leave no token in the database', async () => {
    const person = await signUp(server)
    const device = (await (await post(server, '/device/code', { client_id: 'mcpctl' })).json()) as {
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
    const cookie = await cookieOf(server, operator)
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
    expect((await create({ origin: server.url })).status).toBe(201)
  })

  test.each(['/sign-out', '/sign-in/email', '/sign-up/email', '/device/approve'])(
    'from a foreign page is not heard at %s',
    async (path) => {
      const cookie = await cookieOf(server, operator)
      const foreign = await post(server, path, operator, { cookie, origin: 'https://evil.example.com' })
      expect(foreign.status).toBe(403)
      expect(await foreign.json()).toMatchObject({ code: 'foreign_origin' })
      expect(await statusOfMe(server, { cookie })).toBe(200)
    },
  )

  test('is told by the bearer token, before any cookie', async () => {
    const [one, other] = [await signUp(server), await signUp(server)]
    const cookie = await cookieOf(server, one)
    const response = await fetch(`${server.url}/api/me`, { headers: { cookie, ...bearerOf(other.token) } })
    expect(((await response.json()) as { user: { id: string } }).user.id).toBe(other.userId)
    expect(await statusOfMe(server, { cookie, ...bearerOf('wrong') })).toBe(401)
    expect(await statusOfMe(server, { cookie, authorization: 'Bearer' })).toBe(401)
    expect(await statusOfMe(server, { cookie, authorization: 'Basic eDp5' })).toBe(200)
  })

  test('is nobody with a hash out of the database', async () => {
    const rows = await server.berth.platform.db.selectFrom('sessions').select('token').execute()
    for (const { token } of rows.slice(0, 3)) expect(await statusOfMe(server, bearerOf(token))).toBe(401)
  })
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'

let server: TestServer
let person: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  person = await signUp(server)
})
afterAll(() => server.close())

interface Codes {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
}

async function post(path: string, body: unknown, token?: string) {
  const response = await fetch(`${server.url}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

async function ask(): Promise<Codes> {
  const { status, body } = await post('/device/code', { client_id: 'mcpctl' })
  expect(status).toBe(200)
  return body as unknown as Codes
}

/** The device's question; the wait between two of them is taken off the row. */
async function poll({ device_code }: Codes) {
  await server.berth.platform.db.updateTable('deviceCodes').set({ lastPolledAt: null }).execute()
  return post('/device/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code,
    client_id: 'mcpctl',
  })
}

const look = ({ user_code }: Codes, { token }: TestPerson) =>
  fetch(`${server.url}/api/auth/device?user_code=${user_code}`, {
    headers: { authorization: `Bearer ${token}` },
  })

test('a device signs in once somebody confirmed its code', async () => {
  const codes = await ask()
  expect(codes.verification_uri).toBe(`${server.url}/device`)
  expect(codes.verification_uri_complete).toBe(`${server.url}/device?user_code=${codes.user_code}`)
  expect(await poll(codes)).toMatchObject({ status: 400, body: { error: 'authorization_pending' } })

  const looked = await look(codes, person)
  expect(await looked.json()).toMatchObject({ status: 'pending', client_id: 'mcpctl' })
  expect((await post('/device/approve', { userCode: codes.user_code }, person.token)).status).toBe(200)

  const { body } = await poll(codes)
  const me = await server.client(body['access_token']).call(api.identity.me, {})
  expect(me.user?.id).toBe(person.userId)
  expect(await poll(codes)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
})

test('a device that asks too often is told to slow down', async () => {
  const codes = await ask()
  await poll(codes)
  const again = await post('/device/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: codes.device_code,
    client_id: 'mcpctl',
  })
  expect(again.body['error']).toBe('slow_down')
})

test('a denied device does not sign in', async () => {
  const codes = await ask()
  await look(codes, person)
  expect((await post('/device/deny', { userCode: codes.user_code }, person.token)).status).toBe(200)
  expect(await poll(codes)).toMatchObject({ status: 400, body: { error: 'access_denied' } })
})

test('nobody confirms without being signed in, or what another person looked at', async () => {
  const codes = await ask()
  await look(codes, person)
  expect((await post('/device/approve', { userCode: codes.user_code })).status).toBe(401)
  const other = await signUp(server)
  expect((await post('/device/approve', { userCode: codes.user_code }, other.token)).status).toBe(403)
  expect(await poll(codes)).toMatchObject({ body: { error: 'authorization_pending' } })
})

test('an expired code signs nobody in', async () => {
  const codes = await ask()
  await look(codes, person)
  await post('/device/approve', { userCode: codes.user_code }, person.token)
  await server.berth.platform.db
    .updateTable('deviceCodes')
    .set({ expiresAt: new Date(0) })
    .execute()
  expect(await poll(codes)).toMatchObject({ status: 400, body: { error: 'expired_token' } })
})

test('a client that is not known gets no code', async () => {
  expect(await post('/device/code', { client_id: 'somebody' })).toMatchObject({
    status: 400,
    body: { error: 'invalid_client' },
  })
})

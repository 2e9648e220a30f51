import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestServer } from '../platform/testing/index.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

test('people sign up and make an organization', async () => {
  const ada = await signUp(server)
  const me = await ada.client.call(api.identity.me, {})
  expect(me.platformRoles).toEqual(['operator'])
  const org = await ada.client.call(api.organizations.create, { body: { name: 'Acme' } })
  const list = await ada.client.call(api.organizations.list, { query: {} })
  expect(list.items).toEqual([org])
})

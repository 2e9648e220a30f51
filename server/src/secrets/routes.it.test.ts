import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, createClient } from '@berth/contracts'
import { startBerth, type Berth } from '../app.ts'
import { readConfig } from '../platform/config.ts'
import { createTestDatabase, signUp, type TestDatabase } from '../platform/testing/index.ts'

const plaintext = 'hunter2-the-plaintext'
const logged: string[] = []
let berth: Berth
let database: TestDatabase
let dataDir: string
beforeAll(async () => {
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'berth-test-'))
  const everything = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged.push(chunk.toString())
      done()
    },
  })
  berth = await startBerth({
    config: readConfig({ BERTH_PORT: '0', BERTH_DATA_DIR: dataDir }),
    databaseUrl: database.url,
    directUrl: database.url,
    roles: ['api'],
    logger: pino({ level: 'trace' }, everything),
    requestsPerMinute: 0,
  })
})
afterAll(async () => {
  await berth.close()
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

const person = () =>
  signUp({
    url: berth.url,
    client: (token) =>
      createClient({ baseUrl: berth.url, headers: () => ({ authorization: `Bearer ${token}` }) }),
  })

test('a secret is set and removed by those who may, and its value is neither answered nor logged', async () => {
  const { client } = await person()
  const stranger = await person()
  const { id: organizationId } = await client.call(api.organizations.create, { body: { name: 'Acme' } })
  const workspace = await client.call(api.workspaces.create, {
    params: { organizationId },
    body: { name: 'Main' },
  })
  const params = { organizationId, workspaceId: workspace.id }
  const one = { ...params, name: 'API_KEY' }

  const secret = await client.call(api.secrets.set, { params: one, body: { value: plaintext } })
  const listed = await client.call(api.secrets.list, { params })
  expect(listed.items).toEqual([secret])
  const tooLong = client.call(api.secrets.set, { params: one, body: { value: plaintext.repeat(5000) } })
  const refusal = await tooLong.then(
    () => null,
    (error: unknown) => error,
  )
  expect(refusal).toMatchObject({ problem: { status: 400 } })
  expect(JSON.stringify([secret, listed, refusal])).not.toContain(plaintext)

  await expect(stranger.client.call(api.secrets.list, { params })).rejects.toMatchObject({
    problem: { status: 404 },
  })
  await client.call(api.secrets.remove, { params: one })
  expect((await client.call(api.secrets.list, { params })).items).toEqual([])

  expect(logged.join('')).toContain('/secrets/:name')
  expect(logged.join('')).not.toContain(plaintext)
})

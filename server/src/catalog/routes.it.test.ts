import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../platform/testing/index.ts'

let server: TestServer
let operator: TestPerson
let person: TestPerson
let folder: string
beforeAll(async () => {
  server = await startTestServer({ roles: ['api'] })
  operator = await signUp(server)
  person = await signUp(server)
  folder = await mkdtemp(path.join(tmpdir(), 'berth-local-'))
  await mkdir(path.join(folder, 'weather'))
  await writeFile(path.join(folder, 'weather/server.js'), '')
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const artifact = () => ({
  kind: 'local' as const,
  path: path.join(folder, 'weather'),
  command: ['node', 'server.js'],
})

test('everybody who is signed in sees the bundled servers; only operators add', async () => {
  const { items } = await person.client.call(api.catalog.list, { query: { search: 'reference/' } })
  expect(items.map((item) => item.name)).toEqual([
    'reference/everything',
    'reference/filesystem',
    'reference/memory',
    'reference/sequential-thinking',
  ])
  await expect(person.client.call(api.catalog.add, { body: { artifact: artifact() } })).rejects.toMatchObject(
    {
      problem: { status: 403, code: 'forbidden' },
    },
  )
})

test('a server is added once for an idempotency key, and shown with its run', async () => {
  const add = () =>
    fetch(`${server.url}/api/catalog/servers`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${operator.token}`,
        'idempotency-key': 'add-weather',
      },
      body: JSON.stringify({ artifact: artifact(), title: 'Weather' }),
    })
  const first = await add()
  expect(first.status).toBe(202)
  const release = (await first.json()) as { id: string; runId: string; server: string }
  expect(release).toMatchObject({ server: 'local/weather', runId: expect.stringMatching(/^run_/) })
  const second = await add()
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect(await second.json()).toEqual(release)

  const params = { provider: 'local', server: 'weather' }
  expect(await person.client.call(api.catalog.get, { params })).toMatchObject({
    name: 'local/weather',
    title: 'Weather',
    latestRelease: { id: release.id },
    releases: [{ id: release.id, version: '0.0.0' }],
  })
  const one = await person.client.call(api.catalog.getRelease, { params: { releaseId: release.id } })
  expect(one).toMatchObject({ observation: 'pending', surface: null })
})

test('what is wrong with an addition is answered with its sentence and field', async () => {
  const command = ['node', 'nope.js']
  await expect(
    operator.client.call(api.catalog.add, { body: { artifact: { ...artifact(), command } } }),
  ).rejects.toMatchObject({
    problem: {
      status: 422,
      code: 'artifact_unavailable',
      errors: [{ path: 'artifact.command', message: expect.stringContaining('there is no file "nope.js"') }],
    },
  })
})

test('pages of the list join to the whole', async () => {
  const all = await person.client.call(api.catalog.list, { query: {} })
  const names: string[] = []
  let cursor: string | undefined
  do {
    const page = await person.client.call(api.catalog.list, { query: { limit: 2, cursor } })
    names.push(...page.items.map((item) => item.name))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(names).toEqual(all.items.map((item) => item.name))
})

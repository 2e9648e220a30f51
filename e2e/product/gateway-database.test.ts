/** A database that cannot be reached: what is not known to be allowed is refused, and it all works again afterwards. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, type Deployment } from '@berth/contracts'
import {
  createTestDatabase,
  startTestServer,
  type TestDatabase,
} from '@berth/server/platform/testing/index.ts'
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts'
import { eventually } from '../support/eventually.ts'
import {
  addLocal,
  apiToken,
  buildWorld,
  calls,
  createWorkspace,
  deploymentOf,
  launch,
  mcp,
  replyOf,
  type World,
} from '../support/gateway-world.ts'

let database: TestDatabase
let dataDir: string
let proxy: FaultProxy
let world: World
let plain: Deployment
let strict: Deployment
let secret: string

beforeAll(async () => {
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'berth-cut-'))
  proxy = await startFaultProxy(database.url)
  const place = { database: { url: proxy.url, drop: database.drop }, dataDir }
  world = await buildWorld(await startTestServer({ beside: place as never }))
  const slow = await addLocal(world, ['misbehaving.mjs', 'slow'])
  await world.owner.client.call(api.tiers.create, {
    body: { code: 'asks', name: 'Asks', sandbox: 'required', allowLocal: true, checkEveryCall: true },
  })
  const workspace = await createWorkspace(world, 'asks')
  plain = await launch(world, slow)
  strict = await launch(world, slow, { workspaceId: workspace.id })
  secret = (await apiToken(world)).secret
})

afterAll(async () => {
  proxy?.resume()
  await world?.close()
  proxy?.close()
  await database?.drop()
  if (dataDir) await rm(dataDir, { recursive: true, force: true })
})

const ping = { jsonrpc: '2.0', id: 7, method: 'ping' }

test('calls are refused within the lease, in words, and taken again when the database is back', async () => {
  const [client, asking] = [mcp(plain.mcpUrl, secret), mcp(strict.mcpUrl, secret)]
  await client.open()
  await asking.open()
  expect((await asking.call('run', { message: 'ok', steps: 0 })).result).toBeDefined()
  proxy.pause()
  const cut = performance.now()
  const held = asking.call('run', { message: 'never', steps: 0 })
  const refused = await eventually('calls are refused', async () => {
    const response = await client.post(ping)
    return response.status === 200 ? null : response
  })
  expect(performance.now() - cut).toBeLessThan(5000)
  expect(refused.status).toBe(503)
  expect((await replyOf(refused)).error!.message).toContain('cannot see its own log')
  expect((await held).error.message).toContain('cannot see its own log')
  const unknown = await mcp(plain.mcpUrl, 'brt_unknown').post(ping)
  expect(unknown.status).toBe(503)
  proxy.resume()
  await eventually('calls are taken', async () => ((await client.post(ping)).status === 200 ? true : null))
  expect((await client.call('run', { message: 'back', steps: 0 })).result.content[0].text).toBe('back')
  expect((await asking.call('run', { message: 'back', steps: 0 })).result.content[0].text).toBe('back')
  const ok = await calls(world, { deploymentId: strict.id, tool: 'run', outcome: 'ok' }, 2)
  expect(ok).toHaveLength(2)
})

test('a runner that cannot renew its lease stops what it runs, and takes it up again', async () => {
  const client = mcp(plain.mcpUrl, secret)
  await client.open()
  const long = client.call('run', { steps: 3000, stepMs: 100 })
  proxy.pause()
  const cut = performance.now()
  expect((await long).error.message).toBe('This runner lost its lease.')
  // From then on another runner may launch it.
  expect(performance.now() - cut).toBeLessThan(10_000)
  await sleep(500)
  proxy.resume()
  await eventually('it runs again', async () => {
    const { phase } = await deploymentOf(world, plain.id)
    const response = await client.post(ping)
    return phase === 'running' && response.status !== 503 ? true : null
  })
  const again = mcp(plain.mcpUrl, secret)
  await again.open()
  expect((await again.call('run', { message: 'up', steps: 0 })).result.content[0].text).toBe('up')
})

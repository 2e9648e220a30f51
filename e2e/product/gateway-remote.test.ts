/** A server elsewhere, over Streamable HTTP, with credentials of the workspace's own. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, type Deployment } from '@berth/contracts'
import { events } from '@berth/server/relay/test-kit.ts'
import { eventually } from '../support/eventually.ts'
import {
  addRemote,
  apiToken,
  calls,
  command,
  deploymentOf,
  launch,
  mcp,
  running,
  startRemote,
  startWorld,
  type RemoteFixture,
  type World,
} from '../support/gateway-world.ts'

const key = 'the key of the workspace alone'
let world: World
let remote: RemoteFixture
let deployment: Deployment
let secret: string

beforeAll(async () => {
  world = await startWorld()
  remote = await startRemote({ FIXTURE_KEY: key })
  const server = await addRemote(world, remote.url, {
    headers: { 'x-client': 'berth' },
    secrets: [{ name: 'x-api-key', description: '', required: true, in: 'header' }],
  })
  const params = { organizationId: world.organizationId, workspaceId: world.workspace.id, name: 'REMOTE_KEY' }
  await world.owner.client.call(api.secrets.set, { params, body: { value: key } })
  deployment = await launch(world, server, { secrets: { 'x-api-key': 'REMOTE_KEY' } })
  secret = (await apiToken(world)).secret
})

afterAll(async () => {
  await world?.close()
  remote?.close()
})

test('is called with its own credentials; the client’s never reach it', async () => {
  expect(deployment.enforcement?.sandbox).toBe('remote')
  const client = mcp(deployment.mcpUrl, secret, {
    cookie: 'a=b',
    'x-forwarded-for': '10.0.0.1',
    'x-mine': 'private',
  })
  await client.open()
  expect((await client.call('echo', { message: 'hello' })).result.content[0].text).toBe('hello')
  const { tools } = await world.owner.client.call(api.deployments.tools, {
    params: { organizationId: world.organizationId, deploymentId: deployment.id },
  })
  expect(tools.length).toBeGreaterThan(3)
  const seen = await remote.seen()
  expect(seen.length).toBeGreaterThan(5)
  const sent = JSON.stringify(seen)
  for (const ours of [
    secret,
    'authorization',
    'cookie',
    'x-berth',
    'x-mine',
    'x-forwarded',
    client.sessionId,
  ]) {
    expect(sent).not.toContain(ours)
  }
  expect(seen.every(({ headers }) => headers['x-api-key'] === key && headers['x-client'] === 'berth')).toBe(
    true,
  )
  const [record] = await calls(world, { deploymentId: deployment.id, tool: 'echo' }, 1)
  expect(record).toMatchObject({ outcome: 'ok', sessionId: client.sessionId })
})

test('asks the client back, tells of changes, and goes on with a new session when it forgets the old one', async () => {
  const client = mcp(deployment.mcpUrl, secret)
  await client.open('2025-11-25', { sampling: {} })
  const stream = events(await client.get())
  const answered = client.call('sample', { prompt: 'Say hi' })
  const told: string[] = []
  for await (const { data } of stream) {
    if (data === '') continue
    const message = JSON.parse(data)
    told.push(message.method)
    if (message.method !== 'sampling/createMessage') continue
    const result = { role: 'assistant', model: 'm', content: { type: 'text', text: 'hi there' } }
    expect((await client.post({ jsonrpc: '2.0', id: message.id, result })).status).toBe(202)
    break
  }
  expect((await answered).result.content[0].text).toBe('hi there')
  const listening = client.get().then(async (response) => {
    for await (const { data } of events(response)) {
      if (data.includes('notifications/tools/list_changed')) return data
    }
    return null
  })
  await eventually('the stream stands', async () => {
    await client.call('touch')
    return await Promise.race([listening, new Promise((resolve) => setTimeout(() => resolve(null), 300))])
  })
  await client.call('expire')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect((await client.call('echo', { message: 'still here' })).result.content[0].text).toBe('still here')
  expect(await deploymentOf(world, deployment.id)).toMatchObject({ phase: 'running', hold: null })
})

test('serves more sessions than there could be processes', async () => {
  const clients = Array.from({ length: 150 }, () => mcp(deployment.mcpUrl, secret))
  for (let at = 0; at < clients.length; at += 25)
    await Promise.all(clients.slice(at, at + 25).map((one) => one.open()))
  const answers = await Promise.all(clients.map((client, at) => client.call('echo', { message: `n${at}` })))
  expect(answers.map(({ result }) => result.content[0].text)).toEqual(clients.map((_, at) => `n${at}`))
})

test('is cancelled when the client cancels, and takes calls again after a restart', async () => {
  const client = mcp(deployment.mcpUrl, secret)
  await client.open()
  const hanging = client.call('hang', {}, 'to-cancel')
  await new Promise((resolve) => setTimeout(resolve, 200))
  await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'to-cancel' } })
  expect((await hanging).error.code).toBe(-32800)
  await eventually('the server heard of it', async () => {
    const { result } = await client.call('cancelled')
    return result.content[0].text === '0' ? null : true
  })
  expect((await calls(world, { tool: 'hang', outcome: 'cancelled' }, 1)).length).toBe(1)
  const before = await deploymentOf(world, deployment.id)
  await command(world, 'restart', deployment.id)
  await eventually('it runs anew', async () => {
    const { phase, startedAt } = await running(world, deployment.id)
    return phase === 'running' && startedAt !== before.startedAt ? true : null
  })
  const again = mcp(deployment.mcpUrl, secret)
  await again.open()
  expect((await again.call('echo', { message: 'back' })).result.content[0].text).toBe('back')
})

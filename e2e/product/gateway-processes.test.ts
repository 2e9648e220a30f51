/** Several processes of one installation, and what a client sees when one of them ends. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type Deployment } from '@berth/contracts'
import { startTestServer } from '@berth/server/platform/testing/index.ts'
import { events, type TestClient } from '@berth/server/relay/test-kit.ts'
import { startBerthProcess, type BerthProcess } from '../support/berth-process.ts'
import { eventually } from '../support/eventually.ts'
import {
  addLocal,
  apiToken,
  at,
  buildWorld,
  calls,
  launch,
  mcp,
  replyOf,
  running,
  serviceToken,
  type World,
} from '../support/gateway-world.ts'

/** Runs no servers: every deployment's home is `home`, a process of its own. */
let world: World
let home: BerthProcess
let everything: Deployment
let slow: Deployment
let secret: string

beforeAll(async () => {
  const server = await startTestServer({ roles: ['api', 'gateway'] })
  home = startHome(server)
  await home.url
  world = await buildWorld(server)
  everything = await launch(world, await addLocal(world, ['everything.mjs']))
  slow = await launch(world, await addLocal(world, ['misbehaving.mjs', 'slow']))
  secret = (await apiToken(world)).secret
})

afterAll(async () => {
  await home?.stop()
  await world?.close()
})

const startHome = ({ database, dataDir }: { database: { url: string }; dataDir: string }) =>
  startBerthProcess({ databaseUrl: database.url, dataDir })

const elsewhere = (deployment: Deployment) => at(world.server, deployment.mcpUrl)

async function opened(deployment: Deployment, capabilities = {}): Promise<TestClient> {
  const client = mcp(elsewhere(deployment), secret)
  await client.open('2025-11-25', capabilities)
  return client
}

describe('a process that is not the home passes on', () => {
  test('calls, progress as it comes, and large bodies; what is too large is refused', async () => {
    const client = await opened(slow)
    const response = await client.post({
      jsonrpc: '2.0',
      id: 'p',
      method: 'tools/call',
      params: {
        name: 'run',
        arguments: { message: 'done', steps: 3, stepMs: 100 },
        _meta: { progressToken: 'mine' },
      },
    })
    const seen: unknown[] = []
    const times: number[] = []
    for await (const { data } of events(response)) {
      if (data === '') continue
      seen.push(JSON.parse(data))
      times.push(performance.now())
    }
    expect(seen.slice(0, 3)).toMatchObject(
      [1, 2, 3].map((progress) => ({ params: { progressToken: 'mine', progress } })),
    )
    expect(seen.at(-1)).toMatchObject({ id: 'p', result: { content: [{ text: 'done' }] } })
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(100)
    const message = 'x'.repeat(3_500_000)
    expect((await client.call('run', { message, steps: 0 })).result.content[0].text).toBe(message)
    const tooLarge = await client.post(
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'y'.repeat(4_300_000)}"}}`,
    )
    expect(tooLarge.status).toBe(413)
  })

  test("the server's questions, on the stream of the call and on that of the session", async () => {
    const client = await opened(everything, { sampling: {}, roots: {} })
    const asked = await client.post({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'test_sampling', arguments: { prompt: 'Hi' } },
    })
    let answer: unknown
    for await (const { data } of events(asked)) {
      const message = data === '' ? {} : JSON.parse(data)
      if (message.method === 'sampling/createMessage') {
        const result = { role: 'assistant', model: 'm', content: { type: 'text', text: 'from the client' } }
        expect((await client.post({ jsonrpc: '2.0', id: message.id, result })).status).toBe(202)
      } else if (message.id === 1) answer = message.result
    }
    expect(answer).toMatchObject({ content: [{ text: 'LLM response: from the client' }] })
    const stream = events(await client.get())
    await client.request('resources/subscribe', { uri: 'test://watched-resource' })
    await client.call('test_touch_resource')
    for await (const { data } of stream) {
      if (data.includes('notifications/resources/updated')) break
    }
  })

  test('cancellations, and clients that go away', async () => {
    const client = await opened(slow)
    const cancelled = client.call('run', { steps: 600, stepMs: 100 }, 'c')
    await sleep(200)
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c' } })
    expect((await cancelled).error.code).toBe(-32800)
    const gone = new AbortController()
    const left = fetch(client.url, {
      method: 'POST',
      signal: gone.signal,
      headers: {
        ...client.headers,
        'mcp-session-id': client.sessionId,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 2,
        method: 'tools/call',
        params: { name: 'run', arguments: { steps: 3 } },
      }),
    }).catch(() => 'left')
    await sleep(20)
    gone.abort()
    expect(await left).toBe('left')
    expect((await client.call('run', { message: 'still here', steps: 0 })).result.content[0].text).toBe(
      'still here',
    )
    const records = await calls(world, { deploymentId: slow.id, tool: 'run', outcome: 'cancelled' }, 1)
    expect(records).toHaveLength(1)
  })

  test('what pages ask: the tools, a call, the log', async () => {
    const { owner, organizationId } = world
    const params = { organizationId, deploymentId: slow.id }
    const { tools } = await owner.client.call(api.deployments.tools, { params })
    expect(tools.map(({ name }) => name)).toEqual(['run'])
    const body = { tool: 'run', arguments: { message: 'page', steps: 0 } }
    const { callId, result } = await owner.client.call(api.deployments.call, { params, body })
    expect(result).toMatchObject({ content: [{ text: 'page' }] })
    const records = await calls(
      world,
      { deploymentId: slow.id, principalId: owner.userId, tool: 'run', outcome: 'ok' },
      1,
    )
    await eventually('its record', async () => {
      const all = await calls(world, { deploymentId: slow.id, tool: 'run', outcome: 'ok' }, records.length)
      return all.find(({ id, sessionId }) => id === callId && sessionId === null)
    })
  })

  test('callers whose tokens name very many tools', async () => {
    const allowedTools = [
      'echo',
      ...Array.from({ length: 400 }, (_, n) => `some_tool_with_a_rather_long_name_${n}`),
    ]
    const many = await apiToken(world, { allowedTools })
    const client = mcp(elsewhere(everything), many.secret)
    await client.open()
    const { result } = await client.request('tools/list')
    expect(result.tools.map(({ name }: { name: string }) => name)).toEqual(['echo'])
  })
})

/** A session with a call under way and an open stream. */
async function midCall(client: TestClient) {
  const streamed = (await client.get()).text().then(
    () => 'over',
    () => 'over',
  )
  const response = client.post({
    jsonrpc: '2.0',
    id: 'cut',
    method: 'tools/call',
    params: { name: 'run', arguments: { message: 'cut', steps: 600, stepMs: 100 } },
  })
  await sleep(200)
  return { streamed, response }
}

describe('when the home ends, sessions go on under their ids in the next one', () => {
  async function again(client: TestClient): Promise<void> {
    await eventually('the session goes on', async () => {
      const answer = await client.call('run', { message: 'on', steps: 0 }).catch(() => null)
      return answer?.result ?? null
    })
    const agent = await serviceToken(world, world.workspace.id)
    const stranger = mcp(client.url, agent.secret)
    stranger.sessionId = client.sessionId
    expect((await stranger.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
  }

  test('after a kill: the call under way is told at once, and recorded as lost, once', async () => {
    const client = await opened(slow)
    const idle = await opened(slow)
    const { streamed, response } = await midCall(client)
    const { owner, organizationId } = world
    const page = owner.client.call(api.deployments.call, {
      params: { organizationId, deploymentId: slow.id },
      body: { tool: 'run', arguments: { steps: 600, stepMs: 100 } },
    })
    await sleep(100)
    await home.kill()
    const cut = await response
    expect(cut.status).toBe(502)
    expect(await replyOf(cut)).toMatchObject({ id: 'cut', error: { code: -32001 } })
    expect(await streamed).toBe('over')
    const { callId, error } = await page
    expect(error).toMatchObject({ code: -32001 })
    const refused = await client.post({ jsonrpc: '2.0', id: 2, method: 'ping' })
    expect([502, 503]).toContain(refused.status)
    home = startHome(world.server)
    await home.url
    await again(client)
    await again(idle)
    const lost = await calls(world, { deploymentId: slow.id, tool: 'run', outcome: 'lost' }, 2)
    expect(lost).toHaveLength(2)
    for (const one of lost) expect(one).toMatchObject({ method: 'tools/call', errorCode: -32001 })
    expect(lost.filter(({ id, sessionId }) => id === callId && sessionId === null)).toHaveLength(1)
  })

  test('after an orderly stop', async () => {
    const client = await opened(slow)
    const { streamed, response } = await midCall(client)
    await home.stop()
    const cut = await replyOf(await response)
    expect(cut).toMatchObject({ id: 'cut', error: { code: -32001 } })
    expect(await streamed).toBe('over')
    home = startHome(world.server)
    await home.url
    await running(world, slow.id)
    await again(client)
  })
})

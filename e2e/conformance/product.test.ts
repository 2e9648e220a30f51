/** The shipped gateway in front of a sandboxed stdio server, against independent clients. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deployment } from '@berth/contracts'
import {
  addLocal,
  apiToken,
  deploymentOf,
  launch,
  mcp,
  replyOf,
  startWorld,
  type World,
} from '../support/gateway-world.ts'
import { describeOfficialPrograms } from './official.ts'

let world: World
let deployment: Deployment
let url: string
let token: string

beforeAll(async () => {
  world = await startWorld()
  deployment = await launch(world, await addLocal(world, ['everything.mjs']))
  url = deployment.mcpUrl
  token = (await apiToken(world)).secret
})

afterAll(() => world?.close())

describeOfficialPrograms(() => ({ url, token }))

test('all of that was answered from the sandbox, and left the deployment as it was', async () => {
  expect(deployment.enforcement?.sandbox).toBe('bubblewrap')
  expect(await deploymentOf(world, deployment.id)).toMatchObject({ phase: 'running', hold: null })
})

describe('protocol versions', () => {
  test.each(['2025-03-26', '2025-06-18', '2025-11-25'])('%s is spoken as it is', async (version) => {
    const client = mcp(url, token, version === '2025-03-26' ? {} : { 'mcp-protocol-version': version })
    expect((await client.open(version)).protocolVersion).toBe(version)
    expect((await client.call('echo', { message: version })).result.content[0].text).toBe(version)
    const stream = await client.get()
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    await stream.body?.cancel()
    expect(
      (
        await fetch(url, {
          method: 'DELETE',
          headers: { ...client.headers, 'mcp-session-id': client.sessionId },
        })
      ).status,
    ).toBe(204)
  })

  test('a client of 2026-07-28 hears what is supported', async () => {
    const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' }
    const response = await mcp(url, token, modern).post({
      jsonrpc: '2.0',
      id: 1,
      method: 'server/discover',
      params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
    })
    expect(response.status).toBe(400)
    expect(await replyOf(response)).toMatchObject({
      id: 1,
      error: { code: -32022, data: { supported: ['2025-03-26', '2025-06-18', '2025-11-25'] } },
    })
  })
})

/** The shipped gateway in front of a sandboxed stdio server, against independent clients. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deployment } from '@berth/contracts'
import {
  addLocal,
  apiToken,
  bearer,
  deploymentOf,
  launch,
  mcp,
  replyOf,
  startWorld,
  type World,
} from '../support/gateway-world.ts'
import { runConformance, runInspector } from './conformance.ts'

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

describe('the official conformance suite', () => {
  test('passes in every active server scenario, through the gateway, with a bearer token', async () => {
    expect(deployment.enforcement?.sandbox).toBe('bubblewrap')
    const result = await runConformance({ url, token })
    expect(result.scenarios.filter(({ failed }) => failed > 0)).toEqual([])
    expect(result.scenarios.length).toBe(30)
    expect(result.passed).toBeGreaterThanOrEqual(39)
    expect([result.failed, result.exitCode]).toEqual([0, 0])
    expect(await deploymentOf(world, deployment.id)).toMatchObject({ phase: 'running', hold: null })
  })
})

describe('the official inspector', () => {
  test('lists and calls tools', async () => {
    const { tools } = (await runInspector({ url, token, method: 'tools/list' })) as {
      tools: { name: string }[]
    }
    expect(tools.map(({ name }) => name)).toContain('test_simple_text')
    const args = ['--tool-name', 'echo', '--tool-arg', 'message=hi']
    expect(await runInspector({ url, token, method: 'tools/call', args })).toEqual({
      content: [{ type: 'text', text: 'hi' }],
    })
  })

  test('is refused with a wrong token', async () => {
    await expect(runInspector({ url, token: 'wrong', method: 'tools/list' })).rejects.toThrow('ended with')
  })
})

describe('the official clients', () => {
  test.each([undefined, { mode: 'auto' as const }])(
    '2.x, version negotiation %o: land in the legacy era',
    async (mode) => {
      const client = new Client({ name: 't', version: '1' }, mode ? { versionNegotiation: mode } : {})
      await client.connect(
        new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: bearer(token) } }),
      )
      expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25')
      const progress: number[] = []
      const result = await client.callTool(
        { name: 'test_tool_with_progress', arguments: {} },
        { onprogress: (value) => void progress.push(value.progress) },
      )
      expect(result.content).toEqual([{ type: 'text', text: 'Tool with progress executed successfully' }])
      expect(progress).toEqual([0, 50, 100])
      await client.close()
    },
  )

  test('1.x, which ends its session on the wire', async () => {
    const client = new LegacyClient({ name: 't', version: '1' })
    const transport = new LegacyTransport(new URL(url), { requestInit: { headers: bearer(token) } })
    await client.connect(transport)
    const { content } = await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
    expect(content).toEqual([{ type: 'text', text: 'hi' }])
    const former = transport.sessionId!
    await transport.terminateSession()
    const again = mcp(url, token)
    again.sessionId = former
    expect((await again.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
    await client.close()
  })
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

/** The relay on its own, behind a bare HTTP server that demands a bearer, against independent clients. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBench } from '@berth/server/relay/test-kit.ts'
import type { Bench } from '@berth/server/relay/test-kit.ts'
import { runConformance, runInspector } from './conformance.ts'

const token = 'sesame'
let bench: Bench
let server: Server
let url: string

beforeAll(async () => {
  bench = await startBench({ fixture: 'everything.mjs' })
  server = createServer((req: IncomingMessage, res) => {
    if (req.headers.authorization === `Bearer ${token}`)
      bench.endpoint.handle(req, res, { principal: 'p', scope: 's' })
    else res.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await bench.close()
})

describe('the official conformance suite', () => {
  it('passes in every active server scenario, with a bearer token', async () => {
    const result = await runConformance({ url, token })
    expect(result.scenarios.filter(({ failed }) => failed > 0)).toEqual([])
    expect(result.scenarios.length).toBeGreaterThanOrEqual(30)
    expect(result.passed).toBeGreaterThanOrEqual(39)
    expect([result.failed, result.exitCode]).toEqual([0, 0])
  })

  it('fails without the token: the runner sees refusals', async () => {
    const result = await runConformance({ url })
    expect(result.exitCode).toBe(1)
    expect(result.scenarios.find(({ name }) => name === 'tools-list')?.failed).toBe(1)
  })
})

describe('the official inspector', () => {
  it('lists and calls tools', async () => {
    const { tools } = (await runInspector({ url, token, method: 'tools/list' })) as {
      tools: { name: string }[]
    }
    expect(tools.map(({ name }) => name)).toContain('test_simple_text')
    const args = ['--tool-name', 'echo', '--tool-arg', 'message=hi']
    expect(await runInspector({ url, token, method: 'tools/call', args })).toEqual({
      content: [{ type: 'text', text: 'hi' }],
    })
  })

  it('is refused with a wrong token', async () => {
    await expect(runInspector({ url, token: 'wrong', method: 'tools/list' })).rejects.toThrow('ended with')
  })
})

const requestInit = { headers: { authorization: `Bearer ${token}` } }

describe('the official clients', () => {
  it.each([undefined, { mode: 'auto' as const }])(
    '2.x, version negotiation %o: land in the legacy era',
    async (mode) => {
      const client = new Client({ name: 't', version: '1' }, mode ? { versionNegotiation: mode } : {})
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
      expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25')
      const { tools } = await client.listTools()
      expect(tools.length).toBeGreaterThan(10)
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

  it('1.x, with its session ended on the wire', async () => {
    const client = new LegacyClient({ name: 't', version: '1' })
    const transport = new LegacyTransport(new URL(url), { requestInit })
    await client.connect(transport)
    const { content } = await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
    expect(content).toEqual([{ type: 'text', text: 'hi' }])
    const open = bench.endpoint.sessions().length
    await transport.terminateSession()
    expect(bench.endpoint.sessions()).toHaveLength(open - 1)
    await client.close()
  })
})

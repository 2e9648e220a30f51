/** What the official suite, inspector and clients are to find at an MCP endpoint that demands a token. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { describe, expect, test } from 'vitest'
import { bearer, mcp } from '../support/gateway-world.ts'
import { runConformance, runInspector } from './conformance.ts'

/** Declares the tests; `endpoint` is asked once they run. */
export function describeOfficialPrograms(endpoint: () => { url: string; token: string }): void {
  describe('the official conformance suite', () => {
    test('passes in every active server scenario, with a bearer token', async () => {
      const result = await runConformance(endpoint())
      expect(result.scenarios.filter(({ failed }) => failed > 0)).toEqual([])
      expect(result.scenarios.length).toBe(30)
      expect(result.passed).toBeGreaterThanOrEqual(39)
      expect([result.failed, result.exitCode]).toEqual([0, 0])
    })

    test('fails without the token: the runner sees refusals', async () => {
      const result = await runConformance({ url: endpoint().url })
      expect(result.exitCode).toBe(1)
      expect(result.scenarios.find(({ name }) => name === 'tools-list')?.failed).toBe(1)
    })
  })

  describe('the official inspector', () => {
    test('lists and calls tools', async () => {
      const { tools } = (await runInspector({ ...endpoint(), method: 'tools/list' })) as {
        tools: { name: string }[]
      }
      expect(tools.map(({ name }) => name)).toContain('test_simple_text')
      const args = ['--tool-name', 'echo', '--tool-arg', 'message=hi']
      expect(await runInspector({ ...endpoint(), method: 'tools/call', args })).toEqual({
        content: [{ type: 'text', text: 'hi' }],
      })
    })

    test('is refused with a wrong token', async () => {
      const wrong = { ...endpoint(), token: 'wrong' }
      await expect(runInspector({ ...wrong, method: 'tools/list' })).rejects.toThrow('ended with')
    })
  })

  describe('the official clients', () => {
    test.each([undefined, { mode: 'auto' as const }])(
      '2.x, version negotiation %o: land in the legacy era',
      async (mode) => {
        const { url, token } = endpoint()
        const client = new Client({ name: 't', version: '1' }, mode ? { versionNegotiation: mode } : {})
        const requestInit = { headers: bearer(token) }
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

    test('1.x, which ends its session on the wire', async () => {
      const { url, token } = endpoint()
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
}

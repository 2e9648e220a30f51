import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestServer } from '../platform/testing/index.ts'
import { TestClient } from '../relay/test-kit.ts'

const folder = path.join(import.meta.dirname, '../../../e2e/fixtures/mcp')
const waiting = { timeout: 60_000, interval: 50 }

describe('a gateway process that is not the home of a deployment', () => {
  let home: TestServer
  let other: TestServer
  let mcpUrl: string
  let secret: string

  beforeAll(async () => {
    home = await startTestServer()
    other = await startTestServer({ beside: home, roles: ['gateway'] })
    const { client } = await signUp(home)
    const { id: organizationId } = await client.call(api.organizations.create, { body: { name: 'Acme' } })
    const params = { organizationId }
    const { id: workspaceId } = await client.call(api.workspaces.create, {
      params,
      body: { name: 'Tools', tier: 'community' },
    })
    const artifact = { kind: 'local' as const, path: folder, command: ['node', 'echo.mjs'] }
    const { id: releaseId, server } = await client.call(api.catalog.add, { body: { name: 'echo', artifact } })
    await vi.waitFor(async () => {
      const release = await client.call(api.catalog.getRelease, { params: { releaseId } })
      if (release.observation !== 'observed') throw new Error(release.observation)
    }, waiting)
    const launched = await client.call(api.deployments.launch, { params, body: { workspaceId, server } })
    await vi.waitFor(async () => {
      const one = { ...params, deploymentId: launched.id }
      const { phase } = await client.call(api.deployments.get, { params: one })
      if (phase !== 'running') throw new Error(phase)
    }, waiting)
    mcpUrl = launched.mcpUrl
    const token = { params: { ...params, workspaceId }, body: { name: 'agent' } }
    secret = (await client.call(api.tokens.createService, token)).secret
  })
  afterAll(async () => {
    await other?.close()
    await home?.close()
  })

  it('passes sessions and calls on to the home', async () => {
    const client = new TestClient(other.url + new URL(mcpUrl).pathname, { authorization: `Bearer ${secret}` })
    await client.open()
    const { result } = await client.call('echo', { message: 'hello' })
    expect(result.content).toEqual([{ type: 'text', text: 'hello' }])
  })

  it('refuses a foreign Host and a foreign Origin itself', async () => {
    const { pathname } = new URL(mcpUrl)
    const headers = { authorization: `Bearer ${secret}`, origin: 'https://elsewhere.example' }
    const response = await fetch(other.url + pathname, { method: 'POST', headers, body: '{}' })
    expect(response.status).toBe(403)
  })
})

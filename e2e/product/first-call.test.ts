import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, type Deployment } from '@berth/contracts'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '@berth/server/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'

let server: TestServer
let person: TestPerson
let organizationId: string
let workspaceId: string

beforeAll(async () => {
  server = await startTestServer()
  person = await signUp(server)
  const organization = await person.client.call(api.organizations.create, { body: { name: 'Acme' } })
  organizationId = organization.id
  const workspace = await person.client.call(api.workspaces.create, {
    params: { organizationId },
    body: { name: 'Main' },
  })
  workspaceId = workspace.id
})

afterAll(() => server?.close())

async function launch(name: string): Promise<Deployment> {
  const { id } = await person.client.call(api.deployments.launch, {
    params: { organizationId },
    body: { workspaceId, server: name },
  })
  return await eventually(`${name} runs`, async () => {
    const deployment = await person.client.call(api.deployments.get, {
      params: { organizationId, deploymentId: id },
    })
    if (deployment.hold || deployment.phase === 'failed')
      throw new Error(`${deployment.hold} ${deployment.reason}`)
    return deployment.phase === 'running' ? deployment : null
  })
}

test('a real server from npm is launched in a sandbox and a real client calls it; all of it is attributable', async () => {
  const deployment = await launch('reference/everything')
  expect(deployment.health).toBe('healthy')
  expect(deployment.enforcement?.sandbox).toBe('bubblewrap')
  expect(deployment.tools).toBeGreaterThan(5)

  const token = await person.client.call(api.tokens.createMine, {
    body: { name: 'agent', scopes: ['tools:call'] },
  })
  const client = new Client({ name: 'test', version: '1' })
  const transport = new StreamableHTTPClientTransport(new URL(deployment.mcpUrl), {
    requestInit: { headers: { authorization: `Bearer ${token.secret}` } },
  })
  await client.connect(transport)
  const answer = await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
  expect(JSON.stringify(answer.content)).toContain('hello')
  await client.close()

  const calls = await eventually('the call is recorded', async () => {
    const { items } = await person.client.call(api.calls.list, {
      params: { organizationId },
      query: { deploymentId: deployment.id, tool: 'echo' },
    })
    return items.length > 0 ? items : null
  })
  expect(calls[0]).toMatchObject({ outcome: 'ok', principalId: person.userId, tokenId: token.id })
  const { items: decisions } = await person.client.call(api.policy.list, {
    params: { organizationId },
    query: { deploymentId: deployment.id },
  })
  expect(decisions.every((decision) => decision.allowed)).toBe(true)
  expect(calls[0]!.decisionId).toBe(decisions[0]!.id)
  const { items: events } = await person.client.call(api.audit.list, {
    params: { organizationId },
    query: { deploymentId: deployment.id },
  })
  expect(events.map((event) => event.type)).toContain('deployment.changed')
})

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CallRecord, LogEvent, Me, Onboarding } from '@berth/contracts'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { fixtures, Mcpctl, signedIn } from './support.ts'

interface Quickstart {
  organizationId: string
  workspaceId: string
  deploymentId: string
  mcpUrl: string
  token: string
  tools: string[]
  decisionId: string
  auditSeq: number
}

const keys = [
  'organizationId',
  'workspaceId',
  'deploymentId',
  'mcpUrl',
  'token',
  'tools',
  'decisionId',
  'auditSeq',
] as const

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let cli: Mcpctl
let first: Quickstart
let password: string

beforeAll(async () => {
  server = await startTestServer()
  cli = new Mcpctl(server.url)
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

describe('quickstart', () => {
  it('goes from nothing to an answered call of the reference server', async () => {
    const { code, stdout, stderr } = await cli.run(['quickstart', '--json'])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    first = JSON.parse(stdout) as Quickstart
    expect(Object.keys(first)).toEqual(keys)
    expect(first.mcpUrl).toBe(`${server.url}/mcp/quickstart/quickstart/everything`)
    expect(first.tools).toContain('echo')
    password = /password {2}(\S{20})/.exec(stderr)![1]!
    expect(stdout).not.toMatch(/password/)
  })

  it('gives a password that signs in, and a token that is good for the tools alone', async () => {
    const other = await signedIn(server.url, { email: 'operator@berth.local', password })
    const me = await other.json<{ platformRoles: string[] }>('whoami')
    expect(me.platformRoles).toContain('operator')
    await other.close()
    const args = ['deployments', 'list', '--org', first.organizationId]
    const { code, stderr } = await cli.run(args, { env: { BERTH_TOKEN: first.token } })
    expect(code).toBe(1)
    expect(stderr).toContain('code: forbidden')
  })

  it('is the first server that answered a call, among the first steps', async () => {
    const step = await eventually('the call is counted', async () => {
      const { steps } = await cli.json<Onboarding>('onboarding', 'status', '--org', first.organizationId)
      return steps[4].answered ? steps[4] : null
    })
    expect(step).toMatchObject({ state: 'done', deployment: { id: first.deploymentId, phase: 'running' } })
  })

  it('leaves the decision, the call and the event where it says', async () => {
    const org = ['--org', first.organizationId]
    expect(await cli.json('deployments', 'show', 'quickstart/everything')).toMatchObject({
      id: first.deploymentId,
    })
    const decision = await cli.json('policy', 'explain', first.decisionId, ...org)
    expect(decision).toMatchObject({ id: first.decisionId, allowed: true, deploymentId: first.deploymentId })
    const calls = await cli.json<{ items: CallRecord[] }>('deployments', 'calls', first.deploymentId, ...org)
    expect(calls.items).toContainEqual(
      expect.objectContaining({
        method: 'tools/call',
        tool: 'echo',
        outcome: 'ok',
        decisionId: first.decisionId,
      }),
    )
    const events = await cli.json<{ items: LogEvent[] }>('audit', 'list', '--type', 'decision.made', ...org)
    const event = events.items.find((one) => one.seq === first.auditSeq)
    expect(event?.payload['decisionId']).toBe(first.decisionId)
  })

  it('used again finds everything there, and answers again', async () => {
    const again = await cli.json<Quickstart>('quickstart')
    const same = ['organizationId', 'workspaceId', 'deploymentId', 'mcpUrl', 'tools'] as const
    for (const key of same) expect(again[key]).toEqual(first[key])
    expect(again.token).not.toBe(first.token)
    const { items } = await cli.json<{ items: unknown[] }>(
      'deployments',
      'list',
      '--org',
      first.organizationId,
    )
    expect(items).toHaveLength(1)
  })

  it('starts again what was stopped, and says in words where everything is', async () => {
    await cli.text('deployments', 'stop', first.deploymentId, '--org', first.organizationId)
    const { code, stdout, stderr } = await cli.run(['quickstart'])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toContain('Echo: Hello from behind Berth')
    for (const title of ['MCP URL', 'token', 'decision', 'audit event', 'console'])
      expect(stdout).toContain(title)
    expect(stderr).toContain('mcpctl policy explain')
  })

  it('launches another server when one is named', async () => {
    await cli.run(['catalog', 'add', '--local', fixtures, '--name', 'echo', '--', 'node', 'echo.mjs'])
    const { items } = await cli.json<{ items: { name: string }[] }>('catalog', 'list', 'echo')
    const other = items.find((one) => one.name.endsWith('/echo'))!
    const answer = await cli.json<Quickstart>('quickstart', '--server', other.name)
    expect(answer.tools).toEqual(['echo'])
    expect(answer.workspaceId).toBe(first.workspaceId)
  })

  it('works in the one organization that somebody owns, and makes no other', async () => {
    const owner = await signedIn(server.url, await signUp(server))
    const { id } = await owner.json<{ id: string }>('orgs', 'create', 'Foundry')
    expect(await owner.json('quickstart')).toMatchObject({ organizationId: id })
    expect((await owner.json<Me>('whoami')).organizations).toHaveLength(1)
    await owner.close()
  })

  it('is 1 for a server that the catalog does not have, 2 for what is no name', async () => {
    expect((await cli.run(['quickstart', '--server', 'reference/nothing'])).code).toBe(1)
    expect((await cli.run(['quickstart', '--server', 'nothing'])).code).toBe(2)
  })

  it('is 3 for somebody without a login where there is an operator', async () => {
    const stranger = new Mcpctl(server.url)
    const { code, stdout, stderr } = await stranger.run(['quickstart', '--json'])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('mcpctl login')
    await stranger.close()
  })
})

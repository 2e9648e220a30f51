/** What servers show to clients that can be asked back, and what they show late, is looked at and not mistaken for drift. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, type Deployment } from '@berth/contracts'
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
import { eventually } from '../support/eventually.ts'

let world: World
let token: string

beforeAll(async () => {
  world = await startWorld({ runtime: { timings: { maxProcesses: 6 } } })
  token = (await apiToken(world)).secret
})

afterAll(() => world?.close())

const clients: Record<string, object> = {
  'nothing to offer': {},
  sampling: { sampling: {} },
  elicitation: { elicitation: { form: {}, url: {} } },
  'sampling and roots': { sampling: {}, roots: { listChanged: true } },
  everything: { sampling: { tools: {} }, elicitation: {}, roots: { listChanged: true } },
}

async function toolsOf(deployment: Deployment, capabilities: object, waitMs: number): Promise<string[]> {
  const client = mcp(deployment.mcpUrl, token)
  await client.open('2025-11-25', capabilities)
  const first = await client.request('tools/list')
  if (first.error) throw new Error(JSON.stringify(first.error))
  await sleep(waitMs)
  const { result, error } = await client.request('tools/list')
  if (error) throw new Error(JSON.stringify(error))
  await fetch(deployment.mcpUrl, {
    method: 'DELETE',
    headers: { ...client.headers, 'mcp-session-id': client.sessionId },
  })
  return (result.tools as { name: string }[]).map(({ name }) => name)
}

/** Every kind of client, one after the other and all at once: no session is refused and the deployment goes on. */
async function visit(deployment: Deployment, waitMs: number): Promise<Record<string, string[]>> {
  const kinds = Object.entries(clients)
  const seen: Record<string, string[]> = {}
  for (const [kind, capabilities] of kinds) seen[kind] = await toolsOf(deployment, capabilities, waitMs)
  const again = await Promise.all(
    kinds.map(
      async ([kind, capabilities]) => [kind, await toolsOf(deployment, capabilities, waitMs)] as const,
    ),
  )
  expect(Object.fromEntries(again)).toEqual(seen)
  expect(await deploymentOf(world, deployment.id)).toMatchObject({ phase: 'running', hold: null })
  return seen
}

test('the official everything server shows each kind of client its tools', async () => {
  const seen = await visit(await launch(world, 'reference/everything'), 500)
  expect(seen['everything']!.length).toBeGreaterThan(seen['nothing to offer']!.length)
  expect(seen['everything']).toEqual(expect.arrayContaining(seen['nothing to offer']!))
})

test('tools that come late, or only for some clients, hold nothing', async () => {
  const deployment = await launch(world, await addLocal(world, ['unfolding.mjs']))
  expect(deployment.tools).toBe(3)
  const seen = await visit(deployment, 400)
  expect(seen['nothing to offer']).toEqual(['always', 'rewrite', 'late'])
  expect(seen['everything']).toEqual(['always', 'rewrite', 'sample', 'late', 'elicit', 'roots'])
  const after = await deploymentOf(world, deployment.id)
  expect(after).toMatchObject({ surfaceHash: deployment.surfaceHash, tools: deployment.tools })
})

test('what a server rewrites for a client that can be asked back is held, with the difference', async () => {
  const deployment = await launch(world, await addLocal(world, ['unfolding.mjs', '50']))
  const client = mcp(deployment.mcpUrl, token)
  await client.open('2025-11-25', clients['everything'])
  expect((await client.call('always')).result).toBeDefined()
  await client.call('rewrite').catch(() => null)
  const params = { organizationId: world.organizationId, deploymentId: deployment.id }
  const held = await eventually('it is held', async () => {
    const now = await deploymentOf(world, deployment.id)
    return now.hold ? now : null
  })
  expect(held.hold).toBe('pending-remediation')
  const { differences } = await world.owner.client.call(api.deployments.surface, { params })
  expect(differences).toMatchObject([{ name: 'always', change: 'changed' }])
  const refused = await client.post({
    jsonrpc: '2.0',
    id: 9,
    method: 'tools/call',
    params: { name: 'always' },
  })
  expect(refused.status).toBe(403)
  const { decisionId, holdNotes: notes } = held
  expect(notes).toContain('trust:drift:1')
  expect((await replyOf(refused)).error).toMatchObject({ data: { decisionId, notes } })
})

test('a client that never ends its sessions keeps nobody out: the quietest process makes room and comes back', async () => {
  const deployment = await launch(world, await addLocal(world, ['everything.mjs']))
  const sessions = []
  for (let made = 0; made < 12; made++) {
    const client = mcp(deployment.mcpUrl, token)
    await client.open('2025-11-25', { roots: {} })
    expect((await client.call('echo', { message: `${made}` })).result.content[0].text).toBe(`${made}`)
    sessions.push(client)
  }
  for (const client of sessions) expect((await client.call('echo', { message: 'back' })).result).toBeDefined()
  const { db } = world.server.berth.platform
  const query = db.selectFrom('instances').select('id').where('deploymentId', '=', deployment.id)
  expect((await query.where('state', '<>', 'gone').execute()).length).toBeLessThanOrEqual(6)
})

/** Who may call what through the gateway, and what happens to open sessions when that changes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type Deployment } from '@berth/contracts'
import { signUp } from '@berth/server/platform/testing/index.ts'
import type { TestClient } from '@berth/server/relay/test-kit.ts'
import { eventually } from '../support/eventually.ts'
import {
  addLocal,
  apiToken,
  calls,
  command,
  createWorkspace,
  deploymentOf,
  launch,
  mcp,
  replyOf,
  running,
  serviceToken,
  startWorld,
  type World,
} from '../support/gateway-world.ts'

let world: World
let slow: string
let deployment: Deployment
let everything: Deployment

beforeAll(async () => {
  world = await startWorld()
  slow = await addLocal(world, ['misbehaving.mjs', 'slow'])
  deployment = await launch(world, slow)
  everything = await launch(world, await addLocal(world, ['everything.mjs']))
})

afterAll(() => world?.close())

const ping = { jsonrpc: '2.0', id: 7, method: 'ping' }

/** Status, challenge and reply of a first request with a token. */
async function firstRequest(url: string, secret: string | null, tool = 'echo') {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: tool } })
  const response = await fetch(url, { method: 'POST', headers, body })
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    ...(await replyOf(response)),
  }
}

describe('a caller', () => {
  test('without a token, or with one that does not hold, gets 401 and is told how to come in', async () => {
    const url = everything.mcpUrl
    expect(await firstRequest(url, null)).toMatchObject({ status: 401, challenge: 'Bearer' })
    expect(await firstRequest(`${url}x`, null)).toMatchObject({ status: 401 })
    const invalid = { status: 401, challenge: 'Bearer error="invalid_token"' }
    expect(await firstRequest(url, 'brt_nonsense')).toMatchObject(invalid)
    const expired = await apiToken(world)
    expect((await mcp(url, expired.secret).open()).serverInfo.name).toBe('berth-everything')
    const { db } = world.server.berth.platform
    const over = new Date(Date.now() - 1000)
    await db.updateTable('tokens').set({ expiresAt: over }).where('id', '=', expired.id).execute()
    await eventually('the expired token is refused', async () => {
      const { status } = await firstRequest(url, expired.secret)
      return status === 401 ? true : null
    })
  })

  test('of another organization, or of another workspace, finds nothing', async () => {
    const stranger = await signUp(world.server)
    await stranger.client.call(api.organizations.create, { body: { name: 'Other' } })
    const foreign = await apiToken(world, {}, stranger)
    expect(await firstRequest(everything.mcpUrl, foreign.secret)).toMatchObject({ status: 404 })
    const neighbour = await createWorkspace(world)
    const agent = await serviceToken(world, neighbour.id)
    expect(await firstRequest(everything.mcpUrl, agent.secret)).toMatchObject({ status: 404 })
    const own = await serviceToken(world, world.workspace.id)
    expect((await mcp(everything.mcpUrl, own.secret).open()).serverInfo.name).toBe('berth-everything')
  })

  test('whose token lacks the scope, or is for other deployments, gets 403; both are recorded', async () => {
    const reader = await apiToken(world, { scopes: ['deployments:read'] })
    expect(await firstRequest(everything.mcpUrl, reader.secret, 'unscoped')).toMatchObject({
      status: 403,
      id: 7,
      challenge: 'Bearer error="insufficient_scope", scope="tools:call"',
      error: { message: expect.stringContaining('tools:call') },
    })
    const elsewhere = await apiToken(world, { allowedDeployments: [deployment.id] })
    expect(await firstRequest(everything.mcpUrl, elsewhere.secret, 'unscoped')).toMatchObject({ status: 403 })
    expect((await mcp(deployment.mcpUrl, elsewhere.secret).open()).serverInfo.name).toBe('berth-slow')
    const records = await calls(world, { tool: 'unscoped' }, 2)
    expect(records.map(({ outcome, tokenId }) => [outcome, tokenId])).toEqual([
      ['refused', reader.id],
      ['refused', elsewhere.id],
    ])
  })

  test('whose token names tools sees and calls only these', async () => {
    const limited = await apiToken(world, { allowedTools: ['echo', 'test_simple_text'] })
    const client = mcp(everything.mcpUrl, limited.secret)
    await client.open()
    const { result } = await client.request('tools/list')
    expect(result.tools.map((tool: { name: string }) => tool.name).toSorted()).toEqual([
      'echo',
      'test_simple_text',
    ])
    expect((await client.call('echo', { message: 'hi' })).result.content[0].text).toBe('hi')
    expect((await client.call('test_image_content')).error.message).toContain('not allowed for this token')
    const [record] = await calls(world, { tool: 'test_image_content', outcome: 'refused' }, 1)
    expect(record).toMatchObject({ tokenId: limited.id, sessionId: client.sessionId })
  })

  test('may use old names: of the organization, of the workspace, of the deployment', async () => {
    const { owner, organizationId, organizationSlug } = world
    const params = { organizationId }
    const workspace = await createWorkspace(world)
    const named = await launch(world, slow, { workspaceId: workspace.id, name: 'first-name' })
    const { secret } = await apiToken(world)
    const { settingsVersion } = await deploymentOf(world, named.id)
    await owner.client.call(api.deployments.update, {
      params: { organizationId, deploymentId: named.id },
      body: { name: 'second-name', expectedVersion: settingsVersion },
    })
    await owner.client.call(api.organizations.update, { params, body: { slug: `${organizationSlug}-new` } })
    const key = `${workspace.key}-new`
    await owner.client.call(api.workspaces.update, {
      params: { organizationId, workspaceId: workspace.id },
      body: { key },
    })
    await running(world, named.id)
    const organizations = [organizationSlug, `${organizationSlug}-new`]
    const urls = organizations.flatMap((organization) =>
      [workspace.key, key].flatMap((place) =>
        ['first-name', 'second-name'].map(
          (name) => `${world.server.url}/mcp/${organization}/${place}/${name}`,
        ),
      ),
    )
    for (const url of urls) expect((await mcp(url, secret).open()).serverInfo.name).toBe('berth-slow')
    expect((await deploymentOf(world, named.id)).mcpUrl).toBe(urls.at(-1))
    const nowhere = `${world.server.url}/mcp/${organizationSlug}/${workspace.key}/third-name`
    expect(await firstRequest(nowhere, secret)).toMatchObject({ status: 404 })
  })

  test('cannot use the session of somebody else', async () => {
    const mine = mcp(everything.mcpUrl, (await apiToken(world)).secret)
    await mine.open()
    const agent = await serviceToken(world, world.workspace.id)
    const theirs = mcp(everything.mcpUrl, agent.secret)
    theirs.sessionId = mine.sessionId
    expect((await theirs.post(ping)).status).toBe(404)
    expect((await mine.post(ping)).status).toBe(200)
  })
})

/** A call that takes long, the stream of its session, and how both end. */
async function busy(client: TestClient, url = client.url) {
  await client.open()
  const stream = await fetch(url, {
    headers: { accept: 'text/event-stream', 'mcp-session-id': client.sessionId, ...client.headers },
  })
  expect(stream.status).toBe(200)
  const streamed = stream.text().then(
    () => 'ended',
    () => 'broken',
  )
  const answered = client.call('run', { steps: 600, stepMs: 100 })
  await sleep(200)
  return { answered, streamed }
}

describe('an open session', () => {
  test('ends when its token is revoked: the call in flight is told, the stream ends', async () => {
    const token = await apiToken(world)
    const client = mcp(deployment.mcpUrl, token.secret)
    const { answered, streamed } = await busy(client)
    await world.owner.client.call(api.tokens.revokeMine, { params: { tokenId: token.id } })
    expect((await answered).error.message).toBe('The token was revoked.')
    expect(await streamed).toBe('ended')
    expect((await client.post(ping)).status).toBe(401)
    const [record] = await calls(world, { tool: 'run', outcome: 'lost' }, 1)
    expect(record).toMatchObject({ tokenId: token.id, sessionId: client.sessionId })
  })

  test('ends with any token that used it; its owner connects again with another', async () => {
    const [opener, borrower] = [await apiToken(world), await apiToken(world)]
    const client = mcp(deployment.mcpUrl, opener.secret)
    await client.open()
    const other = mcp(deployment.mcpUrl, borrower.secret)
    other.sessionId = client.sessionId
    const stream = await other.get()
    expect(stream.status).toBe(200)
    await world.owner.client.call(api.tokens.revokeMine, { params: { tokenId: borrower.id } })
    expect(await stream.text().then(() => 'ended')).toBe('ended')
    expect((await client.post(ping)).status).toBe(404)
    await client.open()
    expect((await client.post(ping)).status).toBe(200)
  })

  test('ends when its person leaves the organization', async () => {
    const { owner, organizationId } = world
    const person = await signUp(world.server)
    const { id: memberId } = await owner.client.call(api.organizations.addMember, {
      params: { organizationId },
      body: { email: person.email, role: 'developer' },
    })
    const client = mcp(deployment.mcpUrl, (await apiToken(world, {}, person)).secret)
    const { answered, streamed } = await busy(client)
    await owner.client.call(api.organizations.removeMember, { params: { organizationId, memberId } })
    expect((await answered).error.message).toBe('You are no longer a member here.')
    expect(await streamed).toBe('ended')
    expect((await client.post(ping)).status).toBe(404)
  })

  test.each(['disabled', 'deleted'] as const)('ends when the account of its person is %s', async (how) => {
    const { owner, organizationId } = world
    const person = await signUp(world.server)
    const body = { email: person.email, role: 'developer' as const }
    await owner.client.call(api.organizations.addMember, { params: { organizationId }, body })
    const clients = [(await apiToken(world, {}, person)).secret, person.token].map((secret) =>
      mcp(deployment.mcpUrl, secret),
    )
    const open = await Promise.all(clients.map((client) => busy(client)))
    if (how === 'disabled') await owner.client.call(api.users.disable, { params: { userId: person.userId } })
    else await person.client.call(api.account.delete, { body: { password: person.password } })
    for (const { answered, streamed } of open) {
      // Account, membership, token and sign-in end together; which of them is named, the logs' order decides.
      expect((await answered).error.message).toMatch(/disabled|revoked|ended|no longer a member/)
      expect(await streamed).toBe('ended')
    }
    for (const client of clients) expect((await client.post(ping)).status).toBe(401)
  })

  test('ends when the deployment is stopped, and its client starts anew when it runs again', async () => {
    const stopped = await launch(world, slow)
    const { secret } = await apiToken(world)
    const client = mcp(stopped.mcpUrl, secret)
    const { answered, streamed } = await busy(client)
    await command(world, 'stop', stopped.id)
    expect((await answered).error.message).toBe('The deployment was stopped.')
    expect(await streamed).toBe('ended')
    const refused = await client.post(ping)
    expect(refused.status).toBe(403)
    expect(await replyOf(refused)).toMatchObject({ id: 7, error: { message: 'The deployment is stopped.' } })
    await expect(mcp(client.url, secret).open()).rejects.toThrow('The deployment is stopped.')
    await eventually('it is down', async () =>
      (await deploymentOf(world, stopped.id)).phase === 'stopped' ? true : null,
    )
    await command(world, 'start', stopped.id)
    await running(world, stopped.id)
    expect((await client.post(ping)).status).toBe(404)
    await client.open()
    expect((await client.call('run', { message: 'again', steps: 1 })).result.content[0].text).toBe('again')
  })

  test('ends when policy holds the deployment, with the decision and its notes', async () => {
    const drifting = await launch(world, await addLocal(world, ['misbehaving.mjs', 'drift']))
    const { secret } = await apiToken(world)
    const client = mcp(drifting.mcpUrl, secret)
    await client.open()
    await client.call('drift')
    const held = await eventually('it is held', async () => {
      const now = await deploymentOf(world, drifting.id)
      return now.hold ? now : null
    })
    const expected = { data: { decisionId: held.decisionId, notes: held.holdNotes } }
    expect(held.holdNotes).toContain('trust:drift:1')
    const refused = await client.post(ping)
    expect(refused.status).toBe(403)
    expect((await replyOf(refused)).error).toMatchObject(expected)
    const anew = await mcp(drifting.mcpUrl, secret).post({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    })
    expect(anew.status).toBe(403)
    expect((await replyOf(anew)).error).toMatchObject(expected)
    await command(world, 'restart', drifting.id)
    await eventually('it runs again', async () => {
      const { phase, hold } = await deploymentOf(world, drifting.id)
      return phase === 'running' && !hold ? true : null
    })
    expect((await client.post(ping)).status).toBe(404)
    await client.open()
    expect((await client.post(ping)).status).toBe(200)
  })
})

test('in a tier that asks on every call, nothing starts after a revocation or a stop', async () => {
  const tier = await world.owner.client.call(api.tiers.create, {
    body: {
      code: 'strict-here',
      name: 'Strict',
      sandbox: 'required',
      allowLocal: true,
      checkEveryCall: true,
    },
  })
  const workspace = await createWorkspace(world, tier.code)
  const strict = await launch(world, slow, { workspaceId: workspace.id })
  for (const how of ['revoke', 'stop'] as const) {
    const token = await apiToken(world)
    const client = mcp(strict.mcpUrl, token.secret)
    await client.open()
    let over = false
    const late: unknown[] = []
    const callers = Array.from({ length: 8 }, async () => {
      for (let round = 0; round < 400; round++) {
        const after = over
        const answer = await client.call('run', { message: 'ran', steps: 0 }).catch(() => null)
        if (after && answer?.result) late.push(answer)
        if (after) return
      }
    })
    await sleep(150)
    if (how === 'revoke')
      await world.owner.client.call(api.tokens.revokeMine, { params: { tokenId: token.id } })
    else await command(world, 'stop', strict.id)
    over = true
    await Promise.all(callers)
    expect(late).toEqual([])
  }
  const done = await calls(world, { deploymentId: strict.id, tool: 'run', outcome: 'ok' }, 1)
  expect(done.length).toBeGreaterThan(0)
})

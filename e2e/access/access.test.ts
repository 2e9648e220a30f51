import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, permissions, type MemberRole, type Permission } from '@berth/contracts'
import { openAt, operationsOf, sendTo, type Answer, type Operation } from './http.ts'
import { rows, type Given, type Row } from './rows.ts'
import {
  agentScopes,
  apiToken,
  buildWorld,
  createApiToken,
  deadCredentials,
  join,
  serviceToken,
  type World,
} from './world.ts'

/**
 * Walks every endpoint and stream of the OpenAPI document: whoever may not is refused with things that exist, and the
 * rightful caller reaches them in the same test. What each endpoint takes stands in `rows.ts`, apart from the code.
 */

/** Who holds each permission, said here apart from the code. */
const everybody: MemberRole[] = ['owner', 'admin', 'developer', 'auditor']
const makers: MemberRole[] = ['owner', 'admin', 'developer']
const leaders: MemberRole[] = ['owner', 'admin']
const holders: Record<Permission, MemberRole[]> = {
  'organization:read': everybody,
  'organization:write': leaders,
  'organization:export': ['owner'],
  'organization:close': ['owner'],
  'members:read': everybody,
  'members:write': leaders,
  'workspaces:read': everybody,
  'workspaces:write': makers,
  'deployments:read': everybody,
  'deployments:write': makers,
  'tools:call': makers,
  'secrets:read': everybody,
  'secrets:write': makers,
  'tokens:read': everybody,
  'tokens:write': makers,
  'calls:read': everybody,
  'policy:read': everybody,
  'policy:write': leaders,
  'audit:read': everybody,
  'billing:read': everybody,
  'billing:write': leaders,
}

let world: World
let operations: Operation[]
let dead: Record<string, string>
let deadOperator: Record<string, string>

beforeAll(async () => {
  world = await buildWorld()
  operations = await operationsOf(world.server.url)
  dead = await deadCredentials(world, world.owner, world.organizationId)
  deadOperator = await deadCredentials(world, world.operator, null)
})
afterAll(() => world?.close())

const send = (operation: Operation, given: Given, token: string | null) =>
  sendTo(world.server.url, operation, given, token)

const open = (operation: Operation, given: Given, token: string) =>
  openAt(world.server.url, operation, given, token)

async function expectStatus(who: string, sending: Promise<Answer>, status: number): Promise<void> {
  const answer = await sending
  expect([who, answer.status, answer.status === status ? '' : answer.text]).toEqual([who, status, ''])
}

const prepared = async (row: Row): Promise<Given> =>
  (await row.request?.((await row.place?.(world)) ?? world)) ?? {}

/** Nobody, and everybody whose way in is over: always 401, before anything is looked up. */
async function refuseTheDead(operation: Operation, given: Given, credentials: Record<string, string>) {
  await expectStatus('nobody', send(operation, given, null), 401)
  await expectStatus('nonsense', send(operation, given, 'nonsense'), 401)
  await expectStatus('a made-up token', send(operation, given, `berth_pat_${'A'.repeat(43)}`), 401)
  for (const [who, token] of Object.entries(credentials)) {
    await expectStatus(who, send(operation, given, token), 401)
  }
}

async function expectReached(who: string, sending: Promise<Answer>): Promise<string> {
  const { status, text } = await sending
  expect([who, status >= 200 && status < 300 ? 'reached' : text]).toEqual([who, 'reached'])
  return text
}

const checks = {
  nothing: async (operation: Operation, row: Row) => {
    await expectReached('anybody', send(operation, await prepared(row), null))
  },

  operator: async (operation: Operation, row: Row) => {
    const given = await prepared(row)
    await refuseTheDead(operation, given, deadOperator)
    await expectStatus('a person', send(operation, given, world.owner.token), 403)
    const { secret } = await createApiToken(world.operator, null, ['organization:read'])
    await expectStatus('an operator’s API token', send(operation, given, secret), 403)
    const agent = await serviceToken(world, world.workspace.id, agentScopes)
    await expectStatus('an agent', send(operation, given, agent.secret), 403)
    await expectReached('an operator', send(operation, given, world.operator.token))
  },

  person: async (operation: Operation, row: Row) => {
    const given = await prepared(row)
    await refuseTheDead(operation, given, dead)
    const token = await apiToken(world.owner, world.organizationId, [...permissions])
    const agent = await serviceToken(world, world.workspace.id, agentScopes)
    if (row.signIn) {
      await expectStatus('an API token', send(operation, given, token), 403)
      await expectStatus('an agent', send(operation, given, agent.secret), 403)
    } else {
      await expectReached('an API token', send(operation, given, token))
      await expectReached('an agent', send(operation, given, agent.secret))
    }
    if (row.own) await expectStatus('another person', send(operation, given, world.stranger.token), 404)
    await expectReached('the person', send(operation, given, (given.as ?? world.owner).token))
    if (row.own || given.as) return
    const { text } = await send(operation, given, world.stranger.token)
    expect(text).not.toContain(world.organizationId)
  },

  organization: async (operation: Operation, row: Row & { needs: Permission }) => {
    const place = (await row.place?.(world)) ?? world
    const given = (await row.request?.(place)) ?? {}
    await refuseTheDead(operation, given, dead)
    await refuseOutsiders(operation, given, place)
    await refuseRoles(operation, given, row)
    await refuseNeighbours(operation, given, row, place)
    await refuseOtherDeployments(operation, given, row)
    const without = permissions.filter((permission) => permission !== row.needs)
    const lacking = await apiToken(world.owner, place.organizationId, without)
    await expectStatus(`the owner’s token without ${row.needs}`, send(operation, given, lacking), 403)
    const enough = await apiToken(world.owner, place.organizationId, [row.needs, ...(row.also ?? [])])
    await expectReached(`the owner’s token with ${row.needs}`, send(operation, given, enough))
  },
}

/** Other tenants: by the organization's name, and by its things under a name of their own. */
async function refuseOutsiders(operation: Operation, given: Given, place: World): Promise<void> {
  const { stranger, operator, foreignId, organizationId } = place
  await expectStatus('another tenant', send(operation, given, stranger.token), 404)
  await expectStatus('an operator who is no member', send(operation, given, operator.token), 404)
  const mine = JSON.parse(JSON.stringify(given).replaceAll(organizationId, foreignId)) as Given
  const { status, text } = await send(operation, mine, stranger.token)
  if (thingsIn(mine).length > 0) {
    expect(['another tenant, under its own name', status, text]).toEqual([
      expect.any(String),
      404,
      expect.any(String),
    ])
  }
  expect(text).not.toContain(organizationId)
}

/** The ids of an organization's things that a request names. */
function thingsIn(given: object): string[] {
  return [...JSON.stringify(given).matchAll(/"((?:wsp|dep|run|dec|mem|stk|ivt)_\w{26})"/g)].map(
    (one) => one[1]!,
  )
}

async function refuseRoles(
  operation: Operation,
  given: Given,
  row: Row & { needs: Permission },
): Promise<void> {
  for (const [role, person] of Object.entries(world.members)) {
    const may = holders[row.needs].includes(role as MemberRole)
    if (!may) await expectStatus(`a member who is ${role}`, send(operation, given, person.token), 403)
    else if (operation.method === 'GET')
      await expectReached(`a member who is ${role}`, send(operation, given, person.token))
  }
}

/** Agents of another workspace do not see this one, whatever their scopes. */
async function refuseNeighbours(operation: Operation, given: Given, row: Row, place: World): Promise<void> {
  if (operation.isStream) return
  const { secret } = await serviceToken(place, place.neighbour.id, agentScopes)
  const { status, text } = await send(operation, given, secret)
  const isRefused = status === 403 || status === 404
  const namesOne = thingsIn({ ...given.params, ...given.query }).length > 0
  const isWithin = row.needs.endsWith(':read') && status === 200 && !namesOne
  expect(['an agent of another workspace', isRefused || isWithin ? '' : `${status} ${text}`]).toEqual([
    expect.any(String),
    '',
  ])
  for (const thing of [place.workspace.id, place.deployment.id]) expect(text).not.toContain(thing)
}

const aboutDeployments = /^(deployments|policy|calls):|^tools:call$/

/** A token for certain deployments does not see the others, nor launches new ones. */
async function refuseOtherDeployments(operation: Operation, given: Given, row: Row): Promise<void> {
  if (operation.isStream || !aboutDeployments.test(row.needs)) return
  const { organizationId, owner, other, deployment } = world
  const scopes = permissions.filter((one) => aboutDeployments.test(one))
  const body = { name: 'bound', organizationId, scopes, allowedDeployments: [other.id] }
  const { secret } = await owner.client.call(api.tokens.createMine, { body })
  const { status, text } = await send(operation, given, secret)
  const isList = operation.method === 'GET' && thingsIn(given).length === 0
  expect(['a token for another deployment', isList ? [200] : [403, 404]]).toEqual([
    'a token for another deployment',
    expect.arrayContaining([status]),
  ])
  expect(text).not.toContain(deployment.id)
}

describe('the OpenAPI document', () => {
  test('has a row here for every operation, and no row is left over', () => {
    expect(operations.map((operation) => operation.id).toSorted()).toEqual(Object.keys(rows).toSorted())
  })
})

describe('who reaches', () => {
  test.each(Object.keys(rows))('%s', async (id) => {
    const operation = operations.find((one) => one.id === id)!
    expect(operation).toBeDefined()
    const row = rows[id]!
    if (row.needs === 'nothing' || row.needs === 'person' || row.needs === 'operator') {
      await checks[row.needs](operation, row)
    } else {
      await checks.organization(operation, row as Row & { needs: Permission })
    }
  })
})

const streams = ['audit.stream', 'lifecycle.stream', 'deployments.follow-logs']

describe('an open stream', () => {
  const operationOf = (id: string) => operations.find((one) => one.id === id)!

  test('of every kind is tested here', () => {
    const all = operations.filter((operation) => operation.isStream).map((operation) => operation.id)
    expect(all.toSorted()).toEqual(streams.toSorted())
  })

  test.each(streams)('%s ends at once when its token is revoked', async (id) => {
    const token = await createApiToken(world.owner, world.organizationId, [...permissions])
    const stream = await open(operationOf(id), await prepared(rows[id]!), token.secret)
    await world.owner.client.call(api.tokens.revokeMine, { params: { tokenId: token.id } })
    await within(5_000, stream.ended)
    expect(stream.text).toContain('event: revoked')
  })

  test.each(streams)('%s ends at once when its reader leaves the organization', async (id) => {
    const { organizationId } = world
    const person = await join(world, 'developer')
    const stream = await open(operationOf(id), await prepared(rows[id]!), person.token)
    const params = { organizationId, memberId: person.memberId }
    await world.owner.client.call(api.organizations.removeMember, { params })
    await world.owner.client.call(api.workspaces.create, {
      params,
      body: { name: 'Made after the farewell' },
    })
    await within(5_000, stream.ended)
    expect(stream.text).not.toContain('farewell')
  })

  test('carries to an agent what concerns its workspace, and nothing of another one', async () => {
    const { secret } = await serviceToken(world, world.neighbour.id, agentScopes)
    const stream = await open(
      operationOf('lifecycle.stream'),
      { query: { organizationId: world.organizationId } },
      secret,
    )
    const rename = (workspaceId: string, name: string) =>
      world.owner.client.call(api.workspaces.update, {
        params: { organizationId: world.organizationId, workspaceId },
        body: { name },
      })
    await rename(world.workspace.id, 'Not for the neighbour')
    await rename(world.neighbour.id, 'For the neighbour')
    await expect.poll(() => stream.text, { timeout: 5_000 }).toContain('"current":"For the neighbour"')
    expect(stream.text).not.toContain(world.workspace.id)
    stream.close()
  })
})

async function within(ms: number, promise: Promise<void>): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms).unref()
  })
  await Promise.race([promise, late])
}

describe('the MCP endpoint', () => {
  const initialize: Given = {
    body: {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'access', version: '1' },
      },
    },
  }

  async function knock(token: string | null): Promise<number> {
    const response = await fetch(world.deployment.mcpUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(initialize.body),
    })
    await response.body?.cancel()
    return response.status
  }

  test('opens to whoever may call tools there, and to nobody else', async () => {
    const { owner, stranger, organizationId, foreignId, members } = world
    expect(await knock(null)).toBe(401)
    expect(await knock('nonsense')).toBe(401)
    for (const [who, token] of Object.entries(dead)) expect([who, await knock(token)]).toEqual([who, 401])
    expect(await knock(stranger.token)).toBe(404)
    expect(await knock(await apiToken(stranger, foreignId, [...permissions]))).toBe(404)
    expect(await knock(members.auditor.token)).toBe(403)
    const without = permissions.filter((permission) => permission !== 'tools:call')
    expect(await knock(await apiToken(owner, organizationId, without))).toBe(403)
    expect(await knock((await serviceToken(world, world.neighbour.id, agentScopes)).secret)).toBe(404)
    expect(await knock((await serviceToken(world, world.workspace.id, ['deployments:read'])).secret)).toBe(
      403,
    )
    expect(await knock(await apiToken(owner, organizationId, ['tools:call']))).toBe(200)
    expect(await knock((await serviceToken(world, world.workspace.id, ['tools:call'])).secret)).toBe(200)
  })
})

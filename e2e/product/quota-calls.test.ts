import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, billedOutcomes, type Client, type Deployment } from '@berth/contracts'
import { createTestDatabase, signUp, type TestDatabase } from '@berth/server/platform/testing/index.ts'
import { clientAt, startBerthProcess, type BerthProcess } from '../support/berth-process.ts'
import { eventually } from '../support/eventually.ts'
import { addLocal, connect, probeSource, type World } from '../support/runtime-world.ts'

/** Two processes that relay calls of one organization, whose plan allows so many and no more. */
const limit = 60
const key = 'gateway.tool_calls'
let database: TestDatabase
let folder: string
let berths: BerthProcess[]
let urls: string[]
let clients: Client[]
let world: World
let deployments: Deployment[]
let db: pg.Pool

/** What is used is asked for again and again. */
const env = { BERTH_REQUESTS_PER_MINUTE: '0' }
const start = () => startBerthProcess({ databaseUrl: database.url, dataDir: path.join(folder, 'data'), env })
const params = () => ({ organizationId: world.organizationId })
const at = (id: string) => ({ params: { ...params(), deploymentId: id } })

beforeAll(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(path.join(tmpdir(), 'berth-quota-'))
  berths = [start()]
  await berths[0]!.url
  berths.push(start())
  urls = await Promise.all(berths.map(({ url }) => url))
  const person = await signUp({ url: urls[0]!, client: (token) => clientAt(urls[0]!, token ?? '') })
  clients = urls.map((url) => clientAt(url, person.token))
  const { id: organizationId } = await clients[0]!.call(api.organizations.create, { body: { name: 'Acme' } })
  const workspace = await clients[0]!.call(api.workspaces.create, {
    params: { organizationId },
    body: { name: 'Main', tier: 'community' },
  })
  world = {
    organizationId,
    workspaceId: workspace.id,
    person,
    marker: `quota-${path.basename(folder)}`,
    folder,
  } as unknown as World
  const file = `
plans:
  small:
    name: Small
    price: 0
    currency: EUR
    grants: { runtime.concurrent_servers: 5, ${key}: { limit: ${limit}, reset: month } }`
  await clients[0]!.call(api.plans.apply, { body: { file } })
  await clients[0]!.call(api.billing.assign, { params: { organizationId }, body: { plan: 'small' } })
  await addLocal(world, 'probe', { source: probeSource })
  db = new pg.Pool({ connectionString: database.url })
  db.on('error', () => {})
  const body = { workspaceId: world.workspaceId, server: 'local/probe' }
  deployments = await Promise.all(
    [0, 1, 0, 1].map((n) => clients[n]!.call(api.deployments.launch, { params: params(), body })),
  )
  for (const { id } of deployments) await untilRunning(id)
})

afterAll(async () => {
  await db?.end()
  await Promise.all((berths ?? []).map((berth) => berth.kill()))
  await database?.drop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const untilRunning = (id: string, client = clients[0]!) =>
  eventually(`${id} runs`, async () => {
    const { phase } = await client.call(api.deployments.get, at(id))
    return phase === 'running' ? true : null
  })

/** Calls of several callers through one process, each as long as it is let. Returns how many were answered. */
async function callUntilRefused(client: Client, over: () => boolean = () => false): Promise<number> {
  let answered = 0
  await Promise.all(
    deployments.map(async ({ id }) => {
      while (!over()) {
        const answer = await client
          .call(api.deployments.call, { ...at(id), body: { tool: 'pid' } })
          .catch(() => null)
        if (!answer) return
        if (answer.result) answered++
        else if (answer.error!.message.includes('used up')) return
        else if (over()) return
      }
    }),
  )
  return answered
}

async function recorded(): Promise<{ billed: number; refused: number }> {
  const { rows } = await db.query<{ billed: number; refused: number }>(
    `select count(*) filter (where outcome = any($1))::int as billed,
       count(*) filter (where outcome = 'refused')::int as refused
     from calls where method = 'tools/call'`,
    [[...billedOutcomes]],
  )
  return rows[0]!
}

async function usage(client: Client) {
  const { items } = await client.call(api.quotas.usage, { params: params() })
  return items.find(({ entitlementKey }) => entitlementKey === key)!
}

test('kill -9 of one of two gateways amid calls: never one more counts than allowed, and all that do are counted', async () => {
  const before = 20
  let answered = 0
  let killed = false
  const first = callUntilRefused(clients[0]!, () => killed)
  await eventually('some were answered', async () => ((await recorded()).billed >= before ? true : null))
  await berths[1]!.kill()
  killed = true
  answered += await first
  expect(answered).toBeLessThanOrEqual(limit)
  for (const { id } of deployments) await untilRunning(id)
  await eventually('the limit is reached', async () => {
    answered += await callUntilRefused(clients[0]!)
    const { used, held, allowed } = await usage(clients[0]!)
    expect(used + held).toBeLessThanOrEqual(limit)
    return allowed ? null : true
  })
  expect(answered).toBeLessThanOrEqual(limit)
  await eventually('what is used is what was recorded', async () => {
    const { billed } = await recorded()
    expect(billed).toBeLessThanOrEqual(limit)
    return (await usage(clients[0]!)).used === billed ? true : null
  })
  const { rows } = await db.query<{ most: number }>(
    'select max(sum)::int as most from (select sum(used + held) over (order by id) from quota_ledger) s',
  )
  expect(rows[0]!.most).toBeLessThanOrEqual(limit)
})

test('an agent hears what stands against a call, and the refusal is on record', async () => {
  const { mcpUrl } = await clients[0]!.call(api.deployments.get, at(deployments[0]!.id))
  const url = `${urls[0]!}${new URL(mcpUrl).pathname}`
  // Its home may be the one that was killed: then it is launched anew.
  let comeBackIn: string | null = null
  const noting: typeof fetch = async (...request) => {
    const response = await fetch(...request)
    comeBackIn = response.headers.get('retry-after')
    return response
  }
  const session = await eventually('it is there', () =>
    connect(world, url, { fetch: noting }).catch(() => null),
  )
  const before = (await recorded()).refused
  const refusal = await session.call('pid').catch((error: Error & { data?: unknown }) => error)
  expect(refusal).toMatchObject({
    message: expect.stringContaining('change the plan'),
    data: { notes: [`billing:quota-exceeded:${key}`], limit, retryAfterSeconds: Number(comeBackIn) },
  })
  const { window } = await usage(clients[0]!)
  const left = (Date.parse(window!.end) - Date.now()) / 1000
  expect(Math.abs(Number(comeBackIn) - left)).toBeLessThan(60)
  // What is no tool call is not counted, and goes on.
  expect((await session.client.listTools()).tools.length).toBeGreaterThan(0)
  await session.client.close()
  await eventually('the refusal is on record', async () =>
    (await recorded()).refused > before ? true : null,
  )
})

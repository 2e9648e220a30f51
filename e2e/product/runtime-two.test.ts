import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, type Client, type Deployment } from '@berth/contracts'
import { createTestDatabase, signUp, type TestDatabase } from '@berth/server/platform/testing/index.ts'
import { clientAt, startBerthProcess, type BerthProcess } from '../support/berth-process.ts'
import { eventually } from '../support/eventually.ts'
import { addLocal, connect, probeSource, processesOf, type World } from '../support/runtime-world.ts'

/** Two processes of every role on one database: what one is asked, the other does. */
let database: TestDatabase
let folder: string
const berths: BerthProcess[] = []
let urls: string[]
let world: World
let clients: Client[]
let db: pg.Pool

const count = 6

beforeAll(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(path.join(tmpdir(), 'berth-two-'))
  const options = { databaseUrl: database.url, dataDir: path.join(folder, 'data') }
  berths.push(startBerthProcess(options))
  await berths[0]!.url
  berths.push(startBerthProcess(options))
  urls = await Promise.all(berths.map(({ url }) => url))
  const person = await signUp({ url: urls[0]!, client: (token) => clientAt(urls[0]!, token ?? '') })
  clients = urls.map((url) => clientAt(url, person.token))
  const organization = await clients[0]!.call(api.organizations.create, { body: { name: 'Acme' } })
  const workspace = await clients[1]!.call(api.workspaces.create, {
    params: { organizationId: organization.id },
    body: { name: 'Main', tier: 'community' },
  })
  const marker = `two-${path.basename(folder)}`
  const made = { organizationId: organization.id, workspaceId: workspace.id, person, marker, folder }
  world = made as unknown as World
  await addLocal(world, 'probe', { source: probeSource })
  db = new pg.Pool({ connectionString: database.url })
  db.on('error', () => {})
})

afterAll(async () => {
  await db?.end()
  await Promise.all(berths.map((berth) => berth.kill()))
  await database?.drop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const params = () => ({ organizationId: world.organizationId })
const at = (id: string) => ({ params: { ...params(), deploymentId: id } })
const deployments: Deployment[] = []

async function untilRunning(id: string, client: Client = clients[0]!): Promise<Deployment> {
  return await eventually(`${id} runs`, async () => {
    const now = await client.call(api.deployments.get, at(id))
    if (now.phase === 'failed' || now.hold) throw new Error(`${now.hold} ${now.reason}`)
    return now.phase === 'running' ? now : null
  })
}

async function tool(client: Client, id: string, name: string): Promise<string> {
  const answer = await client.call(api.deployments.call, { ...at(id), body: { tool: name } })
  if (answer.error) return `error: ${answer.error.message}`
  return (answer.result as { content: { text: string }[] }).content[0]!.text
}

/** Which of the two is the home of a deployment. */
async function homeOf(id: string): Promise<number> {
  const { rows } = await db.query<{ id: string }>('select runner_id as id from deployments where id = $1', [
    id,
  ])
  const file = path.join(folder, 'data', 'runners', `${rows[0]!.id}.json`)
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number }
  return berths.findIndex(({ child }) => child.pid === pid)
}

test('each deployment is launched exactly once, whoever was asked', async () => {
  for (let n = 0; n < count; n++) {
    const body = { workspaceId: world.workspaceId, server: 'local/probe' }
    deployments.push(await clients[n % 2]!.call(api.deployments.launch, { params: params(), body }))
  }
  for (const { id } of deployments) await untilRunning(id)
  const { rows } = await db.query<{ id: string; n: string; live: string }>(`
    select deployment_id as id, count(*) as n, count(*) filter (where state = 'ready') as live
    from instances group by 1`)
  expect(rows.map(({ n, live }) => `${n} ${live}`)).toEqual(Array.from({ length: count }, () => '1 1'))
  const { items } = await clients[1]!.call(api.runs.list, { params: params(), query: { kind: 'launch' } })
  expect(items.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual(
    Array.from({ length: count }, () => 'succeeded 1'),
  )
})

test('calls, tools and logs through either process reach the same server', async () => {
  const { id, mcpUrl } = await untilRunning(deployments[0]!.id)
  const answers = await Promise.all(clients.map((client) => tool(client, id, 'pid')))
  expect(answers[0]).toBe(answers[1])
  const { pathname } = new URL(mcpUrl)
  for (const url of urls) {
    const session = await connect(world, `${url}${pathname}`)
    expect(await session.call('pid')).toBe(answers[0])
    await session.client.close()
  }
  const { tools } = await clients[1 - (await homeOf(id))]!.call(api.deployments.tools, at(id))
  expect(tools.length).toBeGreaterThan(3)
  await tool(clients[0]!, id, 'complain')
  for (const client of clients) {
    await eventually('the complaint is in the log', async () => {
      const { items } = await client.call(api.deployments.logs, { ...at(id), query: {} })
      return items.some(({ stream, text }) => stream === 'stderr' && text === 'I complain') ? true : null
    })
  }
})

test('what is stopped or revoked through one process ends sessions of the other', async () => {
  const { id, mcpUrl } = await untilRunning(deployments[1]!.id)
  const home = await homeOf(id)
  const { pathname } = new URL(mcpUrl)
  const session = await connect(world, `${urls[home]}${pathname}`)
  expect(await session.call('pid')).toMatch(/^\d+:/)
  const { items } = await clients[0]!.call(api.tokens.listMine, { query: {} })
  for (const { id: tokenId } of items.filter(({ state }) => state === 'active')) {
    await clients[1 - home]!.call(api.tokens.revokeMine, { params: { tokenId } })
  }
  await eventually('the session ends', async () => {
    const answer = await session.call('pid').catch((error: Error) => error)
    return answer instanceof Error ? answer : null
  })
  const another = await connect(world, `${urls[home]}${pathname}`)
  await clients[1 - home]!.call(api.deployments.stop, at(id))
  await eventually('that session ends as well', async () => {
    const answer = await another.call('pid').catch((error: Error) => error)
    return answer instanceof Error && answer.message.includes('stopped') ? answer : null
  })
  await clients[home]!.call(api.deployments.start, at(id))
  await untilRunning(id)
})

test('the home of some is killed: the other takes them over in bounded time, and nothing of it is left', async () => {
  const homes = await Promise.all(deployments.map(({ id }) => homeOf(id)))
  const dead = homes[0]!
  const survivor = 1 - dead
  const mine = deployments.filter((_, n) => homes[n] === dead)
  const before = new Set(processesOf(world))
  await berths[dead]!.kill()
  const client = clients[survivor]!
  for (const { id } of mine) {
    await eventually(
      `${id} is called at its new home`,
      async () => (/^\d+:/.test(await tool(client, id, 'pid')) ? true : null),
      45_000,
    )
    await untilRunning(id, client)
  }
  const { rows } = await db.query<{ n: string }>(`
    select count(*) as n from instances i where state <> 'gone' and not exists (
      select 1 from runners r where r.id = i.runner_id and r.alive_until > now())`)
  expect(rows[0]!.n).toBe('0')
  const { items } = await client.call(api.runs.list, {
    params: params(),
    query: { kind: 'launch', limit: 100 },
  })
  expect(items.filter(({ status }) => status === 'running')).toEqual([])
  expect(before.size).toBeGreaterThan(0)
  for (const { id } of deployments) await client.call(api.deployments.stop, at(id))
  await eventually('no process is left', async () => (processesOf(world).length === 0 ? true : null))
})

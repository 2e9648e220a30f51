/** A Berth with one organization, and servers from folders in it, for tests of what runs. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import {
  api,
  ApiError,
  type Client as ApiClient,
  type Deployment,
  type Problem,
  type Run,
} from '@berth/contracts'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
  type TestServerOptions,
} from '@berth/server/platform/testing/index.ts'
import { eventually } from './eventually.ts'

const fixtures = path.join(import.meta.dirname, '../fixtures/mcp')

/** Less patient than usual, for tests that wait for patience to end. */
export const hasty = { resyncMs: 500, postureMs: 1000, backoffMs: 100, idleMs: 500 }

/** One tool that says where it runs and what it finds there. */
export const probeSource = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { initialize, serve, text } from './rpc.mjs'
const inputSchema = { type: 'object', properties: {} }
const tools = {
  pid: () => text(process.pid + ':' + process.env.FIXTURE_STARTED),
  keep: ({ value }) => (writeFileSync('/data/kept', value), text('kept')),
  kept: () => text(existsSync('/data/kept') ? readFileSync('/data/kept', 'utf8') : 'nothing'),
  env: ({ name }) => text(process.env[name] ?? 'unset'),
  fetch: async ({ url }) => {
    try { return text(await (await fetch(url)).text()) } catch (error) { return text('failed: ' + (error.cause?.message ?? error.message)) }
  },
  complain: () => (console.error('I complain'), text('complained')),
}
process.env.FIXTURE_STARTED = String(Math.random())
serve({
  initialize: initialize('probe', { tools: {} }),
  ping: () => ({}),
  'tools/list': () => ({ tools: Object.keys(tools).map((name) => ({ name, description: name, inputSchema })) }),
  'tools/call': (params) => tools[params.name](params.arguments ?? {}),
})
`

export interface World {
  server: TestServer
  person: TestPerson
  organizationId: string
  workspaceId: string
  /** In the command line of every process that was started for this world. */
  marker: string
  folder: string
}

export async function openWorld(options: TestServerOptions = {}): Promise<World> {
  const server = await startTestServer({ ...options, runtime: { timings: hasty, ...options.runtime } })
  const person = await signUp(server)
  const organization = await person.client.call(api.organizations.create, { body: { name: 'Acme' } })
  const params = { organizationId: organization.id }
  const workspace = await person.client.call(api.workspaces.create, {
    params,
    body: { name: 'Main', tier: 'community' },
  })
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-world-'))
  const marker = `world-${path.basename(folder).slice(-6)}`
  return { server, person, organizationId: organization.id, workspaceId: workspace.id, marker, folder }
}

export async function closeWorld(world: World | undefined): Promise<void> {
  await world?.server.close()
  if (world) rmSync(world.folder, { recursive: true, force: true })
}

export interface LocalServer {
  /** The main program's text; absent: the fixture `misbehaving.mjs`, whose mode is the name. */
  source?: string
  mode?: string
  manifest?: Record<string, unknown>
}

/** Puts a server in a folder of its own and adds it to the catalog; returns what was added. */
export async function addLocal(world: World, name: string, given: LocalServer = {}) {
  const folder = path.join(world.folder, name)
  mkdirSync(folder, { recursive: true })
  cpSync(path.join(fixtures, 'rpc.mjs'), path.join(folder, 'rpc.mjs'))
  if (given.source === undefined)
    cpSync(path.join(fixtures, 'misbehaving.mjs'), path.join(folder, 'main.mjs'))
  else writeFileSync(path.join(folder, 'main.mjs'), given.source)
  const release = await world.person.client.call(api.catalog.add, {
    body: {
      name,
      artifact: { kind: 'local', path: folder, command: ['node', 'main.mjs', given.mode ?? name] },
      manifest: { args: [world.marker], ...given.manifest },
    },
  })
  return { ...release, folder }
}

interface LaunchMore {
  workspaceId?: string
  name?: string
  version?: string
  config?: Record<string, unknown>
  secrets?: Record<string, string>
  limits?: Record<string, number>
}

export async function launch(world: World, server: string, more: LaunchMore = {}): Promise<Deployment> {
  return await world.person.client.call(api.deployments.launch, {
    params: { organizationId: world.organizationId },
    body: { workspaceId: world.workspaceId, server, ...more },
  })
}

const at = (world: World, deploymentId: string) => ({
  params: { organizationId: world.organizationId, deploymentId },
})

export async function show(
  world: World,
  id: string,
  client: ApiClient = world.person.client,
): Promise<Deployment> {
  return await client.call(api.deployments.get, at(world, id))
}

/** Waits until a deployment is as wanted; fails with how it is instead. */
export async function until(
  world: World,
  id: string,
  what: string,
  wanted: (deployment: Deployment) => boolean,
  timeoutMs = 60_000,
): Promise<Deployment> {
  let last: Deployment | null = null
  try {
    return await eventually(
      what,
      async () => {
        last = await show(world, id)
        return wanted(last) ? last : null
      },
      timeoutMs,
    )
  } catch (error) {
    const { phase, health, hold, reason } = last ?? ({} as Partial<Deployment>)
    throw new Error(`${(error as Error).message}; it is ${JSON.stringify({ phase, health, hold, reason })}`, {
      cause: error,
    })
  }
}

export const untilRunning = (world: World, id: string) =>
  until(world, id, 'it runs', ({ phase, hold }) => phase === 'running' && hold === null)

export const untilHeld = (world: World, id: string) =>
  until(world, id, 'it is held', ({ phase, hold }) => hold !== null && phase === 'stopped')

export async function command(
  world: World,
  id: string,
  what: 'start' | 'stop' | 'restart',
): Promise<Deployment> {
  return await world.person.client.call(api.deployments[what], at(world, id))
}

/** Calls a tool as a person; the text of the answer, or of what refused it. */
export async function callTool(
  world: World,
  id: string,
  tool: string,
  more: { arguments?: Record<string, unknown>; timeoutMs?: number; client?: ApiClient } = {},
): Promise<string> {
  const { client = world.person.client, ...body } = more
  const answer = await client.call(api.deployments.call, { ...at(world, id), body: { tool, ...body } })
  if (answer.error) return `error: ${answer.error.message}`
  const { content } = answer.result as { content: { text: string }[] }
  return content[0]!.text
}

/** The problem with which the API refuses. */
export async function refusal(asked: Promise<unknown>): Promise<Problem> {
  try {
    await asked
  } catch (error) {
    if (error instanceof ApiError) return error.problem
    throw error
  }
  throw new Error('it was not refused')
}

export async function runsOf(world: World, deploymentId: string): Promise<Run[]> {
  const { items } = await world.person.client.call(api.runs.list, {
    params: { organizationId: world.organizationId },
    query: { deploymentId },
  })
  return items
}

/** Pids of the processes that were started for a world, whoever their parent is. */
export function processesOf(world: Pick<World, 'marker'>): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(world.marker)
      } catch {
        return false
      }
    })
    .map(Number)
}

export async function untilNoProcess(world: Pick<World, 'marker'>): Promise<void> {
  await eventually('no process is left', async () => (processesOf(world).length === 0 ? true : null), 20_000)
}

/** A person of the organization beside its owner, with a client of their own. */
export async function addPerson(world: World): Promise<TestPerson> {
  const person = await signUp(world.server)
  await world.server.berth.platform.db
    .insertInto('members')
    .values({
      id: `mem_${person.userId.slice(4)}`,
      organizationId: world.organizationId,
      userId: person.userId,
      role: 'developer',
      joinedAt: new Date(),
    })
    .execute()
  return person
}

/** A session of a real MCP client, with a token of the person's own. */
export async function connect(
  world: World,
  mcpUrl: string,
  options: { person?: TestPerson; capabilities?: Record<string, object>; fetch?: typeof fetch } = {},
): Promise<{ client: Client; call(tool: string, args?: Record<string, unknown>): Promise<string> }> {
  const { person = world.person, capabilities = {} } = options
  const { secret } = await person.client.call(api.tokens.createMine, {
    body: { name: 'agent', scopes: ['tools:call'] },
  })
  const client = new Client({ name: 'test', version: '1' }, { capabilities })
  const transport = new StreamableHTTPClientTransport(new URL(mcpUrl), {
    requestInit: { headers: { authorization: `Bearer ${secret}` } },
    ...(options.fetch ? { fetch: options.fetch } : {}),
  })
  await client.connect(transport)
  return {
    client,
    call: async (tool, args = {}) => {
      const { content } = await client.callTool({ name: tool, arguments: args })
      return (content as { text: string }[])[0]!.text
    },
  }
}

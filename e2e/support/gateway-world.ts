/** A real server with an organization, a community workspace and fixture servers in it, for tests of the gateway. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  api,
  type CallRecord,
  type Deployment,
  type Permission,
  type ReleaseManifest,
  type Workspace,
} from '@berth/contracts'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
  type TestServerOptions,
} from '@berth/server/platform/testing/index.ts'
import { TestClient } from '@berth/server/relay/test-kit.ts'
import { eventually } from './eventually.ts'

const fixtures = path.join(import.meta.dirname, '../fixtures/mcp')

interface TokenLimits {
  scopes?: Permission[]
  allowedDeployments?: string[]
  allowedTools?: string[]
  expiresInDays?: number
}

export interface World {
  server: TestServer
  /** Operator, and owner of the organization. */
  owner: TestPerson
  organizationId: string
  organizationSlug: string
  workspace: Workspace
  close(): Promise<void>
}

let made = 0

export async function startWorld(options: TestServerOptions = {}): Promise<World> {
  return await buildWorld(await startTestServer(options))
}

/** The world on a server that is up. */
export async function buildWorld(server: TestServer): Promise<World> {
  const owner = await signUp(server)
  const { id, slug } = await owner.client.call(api.organizations.create, { body: { name: `Acme ${++made}` } })
  const workspace = await createWorkspace({ owner, organizationId: id })
  return {
    server,
    owner,
    organizationId: id,
    organizationSlug: slug,
    workspace,
    close: async () => {
      await server.close()
      for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
    },
  }
}

const folders: string[] = []

export function createWorkspace(
  { owner, organizationId }: Pick<World, 'owner' | 'organizationId'>,
  tier = 'community',
): Promise<Workspace> {
  const body = { name: `Workspace ${++made}`, tier }
  return owner.client.call(api.workspaces.create, { params: { organizationId }, body })
}

/** Adds a fixture of `e2e/fixtures/mcp` as a server from a folder; resolves with its name once it was observed. */
export async function addLocal(
  world: World,
  entry: string[],
  manifest: Partial<ReleaseManifest> = {},
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-gateway-'))
  folders.push(folder)
  for (const file of [entry[0]!, 'rpc.mjs']) await cp(path.join(fixtures, file), path.join(folder, file))
  const name = `fixture-${++made}`
  const artifact = { kind: 'local' as const, path: folder, command: ['node', ...entry] }
  const { id } = await world.owner.client.call(api.catalog.add, { body: { name, artifact, manifest } })
  return await observed(world, id)
}

export async function addRemote(
  world: World,
  url: string,
  manifest: Partial<ReleaseManifest> = {},
): Promise<string> {
  const body = { name: `remote-${++made}`, artifact: { kind: 'remote' as const, url }, manifest }
  const { id, server } = await world.owner.client.call(api.catalog.add, { body })
  if (manifest.secrets?.length) return server
  return await observed(world, id)
}

function observed(world: World, releaseId: string): Promise<string> {
  return eventually('the release is observed', async () => {
    const release = await world.owner.client.call(api.catalog.getRelease, { params: { releaseId } })
    if (release.observation === 'failed') throw new Error(release.observationReason ?? 'failed')
    return release.observation === 'observed' ? release.server : null
  })
}

/** Launches a server and waits until it runs. */
export async function launch(
  world: World,
  server: string,
  more: { workspaceId?: string; name?: string; secrets?: Record<string, string> } = {},
): Promise<Deployment> {
  const { organizationId, owner, workspace } = world
  const name = `deployment-${++made}`
  const body = { workspaceId: workspace.id, server, name, ...more }
  const { id } = await owner.client.call(api.deployments.launch, { params: { organizationId }, body })
  return await running(world, id)
}

export function running(world: World, deploymentId: string): Promise<Deployment> {
  return eventually('the deployment runs', async () => {
    const deployment = await deploymentOf(world, deploymentId)
    if (deployment.phase === 'failed' || deployment.hold) {
      throw new Error(`${deployment.phase} ${deployment.hold}: ${deployment.reason}`)
    }
    return deployment.phase === 'running' ? deployment : null
  })
}

export function deploymentOf({ owner, organizationId }: World, deploymentId: string): Promise<Deployment> {
  return owner.client.call(api.deployments.get, { params: { organizationId, deploymentId } })
}

/** Starts, stops or restarts a deployment. */
export function command(
  { owner, organizationId }: World,
  action: 'start' | 'stop' | 'restart',
  deploymentId: string,
): Promise<Deployment> {
  return owner.client.call(api.deployments[action], { params: { organizationId, deploymentId } })
}

/** An API token of a person (by default the owner's), good for calls. */
export function apiToken(world: World, limits: TokenLimits = {}, person = world.owner) {
  const body = { name: 'agent', scopes: ['tools:call' as const], ...limits }
  return person.client.call(api.tokens.createMine, { body })
}

export function serviceToken(world: World, workspaceId: string, limits: TokenLimits = {}) {
  const { organizationId, owner } = world
  const body = { name: 'agent', ...limits }
  return owner.client.call(api.tokens.createService, { params: { organizationId, workspaceId }, body })
}

export const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

/** A client that shows statuses, headers and events as they are. */
export function mcp(url: string, secret: string, headers: Record<string, string> = {}): TestClient {
  return new TestClient(url, { ...bearer(secret), ...headers })
}

/** The same path at another process. */
export function at(server: Pick<TestServer, 'url'>, url: string): string {
  return server.url + new URL(url).pathname
}

/** All calls that match, oldest first, once there are `count` of them. */
export function calls(
  { owner, organizationId }: World,
  query: Partial<Pick<CallRecord, 'deploymentId' | 'tool' | 'method' | 'outcome' | 'principalId'>>,
  count: number,
): Promise<CallRecord[]> {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== null))
  return eventually(`${count} calls are recorded`, async () => {
    const params = { organizationId }
    const { items } = await owner.client.call(api.calls.list, { params, query: { ...given, limit: 100 } })
    return items.length >= count ? items.toReversed() : null
  })
}

/** What a body or an error of the gateway says. */
export interface RpcReply {
  id: unknown
  result?: any
  error?: { code: number; message: string; data?: any }
}

export async function replyOf(response: Response): Promise<RpcReply> {
  return (await response.json()) as RpcReply
}

/** A fixture that listens by itself; `seen` are the headers of all requests it got. */
export interface RemoteFixture {
  url: string
  child: ChildProcess
  seen(): Promise<{ method: string; headers: Record<string, string> }[]>
  close(): void
}

export async function startRemote(env: Record<string, string> = {}): Promise<RemoteFixture> {
  const child = spawn(process.execPath, [path.join(fixtures, 'remote.mjs')], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
  return {
    url,
    child,
    seen: async () => (await (await fetch(new URL('/seen', url))).json()) as never,
    close: () => void child.kill('SIGKILL'),
  }
}

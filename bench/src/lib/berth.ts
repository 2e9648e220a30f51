/** The server as it is shipped: a process of its own, reached over its public API only. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import {
  billingOperatorEndpoints,
  catalogEndpoints,
  createClient,
  deploymentEndpoints,
  organizationEndpoints,
  planEndpoints,
  tokenEndpoints,
  workspaceEndpoints,
  type Client,
  type Deployment,
  type Isolation,
} from '@berth/contracts'
import { runningDatabase } from '@berth/server/platform/postgres/attach.ts'
import { readRecord } from '@berth/server/platform/postgres/location.ts'
import { echoServer, root, startProgram, until, type Program } from './programs.ts'

const main = join(root, 'server/src/main.ts')

export interface Shipped {
  url: string
  dataDir: string
  databaseUrl: string
  program: Program
  /** For looking into the database beside the server. */
  sql: pg.Client
  stop(): Promise<void>
}

/** A data directory of the bench's own, with PostgreSQL's files wherever it put them. */
export async function makeDataDir(): Promise<{ dataDir: string; remove(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-bench-'))
  return {
    dataDir,
    remove: async () => {
      const record = await readRecord(dataDir)
      if (record) await rm(record.home, { recursive: true, force: true })
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/**
 * A new installation installs and tries its bundled servers in its first two minutes, half a minute apart. Measured would
 * be npm and those servers, so that waits.
 */
async function putOffObservations(sql: pg.Client): Promise<void> {
  await sql.query(
    `update pgboss.job set start_after = now() + interval '1 hour' where name = 'catalog.observe' and start_after > now()`,
  )
}

/** `main.ts start` in a new data directory, on a free port, with the default settings but for those given. */
export async function startShipped(
  nodeOptions: string[] = [],
  env: Record<string, string> = {},
): Promise<Shipped> {
  const { dataDir, remove } = await makeDataDir()
  const program = startProgram([process.execPath, ...nodeOptions, main, 'start', '--data-dir', dataDir], {
    BERTH_PORT: '0',
    ...env,
  })
  try {
    const [, url] = await program.prints(/Berth is up at (\S+)/)
    const databaseUrl = await runningDatabase(dataDir)
    if (!databaseUrl) throw new Error('its database cannot be reached')
    const sql = new pg.Client({ connectionString: databaseUrl })
    await sql.connect()
    await putOffObservations(sql)
    const stop = async () => {
      await sql.end()
      await program.stop()
      await remove()
    }
    return { url: url!, dataDir, databaseUrl, program, sql, stop }
  } catch (error) {
    await program.stop()
    await remove()
    throw error
  }
}

/** A further process of the same installation with one role. */
export async function startBeside(
  shipped: Shipped,
  role: 'gateway',
): Promise<{ url: string; program: Program }> {
  const program = startProgram([process.execPath, main, role, '--data-dir', shipped.dataDir], {
    BERTH_PORT: '0',
    DATABASE_URL: shipped.databaseUrl,
  })
  const [, url] = await program.prints(/is up at (\S+)/)
  return { url: url!, program }
}

export interface Tenant {
  organizationId: string
  workspaceId: string
  /** As the owner, who is the operator too. */
  client: Client
  /** The owner's bearer. */
  bearer: string
}

/** Who measures. */
export const person = {
  name: 'Bench',
  email: 'bench@example.com',
  password: 'correct horse battery staple',
}

interface CallLimit {
  limit: number
  reset: 'month'
}

/** Puts the tenant on a plan without limits, but for those that are given. */
export async function usePlan(
  { organizationId, client }: Pick<Tenant, 'organizationId' | 'client'>,
  limits: { 'gateway.tool_calls'?: CallLimit },
): Promise<void> {
  const grants = {
    'runtime.concurrent_servers': 'unlimited',
    'gateway.tool_calls': { limit: 'unlimited', reset: 'month' },
    seats: 'unlimited',
    workspaces: 'unlimited',
    ...limits,
  }
  const file = JSON.stringify({ plans: { bench: { name: 'Bench', price: 0, currency: 'EUR', grants } } })
  const { items } = await client.call(planEndpoints.apply, { body: { file } })
  if (items.every(({ action }) => action === 'none')) return
  await client.call(billingOperatorEndpoints.assign, { params: { organizationId }, body: { plan: 'bench' } })
}

/** Signs the first person up and makes an organization without limits, with a workspace of the tier `community`. */
export async function createTenant(shipped: Shipped): Promise<Tenant> {
  const response = await fetch(`${shipped.url}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: shipped.url },
    body: JSON.stringify(person),
  })
  if (!response.ok) throw new Error(`sign-up failed: ${response.status} ${await response.text()}`)
  const bearer =
    response.headers.get('set-auth-token') ?? ((await response.json()) as { token: string }).token
  const client = createClient({
    baseUrl: shipped.url,
    headers: () => ({ authorization: `Bearer ${bearer}` }),
  })
  const organization = await client.call(organizationEndpoints.create, {
    body: { name: 'Bench', slug: 'bench' },
  })
  await usePlan({ organizationId: organization.id, client }, {})
  const params = { organizationId: organization.id }
  const workspace = await client.call(workspaceEndpoints.create, {
    params,
    body: { name: 'Bench', key: 'bench', tier: 'community' },
  })
  return { organizationId: organization.id, workspaceId: workspace.id, client, bearer }
}

/** Adds the echo server from its folder, launches it and waits until it runs. */
export async function launchEcho(
  { organizationId, workspaceId, client }: Tenant,
  isolation: Isolation,
): Promise<Deployment> {
  const name = `echo-${isolation}`
  const release = await client.call(catalogEndpoints.add, {
    body: {
      name,
      artifact: { kind: 'local', path: dirname(echoServer), command: ['node', 'echo.mjs'] },
      manifest: { isolation },
    },
  })
  await until(`${name} is observed`, async () => {
    const { observation, observationReason } = await client.call(catalogEndpoints.getRelease, {
      params: { releaseId: release.id },
    })
    if (observation === 'failed') throw new Error(`${name} was not observed: ${observationReason}`)
    return observation === 'observed'
  })
  const launched = await client.call(deploymentEndpoints.launch, {
    params: { organizationId },
    body: { workspaceId, server: release.server, name },
  })
  return await until(`${name} runs`, async () => {
    const deployment = await client.call(deploymentEndpoints.get, {
      params: { organizationId, deploymentId: launched.id },
    })
    if (deployment.phase === 'failed') throw new Error(`${name} failed: ${deployment.reason}`)
    return deployment.phase === 'running' ? deployment : null
  })
}

/** A service token for calling what runs in the tenant's workspace. */
export async function createServiceToken(
  tenant: Tenant,
  name: string,
): Promise<{ id: string; secret: string }> {
  const { organizationId, workspaceId, client } = tenant
  return await client.call(tokenEndpoints.createService, {
    params: { organizationId, workspaceId },
    body: { name },
  })
}

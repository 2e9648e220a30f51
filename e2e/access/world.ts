import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  api,
  permissions,
  type Deployment,
  type MemberRole,
  type Permission,
  type Workspace,
} from '@berth/contracts'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '@berth/server/platform/testing/index.ts'
import { secret } from '@berth/server/billing/providers/testing/deliveries.ts'
import { startFakeStripe } from '@berth/server/billing/providers/stripe/testing/fake-stripe.ts'
import { openMailbox, type Mailbox } from '@berth/server/notifications/testing/mailbox.ts'
import { eventually } from '../support/eventually.ts'

const fixtures = path.join(import.meta.dirname, '../fixtures/mcp')
export const serverRef = 'local/access'

/** What a workspace's agents may be given at most, said here apart from the code. */
export const agentScopes: Permission[] = [
  'organization:read',
  'workspaces:read',
  'deployments:read',
  'deployments:write',
  'tools:call',
  'secrets:read',
  'secrets:write',
  'calls:read',
  'policy:read',
]

/**
 * One organization with a running deployment, everybody who may do something in it, and everybody who may not: the
 * access test's world, on a real server.
 */
export interface World {
  server: TestServer
  /** What Berth mails; it refuses addresses that begin with `refused`. */
  mailbox: Mailbox
  folder: string
  operator: TestPerson
  /** Owner of the organization; no operator. */
  owner: TestPerson
  /** Owner of another organization. */
  stranger: TestPerson
  members: Record<Exclude<MemberRole, 'owner'>, TestPerson>
  organizationId: string
  foreignId: string
  workspace: Workspace
  /** Another workspace of the same organization. */
  neighbour: Workspace
  deployment: Deployment
  /** A deployment in the other workspace. */
  other: Deployment
  close(): Promise<void>
}

export async function buildWorld(): Promise<World> {
  const mailbox = await openMailbox()
  mailbox.refuse = (to) => (to.startsWith('refused') ? { code: 550, text: 'no such mailbox' } : null)
  const stripe = await startFakeStripe()
  const env = { ...mailbox.env, ...stripe.env, BERTH_BILLING_WEBHOOK_SECRET: secret }
  const server = await startTestServer({ env })
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-access-'))
  for (const file of ['misbehaving.mjs', 'rpc.mjs'])
    await cp(path.join(fixtures, file), path.join(folder, file))
  const operator = await signUp(server)
  const owner = await signUp(server)
  const stranger = await signUp(server)
  const organizationId = await found(owner, 'Acme')
  const foreignId = await found(stranger, 'Other')
  const world = { server, mailbox, folder, operator, owner, stranger, organizationId, foreignId }
  const members = {
    admin: await join(world, 'admin'),
    developer: await join(world, 'developer'),
    auditor: await join(world, 'auditor'),
  }
  await addServer(world, 'access')
  const workspace = await createWorkspace(world)
  const neighbour = await createWorkspace(world)
  const deployment = await launchAndWait(world, workspace.id)
  const other = await launchAndWait(world, neighbour.id)
  await callTool(world, deployment.id, 'run')
  return {
    ...world,
    members,
    workspace,
    neighbour,
    deployment,
    other,
    close: async () => {
      await server.close()
      await stripe.close()
      await mailbox.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Another organization of the same people, with workspaces of its own and nothing that runs. */
export async function anotherOrganization(world: World): Promise<World> {
  const { owner, members } = world
  const organizationId = await found(owner, 'Another')
  for (const [role, { email }] of Object.entries(members)) {
    const body = { email, role: role as MemberRole }
    await owner.client.call(api.organizations.addMember, { params: { organizationId }, body })
  }
  const place = { ...world, organizationId }
  return { ...place, workspace: await createWorkspace(place), neighbour: await createWorkspace(place) }
}

type Some = Pick<World, 'server' | 'owner' | 'operator' | 'organizationId' | 'folder'>

async function found(person: TestPerson, name: string): Promise<string> {
  return (await person.client.call(api.organizations.create, { body: { name } })).id
}

export async function join(world: Some, role: MemberRole): Promise<TestPerson & { memberId: string }> {
  const person = await signUp(world.server)
  const { organizationId } = world
  const body = { email: person.email, role }
  const { id } = await world.owner.client.call(api.organizations.addMember, {
    params: { organizationId },
    body,
  })
  return { ...person, memberId: id }
}

/** Adds the fixture as a server from a folder; resolves when the observation of its release is over. */
export async function addServer(
  world: Some,
  name: string,
  given: { mode: string; becomes: 'observed' | 'failed' } = { mode: 'drift', becomes: 'observed' },
): Promise<void> {
  const command = ['node', 'misbehaving.mjs', given.mode]
  const { id } = await world.operator.client.call(api.catalog.add, {
    body: { name, artifact: { kind: 'local', path: world.folder, command } },
  })
  await eventually(`${name} is ${given.becomes}`, async () => {
    const params = { releaseId: id }
    const { observation, observationReason } = await world.operator.client.call(api.catalog.getRelease, {
      params,
    })
    if (observation === 'pending') return null
    if (observation !== given.becomes) throw new Error(observationReason ?? observation)
    return observation
  })
}

let made = 0

export function createWorkspace(world: Some): Promise<Workspace> {
  const { organizationId } = world
  const body = { name: `Workspace ${++made}`, tier: 'community' }
  return world.owner.client.call(api.workspaces.create, { params: { organizationId }, body })
}

export function launch(world: Some, workspaceId: string): Promise<Deployment> {
  const { organizationId } = world
  const body = { workspaceId, server: serverRef, name: `deployment-${++made}` }
  return world.owner.client.call(api.deployments.launch, { params: { organizationId }, body })
}

export async function launchAndWait(world: Some, workspaceId: string): Promise<Deployment> {
  const { organizationId } = world
  const { id: deploymentId } = await launch(world, workspaceId)
  return eventually('the deployment runs', async () => {
    const deployment = await world.owner.client.call(api.deployments.get, {
      params: { organizationId, deploymentId },
    })
    if (deployment.phase === 'failed' || deployment.hold) throw new Error(JSON.stringify(deployment))
    return deployment.phase === 'running' ? deployment : null
  })
}

export function callTool(world: Some, deploymentId: string, tool: string) {
  const { organizationId } = world
  return world.owner.client.call(api.deployments.call, {
    params: { organizationId, deploymentId },
    body: { tool },
  })
}

/** A deployment whose live surface is no longer the admitted one, and the hash of what is live. */
export async function drifted(world: World): Promise<{ deploymentId: string; hash: string }> {
  const { id: deploymentId } = await launchAndWait(world, world.workspace.id)
  await callTool(world, deploymentId, 'drift').catch(() => null)
  const { organizationId, owner } = world
  return eventually('the drift is seen', async () => {
    const params = { organizationId, deploymentId }
    const { liveHash, differences } = await owner.client.call(api.deployments.surface, { params })
    return liveHash && differences.length > 0 ? { deploymentId, hash: liveHash } : null
  })
}

/** An API token of a person in the organization; its secret. */
export async function apiToken(
  person: TestPerson,
  organizationId: string,
  scopes: Permission[],
): Promise<string> {
  return (await createApiToken(person, organizationId, scopes)).secret
}

export function createApiToken(person: TestPerson, organizationId: string | null, scopes: Permission[]) {
  return person.client.call(api.tokens.createMine, { body: { name: 'access', organizationId, scopes } })
}

export function serviceToken(world: Some, workspaceId: string, scopes: Permission[]) {
  const { organizationId } = world
  return world.owner.client.call(api.tokens.createService, {
    params: { organizationId, workspaceId },
    body: { name: 'access', scopes },
  })
}

/** A second sign-in of a person: its token. */
export async function signInAgain(world: Some, person: TestPerson): Promise<string> {
  const response = await fetch(`${world.server.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: person.email, password: person.password }),
  })
  return ((await response.json()) as { token: string }).token
}

/** Ways in that no longer are: each was good once. */
export async function deadCredentials(world: Some, person: TestPerson, organizationId: string | null) {
  const { db } = world.server.berth.platform
  const scopes: Permission[] = organizationId ? [...permissions] : ['organization:read']
  const over = new Date(Date.now() - 1000)

  const expiredToken = await createApiToken(person, organizationId, scopes)
  await db.updateTable('tokens').set({ expiresAt: over }).where('id', '=', expiredToken.id).execute()

  const revokedToken = await createApiToken(person, organizationId, scopes)
  await person.client.call(api.tokens.revokeMine, { params: { tokenId: revokedToken.id } })

  const [expiredSession, revokedSession, signedOut] = [
    await signInAgain(world, person),
    await signInAgain(world, person),
    await signInAgain(world, person),
  ]
  const { items } = await person.client.call(api.identity.listSessions, {})
  const [, second, third] = items
  await person.client.call(api.identity.revokeSession, { params: { sessionId: second!.id } })
  await db.updateTable('sessions').set({ expiresAt: over }).where('id', '=', third!.id).execute()
  await fetch(`${world.server.url}/api/auth/sign-out`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${signedOut}` },
    body: '{}',
  })
  return {
    'an expired token': expiredToken.secret,
    'a revoked token': revokedToken.secret,
    'an expired sign-in': expiredSession,
    'a revoked sign-in': revokedSession,
    'a sign-in that was signed out': signedOut,
  }
}

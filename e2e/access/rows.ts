import { api, type Permission } from '@berth/contracts'
import {
  addServer,
  anotherOrganization,
  createApiToken,
  createWorkspace,
  drifted,
  join,
  launch,
  launchAndWait,
  serverRef,
  serviceToken,
  signInAgain,
  type World,
} from './world.ts'
import { signUp, type TestPerson } from '@berth/server/platform/testing/index.ts'
import { accountRows } from './account-rows.ts'
import { billingRows } from './billing-rows.ts'
import { invitationRows } from './invitation-rows.ts'
import { paymentRows } from './payment-rows.ts'

export interface Given {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  headers?: Record<string, string>
  /** Who asks, where it is not one of the world's people. */
  as?: TestPerson
}

/** How to reach one endpoint, and what that takes: said here again, apart from the code. */
export interface Row {
  needs: 'nothing' | 'person' | 'operator' | Permission
  /** Other permissions the request needs because of what it asks for. */
  also?: Permission[]
  /** A world apart, where the request ends the organization. */
  place?(world: World): Promise<World>
  /** A request that will succeed; what it uses up is made for it. Absent: nothing has to be given. */
  request?(world: World): Given | Promise<Given>
  /** A token does not do: it takes a sign-in. */
  signIn?: true
  /** What is asked for is the owner's own: somebody else gets 404. */
  own?: true
}

let made = 0
const fresh = (what: string) => `${what}-${++made}`

const inOrganization = ({ organizationId }: World): Given => ({ params: { organizationId } })
const inWorkspace = ({ organizationId, workspace }: World): Given => ({
  params: { organizationId, workspaceId: workspace.id },
})
const onDeployment = ({ organizationId, deployment }: World): Given => ({
  params: { organizationId, deploymentId: deployment.id },
})

async function onFreshDeployment(world: World): Promise<Given> {
  const { id } = await launch(world, world.workspace.id)
  return { params: { organizationId: world.organizationId, deploymentId: id } }
}

async function onStoppedDeployment(world: World): Promise<Given> {
  const { organizationId, owner } = world
  const { id: deploymentId } = await launchAndWait(world, world.workspace.id)
  const params = { organizationId, deploymentId }
  await owner.client.call(api.deployments.stop, { params })
  return { params }
}

async function onFreshWorkspace(world: World): Promise<Given> {
  return { params: { organizationId: world.organizationId, workspaceId: (await createWorkspace(world)).id } }
}

async function onDecision(world: World): Promise<Given> {
  const { organizationId, deployment, owner } = world
  const params = { organizationId }
  const { items } = await owner.client.call(api.policy.list, {
    params,
    query: { deploymentId: deployment.id },
  })
  return { params: { organizationId, decisionId: items[0]!.id } }
}

async function onRun(world: World): Promise<Given> {
  const { organizationId, deployment, owner } = world
  const params = { organizationId }
  const { items } = await owner.client.call(api.runs.list, { params, query: { deploymentId: deployment.id } })
  return { params: { organizationId, runId: items[0]!.id } }
}

async function onSecret(world: World): Promise<Given> {
  const params = {
    organizationId: world.organizationId,
    workspaceId: world.workspace.id,
    name: fresh('SECRET'),
  }
  await world.owner.client.call(api.secrets.set, { params, body: { value: 'a secret' } })
  return { params }
}

async function onRelease(world: World, name = 'access'): Promise<Given> {
  const params = { provider: 'local', server: name }
  const { releases } = await world.operator.client.call(api.catalog.get, { params })
  return { params: { releaseId: releases[0]!.id } }
}

async function onFreshRelease(world: World): Promise<Given> {
  const name = fresh('spare')
  await addServer(world, name)
  return onRelease(world, name)
}

/** A release whose server ended at once, so that it may be observed again. */
async function onFailedRelease(world: World): Promise<Given> {
  const name = fresh('broken')
  await addServer(world, name, { mode: 'exit-at-start', becomes: 'failed' })
  return onRelease(world, name)
}

async function onFreshOrganization({ stranger }: World): Promise<Given> {
  const { id } = await stranger.client.call(api.organizations.create, { body: { name: fresh('Spare') } })
  return { params: { organizationId: id } }
}

async function onFreshMember(world: World): Promise<Given> {
  const { memberId } = await join(world, 'developer')
  return { params: { organizationId: world.organizationId, memberId } }
}

/** Every operation of the OpenAPI document has its row here; one without it fails the test. */
export const rows: Record<string, Row> = {
  ...accountRows,
  ...billingRows,
  ...invitationRows,
  ...paymentRows,

  'operator.list-organizations': { needs: 'operator' },
  'operator.get-organization': { needs: 'operator', request: inOrganization },
  'operator.suspend-organization': {
    needs: 'operator',
    request: async (world) => ({ ...(await onFreshOrganization(world)), body: { reason: 'A test' } }),
  },
  'operator.resume-organization': {
    needs: 'operator',
    request: async (world) => {
      const given = await onFreshOrganization(world)
      const params = given.params as { organizationId: string }
      await world.operator.client.call(api.operator.suspendOrganization, {
        params,
        body: { reason: 'A test' },
      })
      return given
    },
  },
  'operator.list-runners': { needs: 'operator' },
  'operator.health': { needs: 'operator' },

  'limits.mine': { needs: 'person' },

  'identity.setup': { needs: 'nothing' },
  'identity.me': { needs: 'person' },
  'identity.list-sessions': { needs: 'person', signIn: true },
  'identity.revoke-session': {
    needs: 'person',
    signIn: true,
    own: true,
    request: async (world) => {
      await signInAgain(world, world.owner)
      const { items } = await world.owner.client.call(api.identity.listSessions, {})
      return { params: { sessionId: items.find((session) => !session.current)!.id } }
    },
  },

  'organizations.list': { needs: 'person' },
  'organizations.create': {
    needs: 'person',
    signIn: true,
    request: () => ({ body: { name: fresh('Founded') } }),
  },
  'organizations.get': { needs: 'organization:read', request: inOrganization },
  'organizations.update': {
    needs: 'organization:write',
    request: (world) => ({ ...inOrganization(world), body: { name: fresh('Acme') } }),
  },
  'organizations.list-members': { needs: 'members:read', request: inOrganization },
  'organizations.add-member': {
    needs: 'members:write',
    request: async (world) => {
      const { email } = await signUp(world.server)
      return { ...inOrganization(world), body: { email, role: 'auditor' } }
    },
  },
  'organizations.update-member': {
    needs: 'members:write',
    request: async (world) => ({ ...(await onFreshMember(world)), body: { role: 'auditor' } }),
  },
  'organizations.export': { needs: 'organization:export', request: inOrganization },
  'organizations.preview-closing': { needs: 'organization:close', request: inOrganization },
  'organizations.close': {
    needs: 'organization:close',
    place: anotherOrganization,
    request: async ({ organizationId, owner }) => {
      const { slug } = await owner.client.call(api.organizations.get, { params: { organizationId } })
      return { params: { organizationId }, body: { confirm: slug } }
    },
  },
  'organizations.remove-member': { needs: 'members:write', request: onFreshMember },

  'tokens.list-mine': { needs: 'person', signIn: true },
  'tokens.create-mine': {
    needs: 'person',
    signIn: true,
    request: () => ({ body: { name: 'mine', scopes: ['organization:read'] } }),
  },
  'tokens.revoke-mine': {
    needs: 'person',
    signIn: true,
    own: true,
    request: async ({ owner }) => ({
      params: { tokenId: (await createApiToken(owner, null, ['organization:read'])).id },
    }),
  },
  'tokens.list-service': { needs: 'tokens:read', request: inWorkspace },
  'tokens.create-service': {
    needs: 'tokens:write',
    also: ['workspaces:read'],
    request: (world) => ({ ...inWorkspace(world), body: { name: 'agent', scopes: ['workspaces:read'] } }),
  },
  'tokens.revoke-service': {
    needs: 'tokens:write',
    request: async (world) => {
      const { id } = await serviceToken(world, world.workspace.id, ['tools:call'])
      return { params: { ...inWorkspace(world).params, tokenId: id } }
    },
  },

  'catalog.list': { needs: 'person' },
  'catalog.get': { needs: 'person', request: () => ({ params: { provider: 'local', server: 'access' } }) },
  'catalog.get-release': { needs: 'person', request: (world) => onRelease(world) },
  'catalog.add': {
    needs: 'operator',
    request: ({ folder }) => ({
      body: {
        name: fresh('added'),
        artifact: { kind: 'local', path: folder, command: ['node', 'misbehaving.mjs', 'drift'] },
      },
    }),
  },
  'catalog.observe': { needs: 'operator', request: onFailedRelease },
  'catalog.set-release-state': {
    needs: 'operator',
    request: async (world) => ({
      ...(await onFreshRelease(world)),
      body: { action: 'yank', reason: 'a test' },
    }),
  },

  'tiers.list': { needs: 'person' },
  'tiers.create': { needs: 'operator', request: () => ({ body: { code: fresh('tier'), name: 'A tier' } }) },
  'tiers.update': {
    needs: 'operator',
    request: () => ({ params: { code: 'standard' }, body: { name: fresh('Standard') } }),
  },

  'workspaces.list': { needs: 'workspaces:read', request: inOrganization },
  'workspaces.create': {
    needs: 'workspaces:write',
    request: (world) => ({ ...inOrganization(world), body: { name: fresh('Made'), tier: 'community' } }),
  },
  'workspaces.get': { needs: 'workspaces:read', request: inWorkspace },
  'workspaces.update': {
    needs: 'workspaces:write',
    request: (world) => ({ ...inWorkspace(world), body: { name: fresh('Named') } }),
  },
  'workspaces.archive': { needs: 'workspaces:write', request: onFreshWorkspace },
  'workspaces.restore': {
    needs: 'workspaces:write',
    request: async (world) => {
      const given = await onFreshWorkspace(world)
      const params = given.params as { organizationId: string; workspaceId: string }
      await world.owner.client.call(api.workspaces.archive, { params })
      return given
    },
  },

  'secrets.list': { needs: 'secrets:read', request: inWorkspace },
  'secrets.set': {
    needs: 'secrets:write',
    request: (world) => ({
      params: { ...inWorkspace(world).params, name: fresh('SECRET') },
      body: { value: 'a secret' },
    }),
  },
  'secrets.remove': { needs: 'secrets:write', request: onSecret },

  'deployments.list': { needs: 'deployments:read', request: inOrganization },
  'deployments.launch': {
    needs: 'deployments:write',
    request: (world) => ({
      ...inOrganization(world),
      body: { workspaceId: world.workspace.id, server: serverRef, name: fresh('launched') },
    }),
  },
  'deployments.get': { needs: 'deployments:read', request: onDeployment },
  'deployments.update': {
    needs: 'deployments:write',
    request: async (world) => ({ ...(await onFreshDeployment(world)), body: { name: fresh('renamed') } }),
  },
  'deployments.start': { needs: 'deployments:write', request: onStoppedDeployment },
  'deployments.stop': { needs: 'deployments:write', request: onFreshDeployment },
  'deployments.restart': {
    needs: 'deployments:write',
    request: async (world) => {
      const { id } = await launchAndWait(world, world.workspace.id)
      return { params: { organizationId: world.organizationId, deploymentId: id } }
    },
  },
  'deployments.remove': { needs: 'deployments:write', request: onFreshDeployment },
  'deployments.surface': { needs: 'deployments:read', request: onDeployment },
  'deployments.accept-surface': {
    needs: 'policy:write',
    request: async (world) => {
      const { deploymentId, hash } = await drifted(world)
      return { params: { organizationId: world.organizationId, deploymentId }, body: { hash } }
    },
  },
  'deployments.tools': { needs: 'tools:call', request: onDeployment },
  'deployments.call': {
    needs: 'tools:call',
    request: (world) => ({ ...onDeployment(world), body: { tool: 'run' } }),
  },
  'deployments.call-stats': { needs: 'calls:read', request: onDeployment },
  'deployments.logs': { needs: 'deployments:read', request: onDeployment },
  'deployments.follow-logs': { needs: 'deployments:read', request: onDeployment },

  'policy.list-decisions': { needs: 'policy:read', request: inOrganization },
  'policy.explain': { needs: 'policy:read', request: onDecision },
  'policy.replay': { needs: 'policy:read', request: onDecision },

  'runs.list': { needs: 'deployments:read', request: inOrganization },
  'runs.get': { needs: 'deployments:read', request: onRun },

  'calls.list': { needs: 'calls:read', request: inOrganization },

  'audit.list': { needs: 'audit:read', request: inOrganization },
  'audit.leaf': {
    needs: 'audit:read',
    request: ({ organizationId }) => ({ params: { organizationId, seq: '1' } }),
  },
  'audit.stream': { needs: 'person' },

  'lifecycle.snapshot': {
    needs: 'deployments:read',
    request: ({ organizationId }) => ({ query: { organizationId } }),
  },
  'lifecycle.counts': {
    needs: 'deployments:read',
    request: ({ organizationId }) => ({ query: { organizationId } }),
  },
  'lifecycle.activity': {
    needs: 'deployments:read',
    request: ({ organizationId }) => ({ query: { organizationId } }),
  },
  'lifecycle.stream': {
    needs: 'deployments:read',
    request: ({ organizationId }) => ({ query: { organizationId } }),
  },
}

import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { displayName, idOf, organizationRef, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'
import { permission } from './permissions.ts'

const toolName = z.string().min(1).max(128)

const limits = {
  scopes: z.array(permission).min(1).describe('What the token may do; never more than its owner may'),
  allowedDeployments: z
    .array(idOf('deployment'))
    .nullable()
    .default(null)
    .describe('Null: every deployment the scopes reach'),
  allowedTools: z
    .array(toolName)
    .nullable()
    .default(null)
    .describe('Null: every tool. Otherwise tools/list shows, and tools/call accepts, only these'),
}

export const token = z.object({
  id: z.union([idOf('apiToken'), idOf('serviceToken')]),
  kind: z.enum(['api', 'service']),
  name: z.string(),
  hint: z.string().describe('The last four characters'),
  organizationId: idOf('organization').nullable(),
  workspaceId: idOf('workspace').nullable(),
  scopes: z.array(permission),
  allowedDeployments: z.array(idOf('deployment')).nullable(),
  allowedTools: z.array(z.string()).nullable(),
  state: z.enum(['active', 'revoked', 'expired']),
  createdBy: idOf('user'),
  createdAt: timestamp,
  expiresAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable(),
})
export type Token = z.infer<typeof token>

export const createdToken = token.extend({
  secret: z.string().describe('Shown once, stored as a hash'),
})

/** The longest that a token may hold, unless it never ends. */
export const maxTokenDays = 3650
const expiresInDays = z.number().int().min(1).max(maxTokenDays).nullable().default(90)
const inWorkspace = z.object({ organizationId: organizationRef, workspaceId: idOf('workspace') })

export const tokenEndpoints = {
  listMine: endpoint({
    id: 'tokens.list-mine',
    method: 'GET',
    path: '/api/me/tokens',
    tag: 'tokens',
    summary: "The caller's own API tokens",
    access: { kind: 'user' },
    query: pageQuery,
    response: pageOf(token),
  }),
  createMine: endpoint({
    id: 'tokens.create-mine',
    example: { body: { name: 'laptop', scopes: ['tools:call'] } },
    method: 'POST',
    path: '/api/me/tokens',
    tag: 'tokens',
    summary: 'Create an API token that acts as the caller',
    access: { kind: 'user' },
    body: z.object({
      name: displayName,
      organizationId: idOf('organization')
        .nullable()
        .default(null)
        .describe('Null: every organization of the caller'),
      expiresInDays,
      ...limits,
    }),
    status: 201,
    response: createdToken,
    idempotent: true,
  }),
  revokeMine: endpoint({
    id: 'tokens.revoke-mine',
    method: 'DELETE',
    path: '/api/me/tokens/:tokenId',
    tag: 'tokens',
    summary: 'Revoke one of your tokens; open sessions that use it end at once',
    access: { kind: 'user' },
    params: z.object({ tokenId: idOf('apiToken') }),
  }),
  listService: endpoint({
    id: 'tokens.list-service',
    method: 'GET',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId/tokens',
    tag: 'tokens',
    summary: "The service tokens of a workspace's agents",
    access: { kind: 'organization', permission: 'tokens:read' },
    params: inWorkspace,
    query: pageQuery,
    response: pageOf(token),
  }),
  createService: endpoint({
    id: 'tokens.create-service',
    example: { body: { name: 'agent', scopes: ['tools:call'] } },
    method: 'POST',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId/tokens',
    tag: 'tokens',
    summary: 'Create a service token for an agent',
    access: { kind: 'organization', permission: 'tokens:write' },
    params: inWorkspace,
    body: z.object({
      name: displayName,
      expiresInDays,
      ...limits,
      scopes: limits.scopes.default(['tools:call', 'deployments:read']),
    }),
    status: 201,
    response: createdToken,
    idempotent: true,
  }),
  revokeService: endpoint({
    id: 'tokens.revoke-service',
    method: 'DELETE',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId/tokens/:tokenId',
    tag: 'tokens',
    summary: 'Revoke a service token; open sessions that use it end at once',
    access: { kind: 'organization', permission: 'tokens:write' },
    params: inWorkspace.extend({ tokenId: idOf('serviceToken') }),
  }),
}

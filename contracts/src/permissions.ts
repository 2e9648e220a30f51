import { z } from 'zod'

/** What may be done inside an organization. Endpoints declare one; roles and token scopes are sets of them. */
export const permissions = [
  'organization:read',
  'organization:write',
  'organization:export',
  'organization:close',
  'members:read',
  'members:write',
  'workspaces:read',
  'workspaces:write',
  'deployments:read',
  'deployments:write',
  'tools:call',
  'secrets:read',
  'secrets:write',
  'tokens:read',
  'tokens:write',
  'calls:read',
  'policy:read',
  'policy:write',
  'audit:read',
  'billing:read',
  'billing:write',
] as const

export const permission = z.enum(permissions)
export type Permission = z.infer<typeof permission>

export const memberRole = z.enum(['owner', 'admin', 'developer', 'auditor'])
export type MemberRole = z.infer<typeof memberRole>

export const platformRole = z.enum(['operator', 'reviewer'])
export type PlatformRole = z.infer<typeof platformRole>

const reads = permissions.filter((p) => p.endsWith(':read'))

/** What concerns the organization as a whole and stays with its owners. */
const ownersOnly = new Set<Permission>(['organization:export', 'organization:close'])

/** What each role may do in its organization. An auditor reads all and changes nothing. */
export const rolePermissions: Record<MemberRole, readonly Permission[]> = {
  owner: permissions,
  admin: permissions.filter((p) => !ownersOnly.has(p)),
  developer: [
    ...reads,
    'workspaces:write',
    'deployments:write',
    'tools:call',
    'secrets:write',
    'tokens:write',
  ],
  auditor: reads,
}

/** What a service token may be given: what concerns its workspace, never people, tokens or the organization. */
export const serviceTokenScopes: readonly Permission[] = [
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

/** What a token for certain deployments may be given: what can be kept to these. The log, for one, tells of all. */
export const deploymentTokenScopes: readonly Permission[] = [
  'organization:read',
  'workspaces:read',
  'deployments:read',
  'deployments:write',
  'tools:call',
  'calls:read',
  'policy:read',
  'policy:write',
]

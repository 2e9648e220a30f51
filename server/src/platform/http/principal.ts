import type { Permission, PlatformRole } from '@berth/contracts'

/** Who makes a request, and what they may do where. */
export interface Principal {
  kind: 'user' | 'service'
  /** The user's id, or the service token's. */
  id: string
  tokenId: string | null
  sessionId: string | null
  /** How they were recognised: cookie requests must come from our own pages. */
  via: 'cookie' | 'bearer'
  /** A person whose address has to be verified before anything but their own account is open to them. */
  mustVerify: boolean
  platformRoles: ReadonlySet<PlatformRole>
  /** Permissions by organization, already narrowed by the token's scopes. */
  permissions: ReadonlyMap<string, ReadonlySet<Permission>>
  /** Organizations that are not active: that is why some permissions are missing there. */
  halted: ReadonlyMap<string, 'suspended' | 'closed'>
  /** A service token's workspace; null: not bound to one. */
  workspaceId: string | null
  allowedDeployments: ReadonlySet<string> | null
  allowedTools: ReadonlySet<string> | null
}

/** What of an organization a principal's token reaches; null: everything. */
export interface Reach {
  workspaceId: string | null
  deploymentIds: string[] | null
}

export const reachOf = ({ workspaceId, allowedDeployments }: Principal): Reach => ({
  workspaceId,
  deploymentIds: allowedDeployments && [...allowedDeployments],
})

/** Whether one thing of an organization lies within what a principal's token reaches. */
export function reaches(
  { workspaceId, allowedDeployments }: Principal,
  thing: { workspaceId: string | null; deploymentId: string | null },
): boolean {
  if (workspaceId !== null && thing.workspaceId !== workspaceId) return false
  return !allowedDeployments || thing.deploymentId === null || allowedDeployments.has(thing.deploymentId)
}

/** Recognises callers. Implemented by the identity domain; the platform only asks. */
export interface Authenticator {
  /** Null: no credential, or one that no longer holds. */
  authenticate(headers: Record<string, string | string[] | undefined>): Promise<Principal | null>
  /** The id of the organization an id or slug names, if there is one. */
  resolveOrganization(ref: string): Promise<string | null>
}

export const may = (principal: Principal, organizationId: string, permission: Permission): boolean =>
  principal.permissions.get(organizationId)?.has(permission) ?? false

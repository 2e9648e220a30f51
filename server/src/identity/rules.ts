import {
  permissions,
  platformOrganizationId,
  rolePermissions,
  type MemberRole,
  type Permission,
  type PlatformRole,
} from '@berth/contracts'

export interface Membership {
  organizationId: string
  role: MemberRole
  state: 'active' | 'suspended' | 'closed'
}

type Grants = ReadonlyMap<string, ReadonlySet<Permission>>
type Halted = ReadonlyMap<string, 'suspended' | 'closed'>

const isRead = (permission: Permission) =>
  permission.endsWith(':read') || permission === 'organization:export'

/**
 * What an organization's state leaves of some permissions. A suspended one is only read, and its owner may still
 * close it. A closed one is there for its owners alone, who read and export what is kept of it.
 */
function left(given: readonly Permission[], state: Membership['state']): Permission[] | null {
  if (state === 'active') return [...given]
  if (state === 'suspended') return given.filter((one) => isRead(one) || one === 'organization:close')
  return given.includes('organization:close') ? given.filter(isRead) : null
}

/** An operator reads the platform's own log, and its runs. */
const operatorGrants: readonly Permission[] = ['organization:read', 'deployments:read', 'audit:read']

/** What a person who is signed in may do where. */
export function grantsOfPerson(memberships: Membership[], roles: ReadonlySet<PlatformRole>): Grants {
  const grants = new Map<string, ReadonlySet<Permission>>()
  for (const { organizationId, role, state } of memberships) {
    const granted = left(rolePermissions[role], state)
    if (granted) grants.set(organizationId, new Set(granted))
  }
  if (roles.has('operator')) grants.set(platformOrganizationId, new Set(operatorGrants))
  return grants
}

/**
 * What a person's API token may do: the person's role, narrowed by the token's scopes and to its organization. It
 * never carries platform roles: those act for the whole installation and need a sign-in.
 */
export function grantsOfApiToken(
  memberships: Membership[],
  token: { scopes: readonly Permission[]; organizationId: string | null },
): Grants {
  const scopes = new Set(token.scopes)
  const reached = memberships.filter(
    ({ organizationId }) => !token.organizationId || organizationId === token.organizationId,
  )
  return new Map(
    [...grantsOfPerson(reached, new Set())].map(([id, granted]) => [
      id,
      new Set([...granted].filter((one) => scopes.has(one))),
    ]),
  )
}

/** The organizations whose state takes rights away from those who are in them. */
export function haltedOf(memberships: Pick<Membership, 'organizationId' | 'state'>[]): Halted {
  return new Map(
    memberships.flatMap(({ organizationId, state }) => (state === 'active' ? [] : [[organizationId, state]])),
  )
}

/** What a workspace's agent may do: its scopes, in its organization. */
export function grantsOfServiceToken(token: {
  scopes: readonly Permission[]
  organizationId: string
  state: Membership['state']
}): Grants {
  const granted = left(token.scopes, token.state)
  return new Map(granted ? [[token.organizationId, new Set(granted)]] : [])
}

/** The scopes that go beyond what the creator holds, in the order of the vocabulary. */
export function beyond(scopes: readonly Permission[], held: Iterable<Permission>): Permission[] {
  const may = new Set(held)
  return permissions.filter((permission) => scopes.includes(permission) && !may.has(permission))
}

import { sql } from 'kysely'
import { deploymentTokenScopes, type Permission, type PlatformRole } from '@berth/contracts'
import { sha256 } from '../platform/crypto.ts'
import type { Queryable } from '../platform/db/database.ts'
import type { Principal } from '../platform/http/principal.ts'
import type { Platform } from '../platform/platform.ts'
import type { Credential } from './credentials.ts'
import { hashOf } from './people/hashing.ts'
import { grantsOfApiToken, grantsOfPerson, grantsOfServiceToken, haltedOf, type Membership } from './rules.ts'

/** A principal as found, with what a cache must know about it. */
export interface Found {
  principal: Principal
  /** The instant from which the credential no longer holds. */
  expiresAt: Date | null
}

/** Who holds a credential now, in one statement; null when it does not hold. */
export async function findPrincipal(
  { db, config }: Pick<Platform, 'db' | 'config'>,
  credential: Credential,
  now: Date,
): Promise<Found | null> {
  const found = await (credential.kind === 'session'
    ? bySession(db, credential, now)
    : byToken(db, credential.secret, now))
  return found && { ...found, principal: held(found.principal, config.mail !== null) }
}

/**
 * Whoever must verify their address first may do nothing anywhere until then, where there is mail to verify it with.
 * Operators are not held: they mend the mail server.
 */
function held(principal: Principal, sendsMail: boolean): Principal {
  if (!principal.mustVerify) return principal
  if (!sendsMail || principal.platformRoles.size > 0) return { ...principal, mustVerify: false }
  return { ...principal, permissions: new Map() }
}

const membershipsOf = (userId: string) => sql<Membership[]>`(
  select coalesce(jsonb_agg(jsonb_build_object('organizationId', m.organization_id, 'role', m.role, 'state', o.state)), '[]')
  from members m join organizations o on o.id = m.organization_id
  where m.user_id = ${sql.ref(userId)})`

interface SessionRow {
  sessionId: string
  userId: string
  mustVerify: boolean
  expiresAt: Date
  roles: PlatformRole[]
  memberships: Membership[]
}

async function bySession(db: Queryable, credential: Credential, now: Date): Promise<Found | null> {
  const { rows } = await sql<SessionRow>`
    select s.id as session_id, s.user_id, s.expires_at, u.must_verify and not u.email_verified as must_verify,
      array(select role from platform_roles r where r.user_id = s.user_id) as roles,
      ${membershipsOf('s.user_id')} as memberships
    from sessions s join users u on u.id = s.user_id
    where s.token = ${hashOf(credential.secret)} and s.expires_at > ${now} and u.state = 'active'`.execute(db)
  const row = rows[0]
  if (!row) return null
  const platformRoles = new Set(row.roles)
  return {
    expiresAt: row.expiresAt,
    principal: {
      ...unbound,
      kind: 'user',
      id: row.userId,
      sessionId: row.sessionId,
      via: credential.via,
      mustVerify: row.mustVerify,
      platformRoles,
      permissions: grantsOfPerson(row.memberships, platformRoles),
      halted: haltedOf(row.memberships),
    },
  }
}

interface TokenRow {
  id: string
  kind: 'api' | 'service'
  userId: string | null
  mustVerify: boolean
  organizationId: string | null
  organizationState: Membership['state'] | null
  workspaceId: string | null
  scopes: Permission[]
  allowedDeployments: string[] | null
  allowedTools: string[] | null
  expiresAt: Date | null
  memberships: Membership[]
}

async function byToken(db: Queryable, secret: string, now: Date): Promise<Found | null> {
  const { rows } = await sql<TokenRow>`
    select t.id, t.kind, t.user_id, t.organization_id, o.state as organization_state, t.workspace_id, t.scopes,
      t.allowed_deployments, t.allowed_tools, t.expires_at, ${membershipsOf('t.user_id')} as memberships,
      coalesce(u.must_verify and not u.email_verified
        and not exists (select from platform_roles r where r.user_id = u.id), false) as must_verify
    from tokens t
    left join users u on u.id = t.user_id
    left join organizations o on o.id = t.organization_id
    where t.hash = ${sha256(secret)} and t.state = 'active' and (t.expires_at is null or t.expires_at > ${now})
      and (t.kind = 'service' or u.state = 'active')`.execute(db)
  const row = rows[0]
  if (!row) return null
  return { expiresAt: row.expiresAt, principal: ofToken(row) }
}

/** The token's scopes; one for certain deployments never reaches beyond them, whatever it was once given. */
const scopesOf = ({ scopes, allowedDeployments }: TokenRow): Permission[] =>
  allowedDeployments ? scopes.filter((scope) => deploymentTokenScopes.includes(scope)) : scopes

function ofToken(row: TokenRow): Principal {
  const scopes = scopesOf(row)
  return {
    ...unbound,
    kind: row.kind === 'api' ? 'user' : 'service',
    id: row.userId ?? row.id,
    tokenId: row.id,
    mustVerify: row.mustVerify,
    permissions:
      row.kind === 'api'
        ? grantsOfApiToken(row.memberships, { ...row, scopes })
        : grantsOfServiceToken({
            scopes,
            organizationId: row.organizationId!,
            state: row.organizationState!,
          }),
    halted: haltedOf(
      row.kind === 'api'
        ? row.memberships
        : [{ organizationId: row.organizationId!, state: row.organizationState! }],
    ),
    workspaceId: row.workspaceId,
    allowedDeployments: row.allowedDeployments && new Set(row.allowedDeployments),
    allowedTools: row.allowedTools && new Set(row.allowedTools),
  }
}

const unbound = {
  tokenId: null,
  sessionId: null,
  via: 'bearer',
  mustVerify: false,
  platformRoles: new Set<PlatformRole>(),
  workspaceId: null,
  allowedDeployments: null,
  allowedTools: null,
} as const

import { platformOrganizationId, type Me } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Principal } from '../../platform/http/principal.ts'

/** Who a principal is and where it may act; the platform's own organization is not among them. */
export async function describe(db: Queryable, principal: Principal, sendsMail: boolean): Promise<Me> {
  const userId = principal.kind === 'user' ? principal.id : null
  const found = userId ? await userOf(db, userId) : null
  return {
    principal: principal.kind,
    user: found?.user ?? null,
    confirmEmail:
      found && sendsMail && !found.emailVerified ? (principal.mustVerify ? 'must' : 'should') : null,
    platformRoles: [...principal.platformRoles].toSorted(),
    organizations: await organizationsOf(db, principal, userId),
  }
}

async function userOf(db: Queryable, userId: string) {
  const { emailVerified, ...row } = await db
    .selectFrom('users')
    .select(['id', 'name', 'email', 'emailVerified', 'state', 'createdAt'])
    .where('id', '=', userId)
    .executeTakeFirstOrThrow()
  return {
    emailVerified,
    user: { ...row, state: row.state as 'active', createdAt: row.createdAt.toISOString() },
  }
}

async function organizationsOf(
  db: Queryable,
  { permissions }: Principal,
  userId: string | null,
): Promise<Me['organizations']> {
  const ids = [...permissions.keys()].filter((id) => id !== platformOrganizationId)
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('organizations as o')
    .leftJoin('members as m', (join) =>
      join.onRef('m.organizationId', '=', 'o.id').on('m.userId', '=', userId ?? ''),
    )
    .select(['o.id', 'o.slug', 'o.name', 'o.state', 'm.role'])
    .where('o.id', 'in', ids)
    .orderBy('o.name')
    .orderBy('o.id')
    .execute()
  return rows.map((row) => ({
    ...row,
    state: row.state as Me['organizations'][number]['state'],
    role: row.role as Me['organizations'][number]['role'],
    permissions: [...permissions.get(row.id)!],
  }))
}

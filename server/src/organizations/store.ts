import { sql, type Selectable } from 'kysely'
import type { z } from 'zod'
import { platformOrganizationId, type MemberRole, type member, type Organization } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Organizations } from '../platform/db/schema.generated.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { notFound } from '../platform/problem.ts'

export type Member = z.infer<typeof member>
interface Page {
  cursor?: string | undefined
  limit: number
}

export function toOrganization(row: Selectable<Organizations>): Organization {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    timeZone: row.timeZone,
    kind: row.kind as Organization['kind'],
    state: row.state as Organization['state'],
    stateReason: row.stateReason,
    stateSince: row.stateSince?.toISOString() ?? null,
    version: row.version,
    createdAt: row.createdAt.toISOString(),
  }
}

/** The organization with this id or slug, present or former; null when there is none. */
export async function findOrganizationId(db: Queryable, ref: string): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    select id from organizations where id = ${ref}
    union all select organization_id from organization_slugs where slug = ${ref}
    limit 1`.execute(db)
  return rows[0]?.id ?? null
}

export async function readOrganization(db: Queryable, id: string): Promise<Organization> {
  const row = await db.selectFrom('organizations').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('organization')
  return toOrganization(row)
}

/** Holds the organization until the unit of work ends: changes of its members and of itself take turns. */
export async function lockOrganization(db: Queryable, id: string): Promise<Organization> {
  const row = await db
    .selectFrom('organizations')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw notFound('organization')
  return toOrganization(row)
}

/** Some organizations by id, in the order of their names. */
export async function pageOfOrganizations(db: Queryable, ids: string[], page: Page) {
  const after = afterCursor(page.cursor)
  let query = db
    .selectFrom('organizations')
    .selectAll()
    .where('id', 'in', [...ids, ''])
    .where('id', '!=', platformOrganizationId)
  if (after !== null) query = query.where('slug', '>', after)
  const rows = await query
    .orderBy('slug')
    .limit(page.limit + 1)
    .execute()
  return cutPage(rows, page.limit, (row) => row.slug, toOrganization)
}

function selectMembers(db: Queryable, organizationId: string) {
  return db
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.userId')
    .select(['m.id', 'm.userId', 'u.name', 'u.email', 'm.role', 'm.joinedAt'])
    .where('m.organizationId', '=', organizationId)
}

type MemberRow = { id: string; userId: string; name: string; email: string; role: string; joinedAt: Date }

const toMember = (row: MemberRow): Member => ({
  ...row,
  role: row.role as MemberRole,
  joinedAt: row.joinedAt.toISOString(),
})

/** In the order in which they joined. */
export async function pageOfMembers(db: Queryable, organizationId: string, page: Page) {
  const after = afterCursor(page.cursor)
  let query = selectMembers(db, organizationId)
  if (after !== null) query = query.where('m.id', '>', after)
  const rows = await query
    .orderBy('m.id')
    .limit(page.limit + 1)
    .execute()
  return cutPage(rows, page.limit, (row) => row.id, toMember)
}

export async function readMember(db: Queryable, organizationId: string, memberId: string): Promise<Member> {
  const row = await selectMembers(db, organizationId).where('m.id', '=', memberId).executeTakeFirst()
  if (!row) throw notFound('member')
  return toMember(row)
}

export async function roleOf(
  db: Queryable,
  organizationId: string,
  userId: string,
): Promise<MemberRole | null> {
  const row = await db
    .selectFrom('members')
    .select('role')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return (row?.role as MemberRole | undefined) ?? null
}

export async function countOwners(db: Queryable, organizationId: string): Promise<number> {
  const row = await db
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.userId')
    .select((eb) => eb.fn.countAll<number>().as('owners'))
    .where('m.organizationId', '=', organizationId)
    .where('m.role', '=', 'owner')
    .where('u.state', '=', 'active')
    .executeTakeFirstOrThrow()
  return row.owners
}

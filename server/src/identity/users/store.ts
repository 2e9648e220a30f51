import { sql } from 'kysely'
import type { Person, PlatformRole } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import { afterCursor, cutPage } from '../../platform/page.ts'
import { notFound } from '../../platform/problem.ts'

export interface UserQuery {
  cursor?: string | undefined
  limit: number
  search?: string | undefined
  state?: Person['state'] | undefined
  role?: PlatformRole | undefined
}

interface Row extends Omit<Person, 'createdAt' | 'lastSeenAt'> {
  createdAt: Date
  lastSeenAt: Date | null
}

function selectPeople(db: Queryable, now: Date) {
  return db.selectFrom('users as u').select([
    'u.id',
    'u.name',
    'u.email',
    'u.emailVerified',
    'u.createdAt',
    sql<Person['state']>`u.state`.as('state'),
    sql<PlatformRole[]>`array(select r.role from platform_roles r where r.user_id = u.id order by r.role)`.as(
      'platformRoles',
    ),
    sql<boolean>`exists (select from second_factors f where f.user_id = u.id and f.confirmed_at is not null)`.as(
      'secondFactor',
    ),
    sql<Person['organizations']>`(
      select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'role', m.role)
        order by o.name, o.id), '[]')
      from members m join organizations o on o.id = m.organization_id
      where m.user_id = u.id and o.state <> 'closed')`.as('organizations'),
    sql<Date | null>`(
      select max(s.updated_at) from sessions s where s.user_id = u.id and s.expires_at > ${now})`.as(
      'lastSeenAt',
    ),
  ])
}

const toPerson = (row: Row): Person => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  lastSeenAt: row.lastSeenAt?.toISOString() ?? null,
})

/** Newest first. */
export async function pageOfUsers(db: Queryable, now: Date, given: UserQuery) {
  const after = afterCursor(given.cursor)
  let query = selectPeople(db, now)
  query = given.state ? query.where('u.state', '=', given.state) : query.where('u.state', '!=', 'deleted')
  if (given.search) {
    const pattern = `%${given.search.replace(/[\\%_]/g, String.raw`\$&`)}%`
    query = query.where((eb) => eb.or([eb('u.name', 'ilike', pattern), eb('u.email', 'ilike', pattern)]))
  }
  if (given.role) {
    const { role } = given
    query = query.where(sql<boolean>`exists (
      select from platform_roles r where r.user_id = u.id and r.role = ${role})`)
  }
  if (after !== null) query = query.where('u.id', '<', after)
  const rows = await query
    .orderBy('u.id', 'desc')
    .limit(given.limit + 1)
    .execute()
  return cutPage(rows, given.limit, (row) => row.id, toPerson)
}

export async function readUser(db: Queryable, now: Date, userId: string): Promise<Person> {
  const row = await selectPeople(db, now).where('u.id', '=', userId).executeTakeFirst()
  if (!row) throw notFound('person')
  return toPerson(row)
}

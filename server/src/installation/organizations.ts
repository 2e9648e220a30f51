import { sql, type RawBuilder, type Selectable } from 'kysely'
import {
  platformOrganizationId,
  type EndpointOutput,
  type operatorEndpoints,
  type OrganizationOverview,
} from '@berth/contracts'
import { findOrganizationId, toOrganization } from '../organizations/service.ts'
import type { Queryable } from '../platform/db/database.ts'
import type { Organizations } from '../platform/db/schema.generated.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { notFound } from '../platform/problem.ts'

type Detail = EndpointOutput<typeof operatorEndpoints.getOrganization>

interface Filter {
  search?: string | undefined
  state?: string | undefined
  kind?: string | undefined
  cursor?: string | undefined
  limit: number
}

type Row = Selectable<Organizations> &
  Pick<OrganizationOverview, 'members' | 'workspaces' | 'deployments' | 'running'>

/** Organizations with their sizes, newest first; the sizes of a page are counted together. */
export async function pageOfOverviews(db: Queryable, filter: Filter) {
  const { search, state, kind, cursor, limit } = filter
  const before = afterCursor(cursor)
  const pattern = search && `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const rows = await overviews(
    db,
    sql`where o.kind <> 'platform'
      ${pattern ? sql`and (o.name ilike ${pattern} or o.slug ilike ${pattern} or o.id = ${search})` : sql``}
      ${state ? sql`and o.state = ${state}` : sql``}
      ${kind ? sql`and o.kind = ${kind}` : sql``}
      ${before ? sql`and o.id < ${before}` : sql``}
      order by o.id desc limit ${limit + 1}`,
  )
  return cutPage(rows, limit, (row) => row.id, toOverview)
}

/** One organization by id or slug, present or former, with its owners. */
export async function readOverview(db: Queryable, ref: string): Promise<Detail> {
  const [row] = await overviews(db, sql`where o.id = ${await resolve(db, ref)}`)
  const owners = await db
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.userId')
    .select(['m.userId', 'u.name', 'u.email'])
    .where('m.organizationId', '=', row!.id)
    .where('m.role', '=', 'owner')
    .where('u.state', '=', 'active')
    .orderBy('m.joinedAt')
    .execute()
  return { ...toOverview(row!), owners }
}

/** The id of an organization that an operator names; the platform's own is none. */
export async function resolve(db: Queryable, ref: string): Promise<string> {
  const id = await findOrganizationId(db, ref)
  if (!id || id === platformOrganizationId) throw notFound('organization')
  return id
}

async function overviews(db: Queryable, which: RawBuilder<unknown>): Promise<Row[]> {
  const { rows } = await sql<Row>`
    with page as materialized (select o.* from organizations o ${which})
    select p.*, coalesce(m.count, 0) as members, coalesce(w.count, 0) as workspaces,
      coalesce(d.count, 0) as deployments, coalesce(d.running, 0) as running
    from page p
    left join (select organization_id, count(*) from members
               where organization_id in (select id from page) group by 1) m on m.organization_id = p.id
    left join (select organization_id, count(*) from workspaces
               where organization_id in (select id from page) and state <> 'archived' group by 1) w
      on w.organization_id = p.id
    left join (select organization_id, count(*), count(*) filter (where phase = 'running') as running from deployments
               where organization_id in (select id from page) and deleted_at is null group by 1) d
      on d.organization_id = p.id
    order by p.id desc`.execute(db)
  return rows
}

const toOverview = (row: Row): OrganizationOverview => ({
  ...toOrganization(row),
  members: row.members,
  workspaces: row.workspaces,
  deployments: row.deployments,
  running: row.running,
})

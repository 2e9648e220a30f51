import { sql, type RawBuilder } from 'kysely'
import { deploymentWords } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Reach } from '../platform/http/principal.ts'
import { afterCursor, toCursor } from '../platform/page.ts'

export type Status = (typeof deploymentWords)[number]

/** `deploymentWord` of contracts for a row of `deployments d`. */
export const statusSql = sql<Status>`case
  when d.quarantined then 'quarantined'
  when d.hold is not null and d.desired = 'running' then 'held'
  when d.phase = 'running' then case when d.health in ('degraded', 'unreachable') then 'degraded' else 'running' end
  when d.phase = 'absent' then case when d.desired = 'running' then 'launching' else 'stopped' end
  when d.phase = 'stopped' and d.desired = 'running' then 'launching'
  else d.phase end`

export interface LifecycleFilter {
  organizationId: string
  reach: Reach
  workspaceId?: string | undefined
  /** A workspace's key, present or former. */
  workspace?: string | undefined
  state?: string | undefined
  tier?: string | undefined
  search?: string | undefined
  status?: Status | undefined
}

export interface Line {
  workspaceId: string
  /** Null: a workspace of which nothing is shown, or which has nothing. */
  deploymentId: string | null
}

/** Most deployments on one page. */
const maxDeployments = 500

interface Place {
  workspaceId: string
  deploymentId: string | null
}

/**
 * One page of what passes the filter: so many workspaces, newest first, each with its deployments, oldest first, and no
 * more than so many of these; a workspace that does not fit goes on on the next page.
 */
export async function readPage(
  db: Queryable,
  filter: LifecycleFilter,
  cursor: string | undefined,
  workspaces: number,
  most = maxDeployments,
): Promise<{ lines: Line[]; nextCursor: string | null }> {
  const found = await findLines(db, filter, placeIn(cursor), {
    workspaces: workspaces + 1,
    deployments: most + 1,
  })
  const seen = new Set<string>()
  const lines: Line[] = []
  for (const line of found) {
    seen.add(line.workspaceId)
    const last = lines.at(-1)
    if (last && (seen.size > workspaces || lines.length >= most)) {
      const within = last.workspaceId === line.workspaceId
      return {
        lines,
        nextCursor: toCursor(within ? `${last.workspaceId}/${last.deploymentId}` : last.workspaceId),
      }
    }
    lines.push(line)
  }
  return { lines, nextCursor: null }
}

/** Where a page begins: behind a workspace, or within it behind one of its deployments. */
function placeIn(cursor: string | undefined): Place | null {
  const key = afterCursor(cursor)
  if (key === null) return null
  const [workspaceId, deploymentId] = key.split('/')
  return { workspaceId: workspaceId!, deploymentId: deploymentId ?? null }
}

/** A workspace found by its own name keeps all of its deployments. */
async function findLines(
  db: Queryable,
  filter: LifecycleFilter,
  after: Place | null,
  limits: { workspaces: number; deployments: number },
): Promise<Line[]> {
  const { rows } = await sql<Line>`
    with page as (
      select w.id, ${isNamed(filter)} as named from workspaces w
      where ${workspaceMatches(filter)} and ${isWanted(filter)} ${after ? beyond(after) : sql``}
      order by w.id desc limit ${limits.workspaces})
    select page.id as workspace_id, d.id as deployment_id from page
    left join lateral (
      select d.id from ${deployments}
      where d.workspace_id = page.id and ${deploymentMatches(filter, sql`page.named`)}
        ${after?.deploymentId ? sql`and (page.id <> ${after.workspaceId} or d.id > ${after.deploymentId})` : sql``}
      order by d.id limit ${limits.deployments}) d on true
    order by page.id desc, d.id limit ${limits.deployments}`.execute(db)
  return rows
}

const deployments = sql`deployments d join servers s on s.id = d.server_id join providers p on p.id = s.provider_id`

/** Behind the last one shown; the rest of a workspace that did not fit comes first. */
function beyond(after: Place): RawBuilder<unknown> {
  if (!after.deploymentId) return sql`and w.id < ${after.workspaceId}`
  return sql`and (w.id < ${after.workspaceId} or (w.id = ${after.workspaceId} and exists (
    select 1 from deployments d
    where d.workspace_id = w.id and d.deleted_at is null and d.id > ${after.deploymentId})))`
}

function workspaceMatches(filter: LifecycleFilter): RawBuilder<unknown> {
  const { organizationId, reach, workspaceId, workspace, state, tier } = filter
  const conditions = [sql`w.organization_id = ${organizationId}`]
  if (workspaceId) conditions.push(sql`w.id = ${workspaceId}`)
  if (reach.workspaceId) conditions.push(sql`w.id = ${reach.workspaceId}`)
  if (workspace)
    conditions.push(sql`w.id = (
      select k.workspace_id from workspace_keys k where k.organization_id = ${organizationId} and k.key = ${workspace})`)
  if (state) conditions.push(sql`w.state = ${state}`)
  if (tier) conditions.push(sql`w.tier = ${tier}`)
  return sql.join(conditions, sql` and `)
}

function isNamed({ search }: LifecycleFilter): RawBuilder<unknown> {
  return search ? sql`(w.key ilike ${pattern(search)} or w.name ilike ${pattern(search)})` : sql`true`
}

/** With a filter of deployments a workspace is wanted for these, unless it was looked for by its own name. */
function isWanted(filter: LifecycleFilter): RawBuilder<unknown> {
  if (!filter.search && !filter.status) return sql`true`
  const some = sql`exists (
    select 1 from ${deployments} where d.workspace_id = w.id and ${deploymentMatches(filter, isNamed(filter))})`
  return filter.status ? some : sql`(${isNamed(filter)} or ${some})`
}

function deploymentMatches(
  { reach, search, status }: LifecycleFilter,
  named: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const conditions = [sql`d.deleted_at is null`]
  if (reach.deploymentIds) conditions.push(sql`d.id = any(${reach.deploymentIds})`)
  if (status) conditions.push(sql`${statusSql} = ${status}`)
  if (search)
    conditions.push(
      sql`(${named} or d.name ilike ${pattern(search)} or p.slug || '/' || s.slug ilike ${pattern(search)})`,
    )
  return sql.join(conditions, sql` and `)
}

const pattern = (search: string) => `%${search.replace(/[\\%_]/g, '\\$&')}%`

export interface Counts {
  workspaces: number
  deployments: number
  byStatus: Record<Status, number>
  tiers: string[]
  regions: string[]
}

/** How much there is, whatever fits on a page. */
export async function count(db: Queryable, filter: LifecycleFilter): Promise<Counts> {
  const { rows } = await sql<
    Omit<Counts, 'deployments' | 'byStatus'> & { byStatus: Partial<Record<Status, number>> | null }
  >`
    with found as materialized (
      select w.id, w.tier, w.region, ${isNamed(filter)} as named from workspaces w
      where ${workspaceMatches(filter)} and ${isWanted(filter)}
    ), statuses as (
      select ${statusSql} as status, count(*)::int as n from found join ${deployments} on d.workspace_id = found.id
      where d.organization_id = ${filter.organizationId} and ${deploymentMatches(filter, sql`found.named`)}
      group by 1)
    select (select count(*)::int from found) as workspaces,
      array(select distinct tier from found order by 1) as tiers,
      array(select distinct region from found order by 1) as regions,
      (select jsonb_object_agg(status, n) from statuses) as by_status`.execute(db)
  const { byStatus: found, ...row } = rows[0]!
  const byStatus = Object.fromEntries(
    deploymentWords.map((word) => [word, found?.[word] ?? 0]),
  ) as Counts['byStatus']
  return { ...row, byStatus, deployments: Object.values(byStatus).reduce((sum, n) => sum + n, 0) }
}

/** Where tool calls came from: told by the call records, not by the ledger. */
import { sql, type RawBuilder } from 'kysely'
import { billedOutcomes } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Reach } from '../../platform/http/principal.ts'

export interface BreakdownQuestion {
  organizationId: string
  by: 'tool' | 'deployment' | 'principal' | 'day'
  from: Date
  to: Date
  /** Days are those of this zone. */
  timeZone: string
  reach: Reach
}

export interface BreakdownRow {
  key: string
  name: string | null
  calls: number
  errors: number
}

const most = 1000

/** Calls that count, grouped; days in their order, everything else by how many. */
export async function breakDown(db: Queryable, question: BreakdownQuestion): Promise<BreakdownRow[]> {
  const { organizationId, by, from, to, timeZone, reach } = question
  const groups: Record<BreakdownQuestion['by'], { key: RawBuilder<string>; name: RawBuilder<unknown> }> = {
    tool: { key: sql`coalesce(c.tool, '')`, name: sql`null::text` },
    deployment: {
      key: sql`c.deployment_id`,
      name: sql`(select name from deployments where id = g.key)`,
    },
    principal: {
      key: sql`c.principal_id`,
      name: sql`coalesce((select name from users where id = g.key), (select name from tokens where id = g.key))`,
    },
    day: { key: sql`to_char(c.at at time zone ${timeZone}, 'YYYY-MM-DD')`, name: sql`null::text` },
  }
  const { key, name } = groups[by]
  const { rows } = await sql<BreakdownRow>`
    select g.key, ${name} as name, g.calls, g.errors from (
      select ${key} as key, count(*) as calls, count(*) filter (where c.outcome in ('tool_error', 'error')) as errors
      from calls c
      where c.organization_id = ${organizationId} and c.at >= ${from} and c.at < ${to}
        and c.method = 'tools/call' and c.outcome = any(${[...billedOutcomes]}::text[])
        and (${reach.workspaceId}::text is null or c.workspace_id = ${reach.workspaceId})
        and (${reach.deploymentIds}::text[] is null or c.deployment_id = any(${reach.deploymentIds}))
      group by 1
    ) g order by ${by === 'day' ? sql`g.key` : sql`g.calls desc, g.key`} limit ${most}`.execute(db)
  return rows
}

/** Servers, as plans count them. */
import { sql } from 'kysely'
import type { Queryable } from '../platform/db/database.ts'

export const serversKey = 'runtime.concurrent_servers'

/** Whether deployment `x` takes one of the places that the plan has: it runs, stops, or may be launched. */
export const takesPlace = sql<boolean>`(x.phase in ('running', 'stopping') or x.phase = 'launching' and (
  x.running_generation is not null
  or (select p.allowed from decisions p where p.deployment_id = x.id order by p.id desc limit 1)))`

/**
 * Whether deployment `x` waits for such a place, or for the subscription that gives it, and for nothing else: no other gate
 * held it when it was decided last. The notes of its hold do not tell, since gates that let it pass have notes, too.
 */
export const waitsForPlace = sql<boolean>`(
  x.hold = 'pending-billing' and x.desired = 'running' and x.deleted_at is null and x.phase in ('stopped', 'launching')
  and exists (select from workspaces w where w.id = x.workspace_id and w.state = 'active')
  and exists (select from decisions p where p.id = x.decision_id and not exists (
    select from jsonb_array_elements(p.gates) gate
    where gate ->> 'gate' <> 'billing' and gate ->> 'verdict' <> 'pass')))`

export interface Server {
  deploymentId: string
  name: string
}

/** What takes a place, newest first. */
export async function serversOf(db: Queryable, organizationId: string): Promise<Server[]> {
  const { rows } = await sql<Server>`
    select x.id as "deploymentId", x.name from deployments x
    where x.organization_id = ${organizationId} and ${takesPlace} order by x.id desc`.execute(db)
  return rows
}

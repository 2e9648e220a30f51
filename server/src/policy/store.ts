import { sql, type RawBuilder } from 'kysely'
import type { Decision, GateVerdict, Moment, PendingStatus, Verdict } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Reach } from '../platform/http/principal.ts'
import type { AnyGate } from '../platform/gate.ts'
import type { ExplainedVerdict, Inputs } from './judge.ts'

export interface DecisionRow {
  id: string
  organizationId: string
  deploymentId: string
  moment: Moment
  allowed: boolean
  verdict: Verdict
  gates: ExplainedVerdict[]
  notes: string[]
  pendingStatus: PendingStatus | null
  inputs: Inputs
  inputsDigest: string
  policyVersion: string
  at: Date
}

/** Everything that gates want to know of the row `d` of deployments, as one jsonb. */
export function factsOf(gates: readonly AnyGate[]): RawBuilder<Inputs['facts']> {
  const parts = gates.map((gate) => sql`${gate.name}::text, (${gate.facts()})`)
  return sql`jsonb_build_object(${sql.join(parts)})`
}

export interface Situation {
  workspaceId: string
  facts: Inputs['facts']
  /** The deployment's last decision; null when there is none. */
  previous: (Omit<DecisionRow, 'at'> & { at: string }) | null
}

/** Facts and previous decision of a deployment in one statement; null when the organization has no such deployment. */
export async function findSituation(
  db: Queryable,
  gates: readonly AnyGate[],
  organizationId: string,
  deploymentId: string,
): Promise<Situation | null> {
  const { rows } = await sql<Situation>`
    select d.workspace_id, ${factsOf(gates)} as facts, (
      select jsonb_build_object(
        'id', p.id, 'organizationId', p.organization_id, 'deploymentId', p.deployment_id, 'moment', p.moment,
        'allowed', p.allowed, 'verdict', p.verdict, 'gates', p.gates, 'notes', p.notes,
        'pendingStatus', p.pending_status, 'inputs', p.inputs, 'inputsDigest', p.inputs_digest,
        'policyVersion', p.policy_version, 'at', p.at)
      from decisions p where p.deployment_id = d.id order by p.id desc limit 1) as previous
    from deployments d
    where d.id = ${deploymentId} and d.organization_id = ${organizationId}`.execute(db)
  return rows[0] ?? null
}

export async function insertDecision(db: Queryable, row: DecisionRow): Promise<void> {
  await db
    .insertInto('decisions')
    .values({ ...row, gates: JSON.stringify(row.gates), inputs: JSON.stringify(row.inputs) })
    .execute()
}

export interface DecisionFilter {
  organizationId: string
  deploymentId?: string | undefined
  allowed?: boolean | undefined
  reach: Reach
  /** Only decisions before this id. */
  before: string | null
  limit: number
}

/** Decisions of an organization, newest first. */
export async function findDecisions(db: Queryable, filter: DecisionFilter): Promise<Decision[]> {
  let query = db
    .selectFrom('decisions')
    .selectAll()
    .where('organizationId', '=', filter.organizationId)
    .where(within(filter.reach))
  if (filter.deploymentId) query = query.where('deploymentId', '=', filter.deploymentId)
  if (filter.allowed !== undefined) query = query.where('allowed', '=', filter.allowed)
  if (filter.before) query = query.where('id', '<', filter.before)
  const rows = await query.orderBy('id', 'desc').limit(filter.limit).execute()
  return rows.map((row) => toDecision(row as unknown as DecisionRow))
}

function within({ workspaceId, deploymentIds }: Reach): RawBuilder<boolean> {
  return sql`(${workspaceId}::text is null
      or deployment_id in (select id from deployments where workspace_id = ${workspaceId}))
    and (${deploymentIds}::text[] is null or deployment_id = any(${deploymentIds}))`
}

export async function findDecision(
  db: Queryable,
  organizationId: string,
  id: string,
  reach: Reach = { workspaceId: null, deploymentIds: null },
): Promise<DecisionRow | null> {
  const row = await db
    .selectFrom('decisions')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .where(within(reach))
    .executeTakeFirst()
  return (row as unknown as DecisionRow | undefined) ?? null
}

/** A decision as the API shows it. */
export function toDecision(row: DecisionRow): Decision {
  const { inputs: _inputs, gates, at, ...rest } = row
  return { ...rest, gates: gates.map(toGateVerdict), at: new Date(at).toISOString() }
}

export function toGateVerdict({ gate, verdict, notes, pending }: GateVerdict): GateVerdict {
  return { gate, verdict, notes, pending }
}

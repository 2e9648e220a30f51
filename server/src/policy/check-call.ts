import { sql, type RawBuilder } from 'kysely'
import { rolePermissions, type MemberRole } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { AnyGate } from '../platform/gate.ts'
import { judge, type Inputs } from './judge.ts'
import { factsOf } from './store.ts'

/** One call, before it is passed on. */
export interface CallQuestion {
  organizationId: string
  deploymentId: string
  /** The token, or the sign-in, with which it is made. */
  credentialId: string | null
}

export interface CallVerdict {
  allowed: boolean
  /** Why not; empty when allowed. */
  sentence: string
  notes: string[]
  /** The decision under which the deployment runs or is held. */
  decisionId: string | null
}

interface Row {
  callerHolds: boolean
  runs: boolean
  organizationActive: boolean
  phase: string
  decisionId: string | null
  facts: Inputs['facts']
}

const callers = (Object.keys(rolePermissions) as MemberRole[]).filter((role) =>
  rolePermissions[role].includes('tools:call'),
)

/**
 * Asks the database, for tiers that demand it on every call, whether a call may be passed on now: the caller's
 * credential holds, the deployment runs, and no gate objects. One statement.
 */
export async function checkCall(
  db: Queryable,
  gates: readonly AnyGate[],
  question: CallQuestion,
  now: Date,
): Promise<CallVerdict> {
  const { organizationId, deploymentId } = question
  const { rows } = await sql<Row>`
    select ${callerHolds(question, now)} as caller_holds, d.phase, d.decision_id, ${factsOf(gates)} as facts,
      d.phase = 'running' and d.desired = 'running' and d.hold is null and d.deleted_at is null
        and w.state = 'active' as runs, o.state = 'active' as organization_active
    from deployments d
    join workspaces w on w.id = d.workspace_id
    join organizations o on o.id = d.organization_id
    where d.id = ${deploymentId} and d.organization_id = ${organizationId}`.execute(db)
  const row = rows[0]
  if (!row) return refused('There is no such deployment.')
  const { decisionId, phase } = row
  if (!row.callerHolds) return refused('This token or sign-in does not hold any more.', { decisionId })
  if (!row.organizationActive)
    return refused('The organization takes no calls now: it is not active.', { decisionId })
  if (!row.runs) return refused(`The deployment does not take calls now; it is ${phase}.`, { decisionId })
  const inputs: Inputs = {
    organizationId,
    deploymentId,
    moment: 'call',
    at: now.toISOString(),
    facts: row.facts,
  }
  const { allowed, notes, gates: verdicts } = judge(gates, inputs)
  if (allowed) return { allowed, sentence: '', notes, decisionId }
  const objecting = verdicts.filter((gate) => gate.verdict !== 'pass')
  return refused(
    objecting
      .flatMap((gate) => gate.sentences.filter((one) => one.verdict !== 'pass'))
      .map((one) => one.text)
      .join(' '),
    { notes, decisionId },
  )
}

function refused(sentence: string, more: Partial<CallVerdict> = {}): CallVerdict {
  return { notes: [], decisionId: null, ...more, allowed: false, sentence }
}

/** Whether the credential is still good for calls of the deployment `d`. */
function callerHolds(question: CallQuestion, now: Date): RawBuilder<boolean> {
  const { credentialId } = question
  const member = (userId: RawBuilder<unknown>) => sql`exists (
    select from members m join users u on u.id = m.user_id
    where m.user_id = ${userId} and m.organization_id = d.organization_id and u.state = 'active'
      and m.role = any(${callers}::text[]))`
  return sql`exists (
      select from sessions s where s.id = ${credentialId} and s.expires_at > ${now} and ${member(sql`s.user_id`)})
    or exists (
      select from tokens t
      where t.id = ${credentialId} and t.state = 'active' and (t.expires_at is null or t.expires_at > ${now})
      and 'tools:call' = any(t.scopes) and (t.allowed_deployments is null or d.id = any(t.allowed_deployments))
      and (t.organization_id is null or t.organization_id = d.organization_id)
      and (t.workspace_id is null or t.workspace_id = d.workspace_id)
      and (t.kind = 'service' or ${member(sql`t.user_id`)}))`
}

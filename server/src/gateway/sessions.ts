/** Sessions as rows, so that they outlive the process that opened them. */
import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { PersistedSession } from '../relay/service.ts'
import type { CallerContext } from './context.ts'

interface Kept {
  params: PersistedSession['params']
  logLevel: string | null
  subscriptions: string[]
}

export async function saveSession(
  db: Database,
  context: CallerContext,
  session: PersistedSession,
): Promise<void> {
  const kept: Kept = {
    params: session.params,
    logLevel: session.logLevel,
    subscriptions: session.subscriptions,
  }
  await sql`
    insert into mcp_sessions (id, organization_id, deployment_id, principal_kind, principal_id, token_id,
                              protocol_version, initialize, created_at, seen_at)
    values (${session.id}, ${context.organizationId}, ${session.scope}, ${context.principalKind},
            ${context.principalId}, ${context.tokenId}, ${session.protocolVersion}, ${JSON.stringify(kept)}::jsonb,
            now(), now())
    on conflict (id) do update set initialize = excluded.initialize, token_id = excluded.token_id, seen_at = now()
    `.execute(db)
}

/** A session by its id; null when there is none or it was not used for a day. */
export async function findSession(db: Database, id: string): Promise<PersistedSession | null> {
  const row = await db
    .selectFrom('mcpSessions')
    .selectAll()
    .where('id', '=', id)
    .where('seenAt', '>', sql<Date>`now() - interval '1 day'`)
    .executeTakeFirst()
  if (!row) return null
  const { params, logLevel, subscriptions } = row.initialize as Kept
  return {
    id: row.id,
    principal: `${row.principalKind}:${row.principalId}`,
    scope: row.deploymentId,
    params,
    protocolVersion: row.protocolVersion,
    logLevel,
    subscriptions,
  }
}

export async function removeSession(db: Database, id: string): Promise<void> {
  await db.deleteFrom('mcpSessions').where('id', '=', id).execute()
}

/** Says which sessions live, and forgets those that nobody used for a day. */
export async function touchSessions(db: Database, ids: string[]): Promise<void> {
  if (ids.length > 0) await sql`update mcp_sessions set seen_at = now() where id = any(${ids})`.execute(db)
  await sql`delete from mcp_sessions where seen_at < now() - interval '1 day'`.execute(db)
}

import type { Selectable } from 'kysely'
import type { Permission, Token } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tokens } from '../../platform/db/schema.generated.ts'
import { afterCursor, cutPage } from '../../platform/page.ts'
import { notFound } from '../../platform/problem.ts'

type TokenRow = Selectable<Tokens>

/** Whose tokens: a person's own, or a workspace's. */
export type TokenOwner =
  | { kind: 'api'; userId: string }
  | { kind: 'service'; organizationId: string; workspaceId: string }

export function toToken(row: TokenRow, now: Date): Token {
  const isOver = row.state === 'active' && row.expiresAt !== null && row.expiresAt <= now
  return {
    id: row.id,
    kind: row.kind as Token['kind'],
    name: row.name,
    hint: row.hint,
    organizationId: row.organizationId,
    workspaceId: row.workspaceId,
    scopes: row.scopes as Permission[],
    allowedDeployments: row.allowedDeployments,
    allowedTools: row.allowedTools,
    state: isOver ? 'expired' : (row.state as Token['state']),
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  }
}

function tokensOf(db: Queryable, owner: TokenOwner) {
  const query = db.selectFrom('tokens').selectAll().where('kind', '=', owner.kind)
  return owner.kind === 'api'
    ? query.where('userId', '=', owner.userId)
    : query.where('organizationId', '=', owner.organizationId).where('workspaceId', '=', owner.workspaceId)
}

/** Newest first. */
export async function pageOfTokens(
  db: Queryable,
  owner: TokenOwner,
  page: { cursor?: string | undefined; limit: number; now: Date },
): Promise<{ items: Token[]; nextCursor: string | null }> {
  const after = afterCursor(page.cursor)
  let query = tokensOf(db, owner)
  if (after !== null) query = query.where('id', '<', after)
  const rows = await query
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return cutPage(
    rows,
    page.limit,
    (row) => row.id,
    (row) => toToken(row, page.now),
  )
}

/** One token of an owner, locked; `not_found` when it is not theirs. */
export async function lockToken(db: Queryable, owner: TokenOwner, id: string): Promise<TokenRow> {
  const row = await tokensOf(db, owner).where('id', '=', id).forUpdate().executeTakeFirst()
  if (!row) throw notFound('token')
  return row
}

/** `not_found` unless the workspace is one of the organization's. */
export async function demandWorkspace(
  db: Queryable,
  organizationId: string,
  workspaceId: string,
): Promise<void> {
  const row = await db
    .selectFrom('workspaces')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('id', '=', workspaceId)
    .executeTakeFirst()
  if (!row) throw notFound('workspace')
}

/** `not_found`, naming it, when a deployment is not within the token's reach. */
export async function demandDeployments(
  db: Queryable,
  ids: readonly string[],
  reach: { organizations: readonly string[]; workspaceId: string | null },
): Promise<void> {
  if (ids.length === 0) return
  let query = db
    .selectFrom('deployments')
    .select('id')
    .where('id', 'in', [...ids])
    .where('organizationId', 'in', [...reach.organizations, ''])
    .where('deletedAt', 'is', null)
  if (reach.workspaceId) query = query.where('workspaceId', '=', reach.workspaceId)
  const known = new Set((await query.execute()).map((row) => row.id))
  const unknown = ids.find((id) => !known.has(id))
  if (unknown) throw notFound(`deployment (${unknown})`)
}

import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Invitation, MemberRole } from '@berth/contracts'
import { sha256 } from '../../platform/crypto.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Invitations } from '../../platform/db/schema.generated.ts'
import { afterCursor, cutPage } from '../../platform/page.ts'
import { notFound } from '../../platform/problem.ts'

export type InvitationRow = Selectable<Invitations>

/** What makes a link: 256 random bits, of which only the hash is kept. */
export function newToken(): { token: string; hash: Buffer } {
  const token = randomBytes(32).toString('base64url')
  return { token, hash: sha256(token) }
}

function selectInvitations(db: Queryable, organizationId: string) {
  return db
    .selectFrom('invitations as i')
    .leftJoin('users as u', 'u.id', 'i.invitedBy')
    .selectAll('i')
    .select('u.name as inviterName')
    .where('i.organizationId', '=', organizationId)
}

function toInvitation(row: InvitationRow & { inviterName: string | null }): Invitation {
  return {
    id: row.id,
    organizationId: row.organizationId,
    email: row.email,
    role: row.role as MemberRole,
    state: row.state as Invitation['state'],
    invitedBy: row.invitedBy && row.inviterName ? { id: row.invitedBy, name: row.inviterName } : null,
    mailed: row.mailed,
    createdAt: row.createdAt.toISOString(),
    sentAt: row.sentAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  }
}

interface Query {
  cursor?: string | undefined
  limit: number
  state?: Invitation['state'] | undefined
}

/** Newest first. */
export async function pageOfInvitations(db: Queryable, organizationId: string, query: Query) {
  const before = afterCursor(query.cursor)
  let selected = selectInvitations(db, organizationId)
  if (query.state) selected = selected.where('i.state', '=', query.state)
  if (before !== null) selected = selected.where('i.id', '<', before)
  const rows = await selected
    .orderBy('i.id', 'desc')
    .limit(query.limit + 1)
    .execute()
  return cutPage(rows, query.limit, (row) => row.id, toInvitation)
}

export async function readInvitation(db: Queryable, organizationId: string, id: string): Promise<Invitation> {
  const row = await selectInvitations(db, organizationId).where('i.id', '=', id).executeTakeFirst()
  if (!row) throw notFound('invitation')
  return toInvitation(row)
}

/** The invitation a link is for, whatever became of it. */
export function findByToken(db: Queryable, token: string): Promise<InvitationRow | undefined> {
  return db.selectFrom('invitations').selectAll().where('hash', '=', sha256(token)).executeTakeFirst()
}

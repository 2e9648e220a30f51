import type { z } from 'zod'
import type { personSession } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'

/** A person's live sign-ins, newest first; never their tokens. */
export async function listSessions(
  db: Queryable,
  userId: string,
  given: { now: Date; current: string | null },
): Promise<z.infer<typeof personSession>[]> {
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'createdAt', 'updatedAt', 'expiresAt', 'userAgent', 'ipAddress'])
    .where('userId', '=', userId)
    .where('expiresAt', '>', given.now)
    .orderBy('id', 'desc')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.updatedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    userAgent: row.userAgent || null,
    address: row.ipAddress || null,
    current: row.id === given.current,
  }))
}

import { randomBytes } from 'node:crypto'
import { sha256 } from '../../platform/crypto.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { notFound, Refusal } from '../../platform/problem.ts'

export type Purpose = 'reset' | 'email'

const lifetimeMs: Record<Purpose, number> = { reset: 3600_000, email: 24 * 3600_000 }
const pages: Record<Purpose, string> = { reset: '/reset', email: '/confirm-email' }

export interface CreatedLink {
  /** Holds the secret in its fragment, which browsers send to nobody. */
  url: string
  expiresAt: Date
}

/** Makes a link of 256 random bits, good once; of its purpose it is the person's only one. */
export async function createLink(
  tx: Tx,
  publicUrl: string,
  given: { userId: string; purpose: Purpose; email?: string; mailed?: boolean },
): Promise<CreatedLink> {
  const { userId, purpose, email = null, mailed = purpose === 'email' } = given
  await dropLinks(tx, userId, purpose)
  const secret = randomBytes(32).toString('base64url')
  const expiresAt = new Date(tx.now.getTime() + lifetimeMs[purpose])
  await tx.db
    .insertInto('accountLinks')
    .values({ hash: sha256(secret), userId, purpose, email, mailed, createdAt: tx.now, expiresAt })
    .execute()
  return { url: `${publicUrl}${pages[purpose]}#token=${secret}`, expiresAt }
}

/** Takes back a person's links that nobody used. */
export async function dropLinks(tx: Tx, userId: string, purpose: Purpose): Promise<void> {
  await tx.db
    .deleteFrom('accountLinks')
    .where('userId', '=', userId)
    .where('purpose', '=', purpose)
    .where('usedAt', 'is', null)
    .execute()
}

/** Uses a link up; refuses one that is unknown, used or expired, and says which. */
export async function useLink(tx: Tx, purpose: Purpose, secret: string) {
  const row = await tx.db
    .updateTable('accountLinks')
    .set({ usedAt: tx.now })
    .where('hash', '=', sha256(secret))
    .where('purpose', '=', purpose)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', tx.now)
    .returning(['userId', 'email', 'mailed'])
    .executeTakeFirst()
  if (row) return row
  await demandLink(tx.db, purpose, secret, tx.now)
  throw notFound('link')
}

/** Refuses a link that cannot be used, without using it. */
export async function demandLink(db: Queryable, purpose: Purpose, secret: string, now: Date): Promise<void> {
  const row = await db
    .selectFrom('accountLinks')
    .select(['usedAt', 'expiresAt'])
    .where('hash', '=', sha256(secret))
    .where('purpose', '=', purpose)
    .executeTakeFirst()
  if (!row) throw new Refusal('not_found', 'This link is not known, or a newer one took its place.')
  if (row.usedAt) throw new Refusal('invalid_state', 'This link was used already: it is good once.')
  if (row.expiresAt <= now) throw new Refusal('invalid_state', 'This link has expired. Ask for a new one.')
}

/** The address that waits for its link to be opened; null: none. */
export async function pendingEmailOf(db: Queryable, userId: string, now: Date): Promise<string | null> {
  const row = await db
    .selectFrom('accountLinks')
    .select('email')
    .where('userId', '=', userId)
    .where('purpose', '=', 'email')
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  return row?.email ?? null
}

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

/** What somebody gave who signed up with an address that is not confirmed yet; the password as a hash. */
export interface Registration {
  name: string
  password: string
}

/** Makes a link of 256 random bits, good once; of its purpose, or of its sign-up, it is the person's only one. */
export async function createLink(
  tx: Tx,
  publicUrl: string,
  given: {
    userId: string
    purpose: Purpose
    email?: string
    mailed?: boolean
    registration?: Registration | null
  },
): Promise<CreatedLink> {
  const { userId, purpose, email = null, mailed = purpose === 'email', registration } = given
  const { name, password } = registration ?? { name: null, password: null }
  await dropLinks(tx, userId, purpose, password)
  const secret = randomBytes(32).toString('base64url')
  const expiresAt = new Date(tx.now.getTime() + lifetimeMs[purpose])
  await tx.db
    .insertInto('accountLinks')
    .values({
      hash: sha256(secret),
      userId,
      purpose,
      email,
      mailed,
      name,
      password,
      createdAt: tx.now,
      expiresAt,
    })
    .execute()
  return { url: `${publicUrl}${pages[purpose]}#token=${secret}`, expiresAt }
}

/** Takes back a person's links that nobody used: those of one sign-up, or those that are of none. */
export async function dropLinks(
  tx: Tx,
  userId: string,
  purpose: Purpose,
  password: string | null = null,
): Promise<void> {
  await tx.db
    .deleteFrom('accountLinks')
    .where('userId', '=', userId)
    .where('purpose', '=', purpose)
    .where('password', 'is not distinct from', password)
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
    .returning(['userId', 'email', 'mailed', 'name', 'password'])
    .executeTakeFirst()
  if (row) return row
  await demandLink(tx.db, purpose, secret, tx.now)
  throw notFound('link')
}

/** Refuses a link that cannot be used, without using it. */
export async function demandLink(db: Queryable, purpose: Purpose, secret: string, now: Date) {
  const row = await db
    .selectFrom('accountLinks')
    .select(['userId', 'password', 'usedAt', 'expiresAt'])
    .where('hash', '=', sha256(secret))
    .where('purpose', '=', purpose)
    .executeTakeFirst()
  if (!row) throw new Refusal('not_found', 'This link is not known, or a newer one took its place.')
  if (row.usedAt) throw new Refusal('invalid_state', 'This link was used already: it is good once.')
  if (row.expiresAt <= now) throw new Refusal('invalid_state', 'This link has expired. Ask for a new one.')
  return row
}

/** What the newest sign-up with an account's address gave, as long as nobody has confirmed any; null: nothing more than the account. */
export async function newestRegistration(db: Queryable, userId: string): Promise<Registration | null> {
  const row = await db
    .selectFrom('accountLinks')
    .select(['name', 'password'])
    .where('userId', '=', userId)
    .where('password', 'is not', null)
    .where('usedAt', 'is', null)
    .orderBy('createdAt', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ? { name: row.name!, password: row.password! } : null
}

/** From now on the links that wait take the account as it is, and give it no other name or password. */
export async function forgetRegistrations(tx: Tx, userId: string): Promise<void> {
  await tx.db
    .updateTable('accountLinks')
    .set({ name: null, password: null })
    .where('userId', '=', userId)
    .where('password', 'is not', null)
    .execute()
}

/** The address that waits for its link to be opened, one that is to take the place of the present one first; null: none. */
export async function pendingEmailOf(db: Queryable, userId: string, now: Date): Promise<string | null> {
  const row = await db
    .selectFrom('accountLinks as l')
    .innerJoin('users as u', 'u.id', 'l.userId')
    .select('l.email')
    .where('l.userId', '=', userId)
    .where('l.purpose', '=', 'email')
    .where('l.usedAt', 'is', null)
    .where('l.expiresAt', '>', now)
    .orderBy((eb) => eb('l.email', '=', eb.ref('u.email')))
    .orderBy('l.createdAt', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.email ?? null
}

import { hashPassword, verifyPassword } from 'better-auth/crypto'
import type { Queryable } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { wrongField } from './fields.ts'
import { dropLinks, forgetRegistrations } from './links.ts'

/** The stored hash of a person's password; null when they have none. */
export async function hashOf(db: Queryable, userId: string): Promise<string | null> {
  const row = await db
    .selectFrom('accounts')
    .select('password')
    .where('userId', '=', userId)
    .where('providerId', '=', 'credential')
    .executeTakeFirst()
  return row?.password ?? null
}

/** Whether a password is right; without one to compare it with, wrong after the same work. */
export async function isPassword(hash: string | null, password: string): Promise<boolean> {
  if (hash !== null) return verifyPassword({ hash, password })
  await hashPassword(password)
  return false
}

/**
 * Refuses, naming the field, unless this is the person's present password. Takes its time, so it stands before a
 * unit of work; inside, `demandSamePassword` tells that what was checked still holds.
 */
export async function checkPassword(
  db: Queryable,
  given: { userId: string; password: string; field: string },
): Promise<string> {
  const hash = await hashOf(db, given.userId)
  if ((await isPassword(hash, given.password)) && hash !== null) return hash
  throw wrongField(given.field, 'this is not your present password')
}

/** Locks the account, which must be active, and refuses when the password was changed since it was checked. */
export async function demandSamePassword(tx: Tx, userId: string, hash: string): Promise<Person> {
  const person = await lockPerson(tx, userId)
  if ((await hashOf(tx.db, userId)) === hash) return person
  throw new Refusal('version_conflict', 'Your password was changed meanwhile. Try again with the new one.')
}

export interface Person {
  id: string
  name: string
  email: string
  emailVerified: boolean
}

/** Holds an active account until the unit of work ends: changes to it take turns. */
export async function lockPerson(tx: Tx, userId: string): Promise<Person> {
  const row = await tx.db
    .selectFrom('users')
    .select(['id', 'name', 'email', 'emailVerified', 'state'])
    .where('id', '=', userId)
    .forUpdate()
    .executeTakeFirst()
  if (row?.state === 'active') return row
  throw new Refusal('forbidden', 'This account is disabled. Ask an operator to enable it again.')
}

/**
 * Writes a password's hash. What somebody who knew the old one may have begun is worth nothing from then on: links that
 * would set another one or take the account to another address, other sign-ups that nobody confirmed, and devices that
 * were let in but have not come yet.
 */
export async function setPassword(tx: Tx, userId: string, password: string): Promise<void> {
  await dropLinks(tx, userId, 'reset')
  await forgetRegistrations(tx, userId)
  await tx.db
    .deleteFrom('accountLinks')
    .where('userId', '=', userId)
    .where('usedAt', 'is', null)
    .where('email', 'not in', (users) => users.selectFrom('users').select('email').where('id', '=', userId))
    .execute()
  await tx.db.deleteFrom('deviceCodes').where('userId', '=', userId).execute()
  const { numUpdatedRows } = await tx.db
    .updateTable('accounts')
    .set({ password, updatedAt: tx.now })
    .where('userId', '=', userId)
    .where('providerId', '=', 'credential')
    .executeTakeFirst()
  if (numUpdatedRows > 0n) return
  await tx.db
    .insertInto('accounts')
    .values({ id: newId('user'), userId, accountId: userId, providerId: 'credential', password })
    .execute()
}

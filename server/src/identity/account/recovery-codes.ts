import { randomInt } from 'node:crypto'
import { sha256 } from '../../platform/crypto.ts'
import type { Tx } from '../../platform/mutate.ts'

const howMany = 10
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'

/** Codes for whoever lost the app: each signs in once. 79 random bits, so that a hash hides them. */
function newRecoveryCodes(): string[] {
  const letters = () => Array.from({ length: 16 }, () => alphabet[randomInt(alphabet.length)]).join('')
  return Array.from({ length: howMany }, () => letters().match(/.{4}/g)!.join('-'))
}

/** Spaces, hyphens and case do not count. */
function hashOf(userId: string, code: string): Buffer {
  return sha256(`${userId}:${code.toLowerCase().replace(/[^a-z0-9]/g, '')}`)
}

/** Puts new codes in the place of the old ones; what they are is returned once. */
export async function replaceRecoveryCodes(tx: Tx, userId: string): Promise<string[]> {
  const codes = newRecoveryCodes()
  await tx.db.deleteFrom('recoveryCodes').where('userId', '=', userId).execute()
  await tx.db
    .insertInto('recoveryCodes')
    .values(codes.map((code) => ({ userId, hash: hashOf(userId, code) })))
    .execute()
  return codes
}

/** Uses a code up; false when it is none, or was used. */
export async function useRecoveryCode(tx: Tx, userId: string, code: string): Promise<boolean> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('recoveryCodes')
    .where('userId', '=', userId)
    .where('hash', '=', hashOf(userId, code))
    .executeTakeFirst()
  return numDeletedRows > 0n
}

import { platformOrganizationId } from '@berth/contracts'
import { open, seal, type MasterKey } from '../../platform/crypto.ts'
import type { SealedColumn } from '../../platform/secret-key.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { wrongField } from './fields.ts'
import type { Person } from './passwords.ts'
import { replaceRecoveryCodes, useRecoveryCode } from './recovery-codes.ts'
import { tooMany } from './tries.ts'
import { base32, newTotpSecret, stepOf, totpUri } from './totp.ts'

const failuresAtMost = 10
const lockedMs = 15 * 60_000

const contextOf = (userId: string) => `totp:${userId}`

export const totpSealed: SealedColumn = {
  table: 'second_factors',
  column: 'secret',
  id: ['user_id'],
  what: "the secrets of people's authenticator apps",
  reseal: ({ user_id }, sealed, from, to) => {
    const context = contextOf(String(user_id))
    return seal(to.derive('totp'), open(from.derive('totp'), sealed, context), context)
  },
  forget: 'update second_factors set secret = null where secret is not null',
}

/**
 * What is wrong with a code; `lost`: the app's secret went with the key it was sealed with, and recovery codes alone are
 * left; `null`: there is no second factor to ask for.
 */
export type Checked = 'right' | 'wrong' | 'lost' | null | { lockedUntil: Date }

/** What came of work that a code guards. */
export type Guarded<T> = { value: T } | { refused: Exclude<Checked, 'right'> }

export const isOver = (checked: Checked): checked is { lockedUntil: Date } =>
  typeof checked === 'object' && checked !== null

/** Whether signing in takes a code, since when, and how many recovery codes are left. */
export async function secondFactorOf(db: Queryable, userId: string) {
  const row = await db
    .selectFrom('secondFactors as f')
    .select((eb) => [
      'f.confirmedAt',
      eb
        .selectFrom('recoveryCodes as c')
        .select((inner) => inner.fn.countAll<number>().as('left'))
        .whereRef('c.userId', '=', 'f.userId')
        .as('left'),
    ])
    .where('f.userId', '=', userId)
    .where('f.confirmedAt', 'is not', null)
    .executeTakeFirst()
  return { enabledAt: row?.confirmedAt?.toISOString() ?? null, recoveryCodesLeft: row?.left ?? 0 }
}

/** Begins with a second factor: a secret that counts once a code of it was shown. */
export async function enrol(tx: Tx, keys: MasterKey, person: Person) {
  const before = await lockFactor(tx, person.id)
  if (before?.confirmedAt)
    throw new Refusal('invalid_state', 'The second factor is on already. Turn it off first.')
  const secret = newTotpSecret()
  const row = {
    secret: seal(keys.derive('totp'), secret, contextOf(person.id)),
    createdAt: tx.now,
    lastStep: 0,
    failures: 0,
    lockedUntil: null,
  }
  await tx.db
    .insertInto('secondFactors')
    .values({ userId: person.id, ...row })
    .onConflict((conflict) => conflict.column('userId').doUpdateSet(row))
    .execute()
  return { secret: base32(secret), uri: totpUri(secret, person.email, 'Berth') }
}

/** Turns the second factor on when the code is of the enrolled secret; the recovery codes, or what is wrong. */
export async function confirm(
  tx: Tx,
  keys: MasterKey,
  userId: string,
  code: string,
): Promise<Guarded<string[]>> {
  const factor = await lockFactor(tx, userId)
  if (!factor?.confirmedAt && !factor?.secret)
    throw new Refusal('invalid_state', 'Begin with the secret for the app: none was asked for.')
  if (factor.confirmedAt) throw new Refusal('invalid_state', 'The second factor is on already.')
  const checked = await checkTotp(tx, keys, factor, code)
  if (checked !== 'right') return { refused: checked }
  await tx.db.updateTable('secondFactors').set({ confirmedAt: tx.now }).where('userId', '=', userId).execute()
  tx.emit(platformOrganizationId, 'user.totp_enabled', { userId })
  return { value: await replaceRecoveryCodes(tx, userId) }
}

/**
 * Takes a code of the app or a recovery code; each is taken once, by whoever comes first. Too many wrong ones in a
 * row lock the factor for a while. The caller commits also when the code is wrong, so that it counts.
 */
export async function takeCode(tx: Tx, keys: MasterKey, userId: string, code: string): Promise<Checked> {
  const factor = await lockFactor(tx, userId)
  if (!factor?.confirmedAt) return null
  if (/^[\d\s-]*$/.test(code) && code.replace(/\D/g, '').length === 6)
    return checkTotp(tx, keys, factor, code)
  if (isLocked(factor, tx.now)) return { lockedUntil: factor.lockedUntil }
  if (!(await useRecoveryCode(tx, userId, code))) return noteFailure(tx, factor)
  await noteSuccess(tx, userId, {})
  const { recoveryCodesLeft } = await secondFactorOf(tx.db, userId)
  tx.emit(platformOrganizationId, 'user.recovery_code_used', { userId, left: recoveryCodesLeft })
  return 'right'
}

/** Takes the second factor off; false when there was none. */
export async function removeFactor(tx: Tx, userId: string): Promise<boolean> {
  const row = await tx.db
    .deleteFrom('secondFactors')
    .where('userId', '=', userId)
    .returning('confirmedAt')
    .executeTakeFirst()
  if (!row?.confirmedAt) return false
  tx.emit(platformOrganizationId, 'user.totp_disabled', { userId })
  return true
}

/** A code that did not hold as a refusal, beside its field. */
export function refusalOfCode(checked: Exclude<Checked, 'right'>, now: Date): Refusal {
  if (isOver(checked)) return tooMany(Math.ceil((checked.lockedUntil.getTime() - now.getTime()) / 1000))
  if (checked === null) return new Refusal('invalid_state', 'The second factor is not on.')
  return wrongField('code', checked === 'lost' ? lostSecret : wrongCode)
}

export const wrongCode = 'this code is not right, or it was used already; wait for the next one of the app'
export const lostSecret =
  "what your app knows was lost with Berth's secret key; use a recovery code, or ask an operator to take the second factor off"

interface Factor {
  userId: string
  secret: Buffer | null
  confirmedAt: Date | null
  lastStep: number
  failures: number
  lockedUntil: Date | null
}

async function lockFactor(tx: Tx, userId: string): Promise<Factor | undefined> {
  return await tx.db
    .selectFrom('secondFactors')
    .selectAll()
    .where('userId', '=', userId)
    .forUpdate()
    .executeTakeFirst()
}

const isLocked = (factor: Factor, now: Date): factor is Factor & { lockedUntil: Date } =>
  factor.lockedUntil !== null && factor.lockedUntil > now

async function checkTotp(tx: Tx, keys: MasterKey, factor: Factor, code: string): Promise<Checked> {
  if (isLocked(factor, tx.now)) return { lockedUntil: factor.lockedUntil }
  if (!factor.secret) return 'lost'
  const secret = open(keys.derive('totp'), factor.secret, contextOf(factor.userId))
  const step = stepOf(secret, code.replace(/\D/g, ''), tx.now)
  if (step === null || step <= factor.lastStep) return noteFailure(tx, factor)
  await noteSuccess(tx, factor.userId, { lastStep: step })
  return 'right'
}

async function noteSuccess(tx: Tx, userId: string, more: { lastStep?: number }): Promise<void> {
  await tx.db
    .updateTable('secondFactors')
    .set({ failures: 0, lockedUntil: null, ...more })
    .where('userId', '=', userId)
    .execute()
}

async function noteFailure(tx: Tx, { userId, failures }: Factor): Promise<Checked> {
  const isLast = failures + 1 >= failuresAtMost
  const lockedUntil = isLast ? new Date(tx.now.getTime() + lockedMs) : null
  await tx.db
    .updateTable('secondFactors')
    .set({ failures: isLast ? 0 : failures + 1, lockedUntil })
    .where('userId', '=', userId)
    .execute()
  if (lockedUntil)
    tx.emit(platformOrganizationId, 'user.totp_locked', { userId, until: lockedUntil.toISOString() })
  return 'wrong'
}

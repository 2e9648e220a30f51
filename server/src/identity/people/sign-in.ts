import { verifyPassword } from 'better-auth/crypto'
import { isOver, lostSecret, takeCode, wrongCode } from '../account/second-factor.ts'
import { guessing, tooMany, type Tries } from '../account/tries.ts'
import type { Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'

export const wrongSignIn = 'The e-mail address or the password is wrong.'

/**
 * Stands before a sign-in by password: an account with a second factor goes on to it only with the right password
 * and a code. Both come in one request, so that a half signed-in state, which could be stolen, does not exist.
 * Whose second factor was shown; null: there is none to show.
 */
export async function passSecondFactor(
  { platform, tries }: { platform: Platform; tries: Tries },
  body: Record<string, unknown>,
  address: string,
): Promise<string | null> {
  const { email, password, code } = body
  if (typeof email !== 'string' || typeof password !== 'string') return null
  // Before it is known whose account that is: were only some tries counted, the limit would tell who has a second factor.
  await tries.demand(`sign-in:${address}`, guessing)
  const found = await platform.db
    .selectFrom('users as u')
    .innerJoin('secondFactors as f', 'f.userId', 'u.id')
    .innerJoin('accounts as a', 'a.userId', 'u.id')
    .select(['u.id', 'a.password'])
    .where('u.email', '=', email.toLowerCase())
    .where('u.state', '=', 'active')
    .where('f.confirmedAt', 'is not', null)
    .where('a.providerId', '=', 'credential')
    .executeTakeFirst()
  if (!found?.password) return null
  if (!(await verifyPassword({ hash: found.password, password })))
    throw new Refusal('unauthenticated', wrongSignIn)
  if (typeof code !== 'string' || code.trim() === '') {
    throw new Refusal(
      'second_factor_required',
      'This account has a second factor: send `code`, six digits of the app or a recovery code.',
    )
  }
  const actor = { kind: 'user', id: found.id, tokenId: null } as const
  const checked = await platform.mutate({ actor, requestId: null }, (tx) =>
    takeCode(tx, platform.keys, found.id, code),
  )
  if (checked === 'right') return found.id
  if (checked === null) return null
  if (isOver(checked))
    throw tooMany(Math.ceil((checked.lockedUntil.getTime() - platform.clock.now().getTime()) / 1000))
  const message = checked === 'lost' ? lostSecret : wrongCode
  throw new Refusal('second_factor_required', `code: ${message}.`, { errors: [{ path: 'code', message }] })
}

import { z } from 'zod'
import { emailAddress } from '@berth/contracts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'
import type { AccountContext } from '../account/context.ts'
import { sendConfirmation } from '../account/email.ts'
import { newestRegistration } from '../account/links.ts'
import { mayMail } from '../account/password.ts'
import { isPassword } from '../account/passwords.ts'
import { isOver, lostSecret, takeCode, wrongCode } from '../account/second-factor.ts'
import { guessing, mailing, tooMany } from '../account/tries.ts'
import { isUnconfirmed } from '../account/unconfirmed.ts'

/** One sentence for whatever is not right: which of it holds would tell who has an account. */
export const wrongSignIn = (sendsMail: boolean): Refusal =>
  new Refusal(
    'unauthenticated',
    sendsMail
      ? 'The e-mail address or the password is wrong, or the address is not confirmed yet: then look for our letter, and open the link in it.'
      : 'The e-mail address or the password is wrong.',
  )

const signInBody = z.looseObject({ email: emailAddress, password: z.string(), code: z.unknown().optional() })

/**
 * Stands before a sign-in by password. It goes on only with the right password of a confirmed account, and a code where
 * there is a second factor: both come in one request, so that a half signed-in state, which could be stolen, does not
 * exist. Whoever is refused was refused after the same work. Whose second factor was shown; null: there is none to show.
 */
export async function passSignIn(
  context: AccountContext,
  body: Record<string, unknown>,
  address: string,
): Promise<string | null> {
  const { platform, tries, aside } = context
  const { sendsMail } = context.notifications
  const { email, password, code } = checkSignIn(body)
  // Before it is known whose account that is: were only some tries counted, the limit would tell whose.
  await tries.demand(`sign-in:${address}`, guessing)
  const found = await find(platform, email, sendsMail)
  const isRight = await isPassword(found?.password ?? null, password)
  if (!found || !isRight) throw wrongSignIn(sendsMail)
  if (found.waits) {
    aside(() => sendAgain(context, found.email, address))
    throw wrongSignIn(sendsMail)
  }
  return found.guarded ? showCode(platform, found.id, code) : null
}

function checkSignIn(body: Record<string, unknown>) {
  const parsed = signInBody.safeParse(body)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  const { path, message } = errors[0]!
  throw new Refusal('invalid_input', `${path}: ${message}.`, { errors })
}

/** The account that an address signs in to, with the hash of what it takes. */
async function find({ db }: Platform, email: string, sendsMail: boolean) {
  const row = await db
    .selectFrom('users as u')
    .leftJoin('accounts as a', (join) =>
      join.onRef('a.userId', '=', 'u.id').on('a.providerId', '=', 'credential'),
    )
    .leftJoin('secondFactors as f', 'f.userId', 'u.id')
    .select(['u.id', 'u.email', 'u.state', 'a.password', 'f.confirmedAt', isUnconfirmed.as('unconfirmed')])
    .where('u.email', '=', email.toLowerCase())
    .executeTakeFirst()
  const registration = await newestRegistration(db, row?.id ?? '')
  if (!row) return null
  const waits = sendsMail && row.unconfirmed
  return {
    id: row.id,
    email: row.email,
    waits,
    password: waits && registration ? registration.password : row.password,
    guarded: row.state === 'active' && row.confirmedAt !== null,
  }
}

/** The letter with the link that confirms, once more; so often to an address, and so often from one of the network. */
async function sendAgain(context: AccountContext, email: string, address: string): Promise<void> {
  if (!(await context.tries.allows(`letters:${address}`, mailing)) || !(await mayMail(context, email))) return
  const origin = { actor: systemActor('identity'), requestId: null }
  await context.platform.mutate(origin, (tx) => sendConfirmation(tx, context, email))
}

/** Takes a code of the account's second factor, or refuses. */
async function showCode(platform: Platform, userId: string, code: unknown): Promise<string | null> {
  if (typeof code !== 'string' || code.trim() === '') {
    throw new Refusal(
      'second_factor_required',
      'This account has a second factor: send `code`, six digits of the app or a recovery code.',
    )
  }
  const actor = { kind: 'user', id: userId, tokenId: null } as const
  const checked = await platform.mutate({ actor, requestId: null }, (tx) =>
    takeCode(tx, platform.keys, userId, code),
  )
  if (checked === 'right') return userId
  if (checked === null) return null
  if (isOver(checked))
    throw tooMany(Math.ceil((checked.lockedUntil.getTime() - platform.clock.now().getTime()) / 1000))
  const message = checked === 'lost' ? lostSecret : wrongCode
  throw new Refusal('second_factor_required', `code: ${message}.`, { errors: [{ path: 'code', message }] })
}

import { z } from 'zod'
import { displayName, emailAddress, newPassword } from '@berth/contracts'
import { newId } from '../../platform/ids.ts'
import type { Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'
import type { AccountContext } from '../account/context.ts'
import { askToConfirm, verifyEmail } from '../account/email.ts'
import { mayMail } from '../account/password.ts'
import { lockPerson } from '../account/passwords.ts'
import type { Auth } from './auth.ts'

export interface SignUpContext {
  account: AccountContext
  auth: () => Promise<Auth>
  /** Whether this is a good invitation that was mailed to this address: whoever shows it has that mailbox. */
  isInvited: (token: string, email: string) => Promise<boolean>
}

const signUpBody = z.looseObject({
  name: displayName,
  email: emailAddress,
  password: newPassword,
  invitation: z.string().optional(),
})

type SignUp = z.infer<typeof signUpBody>

/** Refuses what is not right about a sign-up, field by field, before it matters whose address it is. */
export function checkSignUp(body: unknown): SignUp {
  const parsed = signUpBody.safeParse(body)
  if (parsed.success) return { ...parsed.data, email: parsed.data.email.toLowerCase() }
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  const { path, message } = errors[0]!
  throw new Refusal('invalid_input', `${path}: ${message}.`, { errors })
}

const taken = 'There is an account with this e-mail address already: sign in.'

export async function isTaken({ db }: Platform, email: string): Promise<boolean> {
  const query = db.selectFrom('users').select('id').where('email', '=', email)
  return (await query.executeTakeFirst()) !== undefined
}

/** Two sign-ups with one address at once: better-auth does not say why the second one failed. */
export async function refuseTwin(platform: Platform, email: string): Promise<void> {
  if (!(await isTaken(platform, email))) return
  throw new Refusal('duplicate', taken, { errors: [{ path: 'email', message: taken }] })
}

/**
 * What follows a sign-up where e-mail is sent. The answer is the same whether the address had an account or not: what
 * is to be known goes to its mailbox. Only who has shown more than an address is signed in at once: the first
 * account, and somebody with an invitation that was mailed there. Answers with what signs them in, or null.
 */
export async function followSignUp(
  context: SignUpContext,
  { email, invitation }: SignUp,
  userId: string,
): Promise<boolean> {
  const { account } = context
  const { db, mutate } = account.platform
  const found = await db
    .selectFrom('users as u')
    .leftJoin('platformRoles as r', 'r.userId', 'u.id')
    .select(['u.id', 'u.name', 'u.state', 'r.role'])
    .where('u.email', '=', email)
    .executeTakeFirst()
  if (!found) return false
  const actor = { kind: 'user', id: found.id, tokenId: null } as const
  const invited = invitation !== undefined && (await context.isInvited(invitation, email))
  if (found.id !== userId) {
    if (invited) await refuseTwin(account.platform, email)
    if (found.state !== 'active' || !(await mayMail(account, email))) return false
    const data = { name: found.name, url: `${account.publicUrl()}/?view=sign-in` }
    await mutate({ actor, requestId: null }, (tx) =>
      account.notifications.sendMail(tx, { to: email, kind: 'sign-up-again', data }),
    )
    return false
  }
  await mutate({ actor, requestId: null }, async (tx) => {
    const person = await lockPerson(tx, userId)
    if (invited) await verifyEmail(tx, person)
    else await askToConfirm(tx, account, person, email)
  })
  return invited || found.role !== null
}

/** How better-auth answers a sign-up that signs nobody in, for an address that it could not take. */
export function unsaid({ name, email }: SignUp, now: Date) {
  const at = now.toISOString()
  const user = {
    id: newId('user'),
    name,
    email,
    emailVerified: false,
    image: null,
    createdAt: at,
    updatedAt: at,
  }
  return { token: null, user }
}

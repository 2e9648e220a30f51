import { hashPassword } from 'better-auth/crypto'
import { sql } from 'kysely'
import { z } from 'zod'
import { displayName, emailAddress, newPassword } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { systemActor } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'
import type { AccountContext } from '../account/context.ts'
import { askToConfirm, verifyEmail } from '../account/email.ts'
import { mayMail } from '../account/password.ts'
import { lockPerson, setPassword } from '../account/passwords.ts'
import { isUnconfirmed, takeRegistration } from '../account/unconfirmed.ts'
import { takeNoted } from './outbox.ts'
import { setupState } from './setup-code.ts'

export interface SignUpContext {
  account: AccountContext
  /** Whether this is a good invitation that was mailed to this address: whoever shows it has that mailbox. */
  isInvited: (token: string, email: string) => Promise<boolean>
}

const signUpBody = z.looseObject({
  name: displayName,
  email: emailAddress,
  password: newPassword,
  invitation: z.string().optional(),
})

type Wish = z.infer<typeof signUpBody>

/** A sign-up with the id that its account has, should one be made of it, and its password as a hash alone. */
export interface SignUp extends Pick<Wish, 'name' | 'email'> {
  userId: string
  password: string
}

/** Refuses what is not right about a sign-up, field by field, before it matters whose address it is. */
export function checkSignUp(body: unknown): Wish {
  const parsed = signUpBody.safeParse(body)
  if (parsed.success) return { ...parsed.data, email: parsed.data.email.toLowerCase() }
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  const { path, message } = errors[0]!
  throw new Refusal('invalid_input', `${path}: ${message}.`, { errors })
}

export async function prepareSignUp({ name, email, password }: Wish): Promise<SignUp> {
  return { name, email, userId: newId('user'), password: await hashPassword(password) }
}

/**
 * Whether a sign-up is answered with what came of it. Where e-mail is sent that is so only for who has shown more than an
 * address: the first account, and somebody with an invitation that was mailed there.
 */
export async function entersAtOnce(
  { account, isInvited }: SignUpContext,
  { email, invitation }: Wish,
): Promise<'open' | 'first' | 'invited' | null> {
  const { platform, notifications } = account
  if (!notifications.sendsMail) return 'open'
  if (invitation !== undefined && (await isInvited(invitation, email))) return 'invited'
  return (await setupState(platform.db, platform.config)).operatorClaimed ? null : 'first'
}

/** Makes the account, and signs up with it: whether its person may sign in now. Refuses an address that is taken. */
export async function enter(account: AccountContext, given: SignUp, why: 'open' | 'first' | 'invited') {
  const { platform } = account
  const outcome = await platform.mutate(originOf(given), async (tx) => {
    if (await makeAccount(tx, account, given)) return follow(tx, account, given, why)
    const found = await findAccount(tx.db, given.email)
    if (why !== 'invited' || !found?.isOpen) return 'taken'
    // They have the mailbox, whoever made the account that waits to be confirmed.
    await takeRegistration(tx, found.id, given)
    await verifyEmail(tx, await lockPerson(tx, found.id))
    return 'enters'
  })
  if (outcome !== 'taken') return outcome === 'enters'
  const message = 'There is an account with this e-mail address already: sign in.'
  throw new Refusal('duplicate', message, { errors: [{ path: 'email', message }] })
}

async function follow(
  tx: Tx,
  account: AccountContext,
  { userId, email, name, password }: SignUp,
  why: 'open' | 'first' | 'invited',
): Promise<'enters' | 'waits'> {
  if (why === 'open') return 'enters'
  const person = await lockPerson(tx, userId)
  if (why === 'invited') {
    await verifyEmail(tx, person)
    return 'enters'
  }
  await askToConfirm(tx, account, person, email, { name, password })
  const role = tx.db.selectFrom('platformRoles').select('role').where('userId', '=', userId)
  return (await role.executeTakeFirst()) ? 'enters' : 'waits'
}

/**
 * What follows the answer to a sign-up that tells nothing. A new address, and one whose account nobody has confirmed yet, gets
 * a letter with a link that belongs to this sign-up alone; elsewhere its owner is told in their mailbox that they have one.
 */
export async function signUpAside(account: AccountContext, given: SignUp): Promise<void> {
  const { platform, notifications, publicUrl } = account
  const { email, name, password } = given
  if (!(await mayMail(account, email))) return
  const isKnown = (await findAccount(platform.db, email)) !== null
  await platform.mutate(isKnown ? stranger : originOf(given), async (tx) => {
    await makeAccount(tx, account, given)
    const found = await findAccount(tx.db, email)
    if (found?.isOpen)
      return askToConfirm(tx, account, await lockPerson(tx, found.id), email, { name, password })
    if (found?.state !== 'active') return
    const data = { name: found.name, url: `${publicUrl()}/?view=sign-in` }
    await notifications.sendMail(tx, { to: email, kind: 'sign-up-again', data })
  })
}

const stranger = { actor: systemActor('identity'), requestId: null }

const originOf = ({ userId }: SignUp) => ({
  actor: { kind: 'user', id: userId, tokenId: null } as const,
  requestId: null,
})

/** False when the address has an account already. */
async function makeAccount(
  tx: Tx,
  { notifications }: AccountContext,
  { userId: id, name, email, password }: SignUp,
): Promise<boolean> {
  const times = { createdAt: tx.now, updatedAt: tx.now }
  const made = await tx.db
    .insertInto('users')
    .values({ id, name, email, mustVerify: notifications.sendsMail, ...times })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!made) return false
  await takeNoted(tx, id)
  await setPassword(tx, id, password)
  return true
}

/** Who has an address; `isOpen`: nobody has confirmed it, so that whoever shows that it is theirs may have the account. */
async function findAccount(db: Queryable, email: string) {
  const row = await db
    .selectFrom('users as u')
    .leftJoin('secondFactors as f', 'f.userId', 'u.id')
    .select([
      'u.id',
      'u.name',
      'u.state',
      sql<boolean>`${isUnconfirmed} and u.state = 'active' and f.confirmed_at is null`.as('isOpen'),
    ])
    .where('u.email', '=', email)
    .executeTakeFirst()
  return row ?? null
}

/** How a sign-up is answered that signs nobody in. */
export function unsaid({ userId: id, name, email }: SignUp, now: Date) {
  const at = now.toISOString()
  const user = { id, name, email, emailVerified: false, image: null, createdAt: at, updatedAt: at }
  return { token: null, user }
}

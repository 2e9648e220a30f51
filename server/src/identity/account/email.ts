import { platformOrganizationId } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import type { AccountContext } from './context.ts'
import { wrongField } from './fields.ts'
import {
  createLink,
  demandLink,
  dropLinks,
  newestRegistration,
  pendingEmailOf,
  useLink,
  type Registration,
} from './links.ts'
import {
  checkPassword,
  demandSamePassword,
  hashOf,
  isPassword,
  lockPerson,
  type Person,
} from './passwords.ts'
import { guessing, mailing } from './tries.ts'
import { takeRegistration } from './unconfirmed.ts'

/**
 * Prepares the change of a person's address. Where mail is sent, the new address has to be confirmed, and giving the
 * present one again sends its link, or takes back a change that waits; elsewhere a new one counts at once.
 */
export async function prepareEmailChange(
  context: AccountContext,
  userId: string,
  given: { email: string; password: string },
): Promise<(tx: Tx) => Promise<void>> {
  const { platform, tries, notifications } = context
  const email = given.email.toLowerCase()
  await tries.demand(`password:${userId}`, guessing)
  const hash = await checkPassword(platform.db, { userId, password: given.password, field: 'password' })
  if (notifications.sendsMail) await tries.demand(`mail:${userId}`, mailing)
  return async (tx) => {
    const person = await demandSamePassword(tx, userId, hash)
    await dropLinks(tx, userId, 'email')
    if (email === person.email) {
      if (notifications.sendsMail && !person.emailVerified) await askToConfirm(tx, context, person, email)
      return
    }
    if (!notifications.sendsMail) {
      await demandFree(tx, email)
      return writeEmail(tx, person, { email, verified: false })
    }
    tx.emit(platformOrganizationId, 'user.email_change_requested', { userId, email })
    await askWhoeverHas(tx, context, person, email)
  }
}

/** Asks a new address to confirm itself. Where it is somebody else's, that is said in their mailbox alone. */
async function askWhoeverHas(tx: Tx, context: AccountContext, person: Person, email: string): Promise<void> {
  const other = await tx.db
    .selectFrom('users')
    .select('name')
    .where('email', '=', email)
    .where('state', '<>', 'deleted')
    .executeTakeFirst()
  if (!other) return askToConfirm(tx, context, person, email)
  // The link is known to nobody; the account shows that it waits for it, as it would for any other address.
  await createLink(tx, context.publicUrl(), { userId: person.id, purpose: 'email', email })
  const data = { name: other.name, url: `${context.publicUrl()}/?view=sign-in` }
  await context.notifications.sendMail(tx, { to: email, kind: 'sign-up-again', data })
}

/**
 * Sends the link once more to an address that waits to be confirmed, as somebody's present one or the one they asked
 * for. Nothing tells the caller whether there is one.
 */
export async function sendConfirmation(tx: Tx, context: AccountContext, email: string): Promise<void> {
  const { db, now } = tx
  const present = await db
    .selectFrom('users')
    .select('id')
    .where('email', '=', email)
    .where('state', '=', 'active')
    .where('emailVerified', '=', false)
    .executeTakeFirst()
  // A change to another address that waits is not given up for it.
  const pending = present && (await pendingEmailOf(db, present.id, now))
  if (present && (pending === null || pending === email))
    return askToConfirm(
      tx,
      context,
      await lockPerson(tx, present.id),
      email,
      await newestRegistration(db, present.id),
    )
  if (present) return
  const asked = await db
    .selectFrom('accountLinks as l')
    .innerJoin('users as u', 'u.id', 'l.userId')
    .select('u.id')
    .where('l.email', '=', email)
    .where('l.usedAt', 'is', null)
    .where('u.state', '=', 'active')
    .orderBy('l.createdAt', 'desc')
    .executeTakeFirst()
  if (asked) await askWhoeverHas(tx, context, await lockPerson(tx, asked.id), email)
}

/**
 * Prepares what a link confirms. It takes the mailbox and the password, of the sign-up whose letter it came in or else of
 * the account: so nobody confirms an account, or an address for one, that somebody else made.
 */
export async function prepareConfirmation(
  context: AccountContext,
  given: { token: string; password?: string | undefined; address: string },
): Promise<(tx: Tx) => Promise<{ email: string }>> {
  const { db, clock } = context.platform
  await context.tries.demand(`confirm:${given.address}`, guessing)
  const link = await demandLink(db, 'email', given.token, clock.now())
  if (given.password === undefined) throw wrongField('password', 'type the password you chose')
  const hash = link.password ?? (await hashOf(db, link.userId))
  if (!(await isPassword(hash, given.password))) throw wrongField('password', notTheirs)
  return async (tx) => {
    const used = await useLink(tx, 'email', given.token)
    const person = await lockPerson(tx, used.userId)
    if ((used.password ?? (await hashOf(tx.db, person.id))) !== hash)
      throw new Refusal('version_conflict', 'The password was changed meanwhile. Try again with the new one.')
    return confirmEmail(tx, context, person, used)
  }
}

const notTheirs =
  'this is not the password that was chosen with this link. If you chose none, somebody else signed up with your ' +
  'address: set a new password, and the account is yours alone'

/** Makes the address of a link the account's; the former one is told. */
async function confirmEmail(
  tx: Tx,
  context: AccountContext,
  person: Person,
  link: { email: string | null; name: string | null; password: string | null },
): Promise<{ email: string }> {
  const email = link.email!
  if (email === person.email) {
    if (link.name !== null && link.password !== null)
      await takeRegistration(tx, person.id, { name: link.name, password: link.password })
    await verifyEmail(tx, person)
    return { email }
  }
  await demandFree(tx, email)
  const { name } = person
  await context.notifications.sendMail(tx, { to: person.email, kind: 'email-changed', data: { name, email } })
  await writeEmail(tx, person, { email, verified: true })
  return { email }
}

/** Sends the link that proves an address: the present one, of one sign-up or of none, or the one that shall take its place. */
export async function askToConfirm(
  tx: Tx,
  context: AccountContext,
  person: Person,
  email: string,
  registration: Registration | null = null,
): Promise<void> {
  const { url, expiresAt } = await createLink(tx, context.publicUrl(), {
    userId: person.id,
    purpose: 'email',
    email,
    registration,
  })
  const data = { name: registration?.name ?? person.name, url }
  const kind = email === person.email ? 'address-confirm' : 'email-confirm'
  await context.notifications.sendMail(tx, { to: email, kind, data, goodUntil: expiresAt })
}

/**
 * Marks the present address as the person's own: they showed that they have its mailbox. Links that would show it again,
 * those of other sign-ups among them, are worth nothing from then on.
 */
export async function verifyEmail(tx: Tx, person: Pick<Person, 'id' | 'emailVerified'>): Promise<void> {
  if (person.emailVerified) return
  await tx.db
    .deleteFrom('accountLinks')
    .where('userId', '=', person.id)
    .where('usedAt', 'is', null)
    .where('email', '=', (users) => users.selectFrom('users').select('email').where('id', '=', person.id))
    .execute()
  await tx.db
    .updateTable('users')
    .set({ emailVerified: true, updatedAt: tx.now })
    .where('id', '=', person.id)
    .execute()
  tx.emit(platformOrganizationId, 'user.email_verified', { userId: person.id })
}

/** Links that went to the former address are worth nothing any more. */
async function writeEmail(
  tx: Tx,
  person: Person,
  { email, verified }: { email: string; verified: boolean },
): Promise<void> {
  if (email !== person.email)
    await tx.db
      .deleteFrom('accountLinks')
      .where('userId', '=', person.id)
      .where('usedAt', 'is', null)
      .execute()
  await tx.db
    .updateTable('users')
    .set({ email, emailVerified: verified, updatedAt: tx.now })
    .where('id', '=', person.id)
    .execute()
  tx.emit(platformOrganizationId, 'user.email_changed', { userId: person.id, email, verified })
}

async function demandFree(tx: Tx, email: string): Promise<void> {
  const taken = await tx.db.selectFrom('users').select('id').where('email', '=', email).executeTakeFirst()
  if (!taken) return
  const message = 'another account has this address'
  throw new Refusal('duplicate', `email: ${message}.`, { errors: [{ path: 'email', message }] })
}

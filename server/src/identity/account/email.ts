import { platformOrganizationId } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import type { AccountContext } from './context.ts'
import { createLink, dropLinks, useLink } from './links.ts'
import { checkPassword, demandSamePassword, lockPerson, type Person } from './passwords.ts'
import { guessing, mailing } from './tries.ts'

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
    await demandFree(tx, email)
    if (!notifications.sendsMail) return writeEmail(tx, person, { email, verified: false })
    tx.emit(platformOrganizationId, 'user.email_change_requested', { userId, email })
    await askToConfirm(tx, context, person, email)
  }
}

/** Makes the address of a link the account's; the former one is told. */
export async function confirmEmail(
  tx: Tx,
  context: AccountContext,
  secret: string,
): Promise<{ email: string }> {
  const link = await useLink(tx, 'email', secret)
  const email = link.email!
  const person = await lockPerson(tx, link.userId)
  if (email !== person.email) {
    await demandFree(tx, email)
    const { name } = person
    await context.notifications.sendMail(tx, {
      to: person.email,
      kind: 'email-changed',
      data: { name, email },
    })
  }
  await writeEmail(tx, person, { email, verified: true })
  return { email }
}

async function askToConfirm(tx: Tx, context: AccountContext, person: Person, email: string): Promise<void> {
  const { url, expiresAt } = await createLink(tx, context.publicUrl(), {
    userId: person.id,
    purpose: 'email',
    email,
  })
  const data = { name: person.name, url }
  await context.notifications.sendMail(tx, { to: email, kind: 'email-confirm', data, goodUntil: expiresAt })
}

/** Links that went to the former address set no password any more. */
async function writeEmail(
  tx: Tx,
  person: Person,
  { email, verified }: { email: string; verified: boolean },
): Promise<void> {
  if (email !== person.email) await dropLinks(tx, person.id, 'reset')
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

import { hashPassword } from 'better-auth/crypto'
import { platformOrganizationId } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import { endSessions } from '../people/outbox.ts'
import { revokeTokensOfPerson } from '../tokens/tokens.ts'
import type { AccountContext } from './context.ts'
import { verifyEmail } from './email.ts'
import { createLink, demandLink, useLink, type CreatedLink } from './links.ts'
import { checkPassword, demandSamePassword, lockPerson, setPassword, type Person } from './passwords.ts'
import { guessing, mailing } from './tries.ts'

/** Prepares a new password for somebody who knows the present one; every sign-in but theirs ends. */
export async function preparePasswordChange(
  context: AccountContext,
  caller: { id: string; sessionId: string | null },
  given: { currentPassword: string; newPassword: string; revokeTokens: boolean },
): Promise<(tx: Tx) => Promise<void>> {
  const userId = caller.id
  await context.tries.demand(`password:${userId}`, guessing)
  const shown = { userId, password: given.currentPassword, field: 'currentPassword' }
  const before = await checkPassword(context.platform.db, shown)
  const after = await hashPassword(given.newPassword)
  return async (tx) => {
    const person = await demandSamePassword(tx, userId, before)
    await setPassword(tx, userId, after)
    await endSessions(tx, userId, { except: caller.sessionId })
    if (given.revokeTokens) await revokeTokensOfPerson(tx, userId, 'password changed')
    tx.emit(platformOrganizationId, 'user.password_changed', { userId })
    await tell(tx, context, person)
  }
}

/**
 * Sends a link to whoever has this address; without a mail server it waits in the outbox for an operator. Nothing
 * tells the caller whether there is such an account.
 */
export async function sendResetLink(tx: Tx, context: AccountContext, email: string): Promise<void> {
  const person = await tx.db
    .selectFrom('users')
    .select(['id', 'name', 'email'])
    .where('email', '=', email)
    .where('state', '=', 'active')
    .forUpdate()
    .executeTakeFirst()
  if (!person) return
  const { url, expiresAt } = await createLink(tx, context.publicUrl(), {
    userId: person.id,
    purpose: 'reset',
    mailed: context.notifications.sendsMail,
  })
  tx.emit(platformOrganizationId, 'user.reset_link_created', { userId: person.id, by: 'mail' })
  const data = { name: person.name, url }
  await context.notifications.sendMail(tx, {
    to: person.email,
    kind: 'password-reset',
    data,
    goodUntil: expiresAt,
  })
}

/** Makes a link for an operator to hand on. */
export async function createResetLink(tx: Tx, context: AccountContext, userId: string): Promise<CreatedLink> {
  const link = await createLink(tx, context.publicUrl(), { userId, purpose: 'reset' })
  tx.emit(platformOrganizationId, 'user.reset_link_created', { userId, by: 'operator' })
  return link
}

/** Prepares the password that a link sets; all sign-ins of the account end with it. */
export async function prepareReset(
  context: AccountContext,
  given: { token: string; newPassword: string; revokeTokens: boolean; address: string },
): Promise<(tx: Tx) => Promise<void>> {
  const { db, clock } = context.platform
  await context.tries.demand(`reset:${given.address}`, guessing)
  await demandLink(db, 'reset', given.token, clock.now())
  const hash = await hashPassword(given.newPassword)
  return async (tx) => {
    const { userId, mailed } = await useLink(tx, 'reset', given.token)
    const person = await lockPerson(tx, userId)
    if (mailed) await verifyEmail(tx, person)
    await setPassword(tx, userId, hash)
    await endSessions(tx, userId)
    if (given.revokeTokens) await revokeTokensOfPerson(tx, userId, 'password changed')
    tx.emit(platformOrganizationId, 'user.password_reset', { userId })
    await tell(tx, context, person)
  }
}

/** Whether another message may go to this address now. */
export const mayMail = (context: AccountContext, email: string): Promise<boolean> =>
  context.tries.allows(`mail:${email}`, mailing)

async function tell(tx: Tx, { notifications }: AccountContext, { email, name }: Person): Promise<void> {
  await notifications.sendMail(tx, { to: email, kind: 'password-changed', data: { name } })
}

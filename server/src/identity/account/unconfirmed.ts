import { sql, type SqlBool } from 'kysely'
import { platformOrganizationId } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { systemActor } from '../../platform/platform.ts'
import { endSessions } from '../people/outbox.ts'
import { revokeTokensOfPerson } from '../tokens/tokens.ts'
import { changeName } from './account.ts'
import type { AccountContext } from './context.ts'
import { eraseAccount } from './erase.ts'
import type { Registration } from './links.ts'
import { hashOf, setPassword } from './passwords.ts'

/** So long an account waits for its address to be confirmed, where e-mail is sent; then it is removed. */
export const unconfirmedDays = 7

/** An account, `u`, that nothing but its own address leads to until that is confirmed. Operators are not held to it. */
export const isUnconfirmed = sql<boolean>`(u.must_verify and not u.email_verified
  and not exists (select from platform_roles r where r.user_id = u.id))`

/**
 * Gives an account that was not confirmed yet to whoever signed up so and has the mailbox. Had somebody else signed up
 * before them, or used it while no mail was sent, nothing that lets in goes on doing so.
 */
export async function takeRegistration(tx: Tx, userId: string, given: Registration): Promise<void> {
  await changeName(tx, userId, given.name)
  if ((await hashOf(tx.db, userId)) === given.password) return
  await setPassword(tx, userId, given.password)
  await endSessions(tx, userId)
  await revokeTokensOfPerson(tx, userId, 'password changed')
  tx.emit(platformOrganizationId, 'user.password_changed', { userId })
}

/**
 * Removes accounts that nobody confirmed in time, with all that hangs on them. Whoever is in an organization, holds a
 * token, or has a link that is still good, stays.
 */
export async function sweepUnconfirmed(context: AccountContext): Promise<void> {
  const { platform, notifications } = context
  if (!notifications.sendsMail) return
  const now = platform.clock.now()
  for (const { id } of await due(platform.db, now))
    await platform.mutate({ actor: systemActor('identity'), requestId: null }, (tx) =>
      remove(tx, context, id),
    )
}

/** As many as one turn removes; the next one goes on. */
const batch = 500

async function due(db: Queryable, now: Date, only?: string): Promise<{ id: string; email: string }[]> {
  const before = new Date(now.getTime() - unconfirmedDays * 24 * 3600_000)
  let query = db
    .selectFrom('users as u')
    .select(['u.id', 'u.email'])
    .where('u.state', '=', 'active')
    .where(isUnconfirmed)
    .where('u.createdAt', '<=', before)
    .where(
      sql<SqlBool>`not exists (select from members m where m.user_id = u.id)
        and not exists (select from tokens t where t.user_id = u.id)
        and not exists (select from account_links l
          where l.user_id = u.id and l.used_at is null and l.expires_at > ${now})`,
    )
  if (only) query = query.where('u.id', '=', only)
  return query.orderBy('u.id').limit(batch).execute()
}

/** Looks again once the account is held: somebody may have confirmed it, or taken it into an organization. */
async function remove(tx: Tx, context: AccountContext, userId: string): Promise<void> {
  await tx.db.selectFrom('users').select('id').where('id', '=', userId).forUpdate().execute()
  const [account] = await due(tx.db, tx.now, userId)
  if (account) await eraseAccount(tx, context, account, 'user.lapsed')
}

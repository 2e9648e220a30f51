import { platformOrganizationId, type Account } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import type { AccountContext } from './context.ts'
import { pendingEmailOf } from './links.ts'
import { lockPerson } from './passwords.ts'
import { secondFactorOf } from './second-factor.ts'

/** A person's account as they see it. */
export async function readAccount(context: AccountContext, userId: string): Promise<Account> {
  const { db, clock } = context.platform
  const user = await db
    .selectFrom('users')
    .select(['id', 'name', 'email', 'emailVerified', 'createdAt'])
    .where('id', '=', userId)
    .executeTakeFirstOrThrow()
  return {
    ...user,
    createdAt: user.createdAt.toISOString(),
    pendingEmail: await pendingEmailOf(db, userId, clock.now()),
    secondFactor: await secondFactorOf(db, userId),
    soleOwnerOf: await context.memberships.soleOwnerOf(db, userId),
    sendsMail: context.notifications.sendsMail,
  }
}

export async function changeName(tx: Tx, userId: string, name: string): Promise<void> {
  const before = await lockPerson(tx, userId)
  if (before.name === name) return
  await tx.db.updateTable('users').set({ name, updatedAt: tx.now }).where('id', '=', userId).execute()
  const changes = [{ field: 'name', previous: before.name, current: name }]
  tx.emit(platformOrganizationId, 'user.updated', { userId, changes })
}

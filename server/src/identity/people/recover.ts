import { randomBytes } from 'node:crypto'
import { hashPassword } from 'better-auth/crypto'
import { platformOrganizationId } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'
import { setPassword } from '../account/passwords.ts'
import { removeFactor } from '../account/second-factor.ts'
import { endSessions } from './outbox.ts'

export interface Recovery {
  userId: string
  email: string
  /** Shown once; only its hash is stored. */
  password: string
}

/**
 * A way in for a locked-out operator, for whoever may run commands on the machine itself: gives the account with
 * this e-mail address (else the first operator) a new password and the operator's role, activates it, takes its
 * second factor off, and ends its sign-ins. Throws `not_found` when there is no such account.
 */
export async function recoverOperator(
  platform: Pick<Platform, 'mutate'>,
  given: { email?: string } = {},
): Promise<Recovery> {
  const password = randomBytes(18).toString('base64url')
  const hash = await hashPassword(password)
  const user = await platform.mutate({ actor: systemActor('recover'), requestId: null }, async (tx) => {
    const found = await accountToRecover(tx, given.email?.trim().toLowerCase())
    await tx.db
      .updateTable('users')
      .set({ state: 'active', updatedAt: tx.now })
      .where('id', '=', found.id)
      .execute()
    await setPassword(tx, found.id, hash)
    await removeFactor(tx, found.id)
    await makeOperator(tx, found.id)
    await endSessions(tx, found.id)
    tx.emit(platformOrganizationId, 'operator.recovered', { userId: found.id })
    return found
  })
  return { userId: user.id, email: user.email, password }
}

async function accountToRecover(tx: Tx, email: string | undefined): Promise<{ id: string; email: string }> {
  const users = tx.db
    .selectFrom('users as u')
    .select(['u.id', 'u.email'])
    .where('u.state', '!=', 'deleted')
    .forUpdate('u')
  const found = email
    ? await users.where('u.email', '=', email).executeTakeFirst()
    : await users
        .innerJoin('platformRoles as r', 'r.userId', 'u.id')
        .where('r.role', '=', 'operator')
        .orderBy('r.grantedAt')
        .limit(1)
        .executeTakeFirst()
  if (found) return found
  throw new Refusal(
    'not_found',
    email
      ? `There is no account with the e-mail address ${email}.`
      : 'There is no operator yet: the first account that signs up becomes one.',
  )
}

async function makeOperator(tx: Tx, userId: string): Promise<void> {
  await tx.db
    .insertInto('platformRoles')
    .values({ userId, role: 'operator', grantedAt: tx.now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await tx.db
    .updateTable('installation')
    .set({ operatorClaimedBy: userId })
    .where('operatorClaimedBy', 'is', null)
    .execute()
}

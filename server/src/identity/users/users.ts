import { platformOrganizationId, refusalOf, userMachine, type PlatformRole } from '@berth/contracts'
import type { Tx } from '../../platform/mutate.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { removeFactor } from '../account/second-factor.ts'
import { endSessions } from '../people/outbox.ts'
import { revokeTokensOfPerson } from '../tokens/tokens.ts'
import { keepAnOperator } from './operators.ts'

type State = (typeof userMachine.states)[number]

const lastOperator = 'This is the only operator. Make somebody else an operator first.'

/** Ends all that a person holds at once, open MCP sessions too; not one's own account, and not the last operator. */
export async function disableUser(tx: Tx, userId: string): Promise<void> {
  if (tx.actor.id === userId)
    throw new Refusal('invalid_state', 'You cannot disable your own account. Another operator can.')
  const { state } = await lockUser(tx, userId)
  demandEdge(state, 'disable')
  await keepAnOperator(tx, userId, lastOperator)
  await setState(tx, userId, 'disabled')
  await revokeTokensOfPerson(tx, userId, 'account disabled')
  await endSessions(tx, userId)
  await tx.db.deleteFrom('deviceCodes').where('userId', '=', userId).execute()
  tx.emit(platformOrganizationId, 'user.disabled', { userId })
}

export async function enableUser(tx: Tx, userId: string): Promise<void> {
  const { state } = await lockUser(tx, userId)
  demandEdge(state, 'enable')
  await setState(tx, userId, 'active')
  tx.emit(platformOrganizationId, 'user.enabled', { userId })
}

/** Takes the second factor off for somebody who lost it. */
export async function removeTotp(tx: Tx, userId: string): Promise<{ name: string; email: string }> {
  const person = await lockActive(tx, userId)
  if (!(await removeFactor(tx, userId)))
    throw new Refusal('invalid_state', 'This account has no second factor.')
  return person
}

export async function grantRole(tx: Tx, userId: string, role: PlatformRole): Promise<void> {
  await lockActive(tx, userId)
  const { numInsertedOrUpdatedRows } = await tx.db
    .insertInto('platformRoles')
    .values({ userId, role, grantedAt: tx.now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows) tx.emit(platformOrganizationId, 'user.role_granted', { userId, role })
}

export async function revokeRole(tx: Tx, userId: string, role: PlatformRole): Promise<void> {
  await lockUser(tx, userId)
  if (role === 'operator') await keepAnOperator(tx, userId, lastOperator)
  const { numDeletedRows } = await tx.db
    .deleteFrom('platformRoles')
    .where('userId', '=', userId)
    .where('role', '=', role)
    .executeTakeFirst()
  if (numDeletedRows > 0n) tx.emit(platformOrganizationId, 'user.role_revoked', { userId, role })
}

/** Locks an account that somebody uses; a disabled or deleted one is refused. */
export async function lockActive(tx: Tx, userId: string): Promise<{ name: string; email: string }> {
  const person = await lockUser(tx, userId)
  if (person.state === 'active') return person
  throw new Refusal(
    'invalid_state',
    `This account is ${person.state}. This is possible for an active one only.`,
  )
}

async function lockUser(tx: Tx, userId: string): Promise<{ name: string; email: string; state: State }> {
  const row = await tx.db
    .selectFrom('users')
    .select(['name', 'email', 'state'])
    .where('id', '=', userId)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw notFound('person')
  return { ...row, state: row.state as State }
}

function demandEdge(state: State, action: 'disable' | 'enable'): void {
  const refusal = refusalOf(userMachine, state, action)
  if (refusal) throw new Refusal('invalid_state', refusal)
}

async function setState(tx: Tx, userId: string, state: State): Promise<void> {
  await tx.db.updateTable('users').set({ state, updatedAt: tx.now }).where('id', '=', userId).execute()
}

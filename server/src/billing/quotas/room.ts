/** Limits of what stands rather than is used up: seats and workspaces. */
import { sql, type RawBuilder } from 'kysely'
import { entitlements } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { noAccess } from '../access.ts'
import { findEntitled, limitOf, type Entitled } from './entitled.ts'

type StaticKey = 'seats' | 'workspaces'

type Count = (organizationId: string) => RawBuilder<unknown>

const counted: Record<StaticKey, Count> = {
  seats: (id) => sql`(select count(*) from members where organization_id = ${id})
    + (select count(*) from invitations where organization_id = ${id} and state = 'pending')`,
  workspaces: (id) =>
    sql`(select count(*) from workspaces where organization_id = ${id} and state <> 'archived')`,
}

const advice: Record<StaticKey, string> = {
  seats: 'Remove a member, withdraw an invitation, or change the plan.',
  workspaces: 'Archive a workspace, or change the plan.',
}

/** How much of a static key is taken. */
export async function countTaken(
  db: Queryable,
  organizationId: string,
  key: StaticKey,
  count = counted[key],
): Promise<number> {
  const { rows } = await sql<{ taken: number }>`select ${count(organizationId)} as taken`.execute(db)
  return rows[0]!.taken
}

const members: Count = (id) => sql`(select count(*) from members where organization_id = ${id})`

/** Refuses somebody whose seat an invitation kept, where by now the members alone take all there are. */
export const demandKeptSeat = (tx: Tx, organizationId: string): Promise<void> =>
  demandRoom(tx, organizationId, 'seats', members)

/**
 * Refuses one more than the plan allows. Where there is a limit the organization is held until the transaction ends, so
 * that of two who want the last place one gets it. Throws `policy_veto` with the note and what to do.
 */
export async function demandRoom(
  tx: Tx,
  organizationId: string,
  key: StaticKey,
  count = counted[key],
): Promise<void> {
  const before = await findEntitled(tx.db, organizationId, tx.now)
  const standing = before?.standing ?? 'missing'
  if (standing === 'missing' || standing === 'suspended') {
    const { note, sentence, next } = noAccess[standing]
    throw new Refusal('policy_veto', `${sentence} ${next}`, { notes: [note] })
  }
  const limit = limitOf(before!, key)
  if (limit === null) return
  const { title, unit } = entitlements[key]
  if (limit === undefined) {
    throw new Refusal('policy_veto', `The plan grants no ${unit} (${title}). Change the plan.`, {
      notes: [`billing:entitlement-missing:${key}`],
    })
  }
  await sql`select from organizations where id = ${organizationId} for no key update`.execute(tx.db)
  const taken = await countTaken(tx.db, organizationId, key, count)
  if (taken < limit) return
  // More seats can be taken as long as it is them that the limit comes from, and not the plan.
  const full = canGrow(before!, key)
    ? `The subscription has ${limit} seat${limit === 1 ? '' : 's'}, and all are taken (${taken}). Remove a member, withdraw an invitation, or add seats.`
    : `The plan allows ${limit} ${limit === 1 ? singular[key] : unit}, and all are taken (${taken}). ${advice[key]}`
  throw new Refusal('policy_veto', full, { notes: [`billing:quota-exceeded:${key}`] })
}

/** Whether more than are taken now can be had without another plan: of seats that are paid for one by one. */
function canGrow({ grants, seats }: Entitled, key: StaticKey): boolean {
  const most = limitOf({ grants, seats: null }, key)
  return key === 'seats' && seats !== null && (most === null || (most !== undefined && seats < most))
}

const singular: Record<StaticKey, string> = { seats: 'person', workspaces: 'workspace' }

import type { EntitlementKey } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import type { Plan } from '../plans/store.ts'
import { limitOf } from '../quotas/entitled.ts'
import { countTaken } from '../quotas/room.ts'
import { serversOf, type Server } from '../servers.ts'
import { named, type Held } from './model.ts'

export interface OverLimit {
  key: EntitlementKey
  used: number
  limit: number
  consequence: string
  stops: { deploymentId: string; name: string }[]
}

/** What of an organization is more than a plan grants. Nothing is deleted; what cannot go on is named. */
export async function overLimitsOf(
  db: Queryable,
  organizationId: string,
  of: { plan: Plan; seats: number | null },
): Promise<OverLimit[]> {
  const [servers, seats, workspaces] = await Promise.all([
    serversOf(db, organizationId),
    countTaken(db, organizationId, 'seats'),
    countTaken(db, organizationId, 'workspaces'),
  ])
  const over = (key: OverLimit['key'], used: number, consequence: (limit: number) => string): OverLimit[] => {
    const limit = limitIn(of, key)
    if (limit === null || used <= limit) return []
    return [{ key, used, limit, consequence: consequence(limit), stops: [] }]
  }
  return [
    ...over('runtime.concurrent_servers', servers.length, (limit) => stopping(servers.length - limit)).map(
      (one) => ({ ...one, stops: newestOver(servers, one.limit) }),
    ),
    ...over('seats', seats, () => 'Members keep their seats; nobody can be added.'),
    ...over('workspaces', workspaces, () => 'Workspaces stay as they are; none can be added.'),
  ]
}

const stopping = (count: number) =>
  count === 1
    ? 'The newest server stops; it comes back by itself when there is room.'
    : `The ${count} newest servers stop; they come back by themselves when there is room.`

/** Of servers, newest first, those that are over a limit. */
const newestOver = (servers: readonly Server[], limit: number): Server[] =>
  servers.slice(0, Math.max(0, servers.length - limit))

/** The limit of a key on a plan; null: as much as you like; 0 where the plan does not grant it. */
export function limitIn({ plan, seats }: { plan: Plan; seats: number | null }, key: string): number | null {
  const limit = limitOf({ grants: plan.grants, seats: plan.per === 'seat' ? seats : null }, key)
  return limit === undefined ? 0 : limit
}

/** Says in the log that more is in use than the plan grants, after it has changed. */
export async function sayOverLimit(tx: Tx, one: Held, at: Date): Promise<void> {
  const over = await overLimitsOf(tx.db, one.organizationId, one)
  if (over.length === 0) return
  const keys = over.map(({ key }) => key)
  tx.emit(one.organizationId, 'subscription.over_limit', { ...named(one), keys }, at)
}

import type { Tx } from '../platform/mutate.ts'
import { Refusal } from '../platform/problem.ts'
import { countOwners, roleOf } from './store.ts'

/** Read again under the organization's lock: the caller may have lost the role a moment ago. */
export async function demandOwner(tx: Tx, organizationId: string): Promise<void> {
  if ((await roleOf(tx.db, organizationId, tx.actor.id)) === 'owner') return
  throw new Refusal('forbidden', 'Only an owner may make, change or remove owners.')
}

/** Refuses to take the role from the only owner. */
export async function keepAnOwner(tx: Tx, organizationId: string): Promise<void> {
  if ((await countOwners(tx.db, organizationId)) > 1) return
  throw new Refusal(
    'invalid_state',
    'An organization keeps at least one owner. Make somebody else an owner first.',
  )
}

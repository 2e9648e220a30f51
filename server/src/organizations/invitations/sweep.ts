import type { Origin } from '../../platform/mutate.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { repeat, type Repeated } from '../../platform/repeat.ts'
import { lockOrganization } from '../store.ts'
import { expireDue } from './invitations.ts'

const origin: Origin = { actor: systemActor('invitations'), requestId: null }

/** Ends invitations when their time is over. */
export function startExpiring(platform: Platform): Repeated {
  return repeat({ name: 'invitations.expire', everyMs: 60_000, logger: platform.logger }, () =>
    expireInvitations(platform),
  )
}

export async function expireInvitations(platform: Pick<Platform, 'db' | 'clock' | 'mutate'>): Promise<void> {
  const due = await platform.db
    .selectFrom('invitations')
    .select('organizationId')
    .distinct()
    .where('state', '=', 'pending')
    .where('expiresAt', '<=', platform.clock.now())
    .execute()
  for (const { organizationId } of due) {
    await platform.mutate(origin, async (tx) => {
      await lockOrganization(tx.db, organizationId)
      await expireDue(tx, organizationId)
    })
  }
}

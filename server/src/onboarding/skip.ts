import type { SkippableStep } from '@berth/contracts'
import type { Tx } from '../platform/mutate.ts'

/** Keeps that an organization leaves out a step; once is enough. */
export async function skipStep(tx: Tx, organizationId: string, step: SkippableStep): Promise<void> {
  const kept = await tx.db
    .insertInto('onboardingSkips')
    .values({ organizationId, step, skippedAt: tx.now })
    .onConflict((conflict) => conflict.doNothing())
    .returning('step')
    .executeTakeFirst()
  if (kept) tx.emit(organizationId, 'onboarding.step_skipped', { step })
}

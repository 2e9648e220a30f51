/** What tests of billing share: organizations on plans of their own. */
import type { Grant } from '@berth/contracts'
import type { Database } from '../platform/db/database.ts'
import { newId } from '../platform/ids.ts'

interface Given {
  state?: string
  seats?: number
  per?: 'organization' | 'seat'
  fallback?: string | null
  graceEndsAt?: Date
  overLimitUntil?: Date
}

/** Puts an organization on a plan of its own that grants just this. */
export async function subscribeTo(
  db: Database,
  organizationId: string,
  grants: (Pick<Grant, 'key' | 'limit'> & Partial<Grant>)[],
  { state = 'active', seats, per = 'organization', fallback = null, graceEndsAt, overLimitUntil }: Given = {},
): Promise<void> {
  const [id, at] = [newId('planVersion'), new Date()]
  const plan = id.slice(4)
  await db.insertInto('plans').values({ slug: plan, createdAt: at }).execute()
  await db
    .insertInto('planVersions')
    .values({
      id,
      plan,
      version: 1,
      name: plan,
      description: '',
      price: 0,
      currency: 'EUR',
      per,
      interval: 'month',
      trialDays: 0,
      dueDays: 0,
      fallback,
      grants: JSON.stringify(grants.map((one) => ({ reset: null, mode: 'hard', ...one }))),
      public: false,
      publishedAt: at,
    })
    .execute()
  await db
    .updateTable('subscriptions')
    .set({
      planVersionId: id,
      state,
      seats: seats ?? null,
      graceEndsAt: graceEndsAt ?? null,
      overLimitUntil: overLimitUntil ?? null,
    })
    .where('organizationId', '=', organizationId)
    .where('endedAt', 'is', null)
    .execute()
}

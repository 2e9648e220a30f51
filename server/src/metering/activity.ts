import type { Platform } from '../platform/platform.ts'
import { type Activity, findActivity } from './store.ts'

export type { Activity }

/** However many pages ask, the calls of an organization are counted at most once in this time; ms. */
const freshMs = 2000

/** What an organization's deployments were called in the last minute, counted once for all who ask at about the same time. */
export function createActivity({ db, clock }: Pick<Platform, 'db' | 'clock'>) {
  const known = new Map<string, { until: number; found: Promise<Activity[]> }>()
  return function activityOf(organizationId: string): Promise<Activity[]> {
    const now = performance.now()
    for (const [id, { until }] of known) if (until < now) known.delete(id)
    const fresh = known.get(organizationId)
    if (fresh) return fresh.found
    const found = findActivity(db, organizationId, clock.now())
    known.set(organizationId, { until: now + freshMs, found })
    found.catch(() => known.delete(organizationId))
    return found
  }
}

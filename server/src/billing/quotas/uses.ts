/** Uses of quota by many callers: those who come while others are being decided go next, together. */
import { canonical } from '../../platform/log/leaf.ts'
import type { Origin } from '../../platform/mutate.ts'
import type { Platform } from '../../platform/platform.ts'
import { addUp, type Answer, type Wanted } from './decide.ts'
import { createGroups } from './group.ts'
import { useQuotas } from './use.ts'

export interface QuotaUses {
  /** All or nothing, and durable once it is answered. What one caller uses in one go is one event. Throws `invalid_input`. */
  use(organizationId: string, origin: Origin, items: readonly Wanted[]): Promise<Answer>
}

interface Waiting {
  organizationId: string
  origin: Origin
  items: readonly Wanted[]
}

export function createQuotaUses({ mutate }: Pick<Platform, 'mutate'>): QuotaUses {
  const groups = createGroups<Waiting, Answer>((_, waiting) => {
    const { organizationId, origin } = waiting[0]!
    // An event names one request, if it is of one.
    const requestId = waiting.length === 1 ? origin.requestId : null
    const requests = waiting.map(({ items }) => items)
    return mutate({ actor: origin.actor, requestId }, (tx) => useQuotas(tx, organizationId, requests))
  })
  return {
    use: async (organizationId, origin, items) => {
      // What is wrong with it is its own fault, and not that of those it would wait with.
      addUp(items)
      const lane = `${organizationId} ${canonical(origin.actor)}`
      return groups.submit(lane, { organizationId, origin, items })
    },
  }
}

/** Uses of quota by many callers: those who come while others are being decided go next, together. */
import { canonical } from '../../platform/log/leaf.ts'
import type { Origin } from '../../platform/mutate.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Refusal } from '../../platform/problem.ts'
import { addUp, kindOf, type Answer } from './decide.ts'
import { createGroups } from './group.ts'
import { useEach, type UseRequest } from './use.ts'

export interface QuotaUses {
  /**
   * All or nothing, and durable once it is answered. What one caller uses in one go is one event. Throws `invalid_input`
   * and `idempotency_conflict`.
   */
  use(organizationId: string, origin: Origin, request: UseRequest): Promise<Answer>
}

interface Waiting {
  organizationId: string
  origin: Origin
  request: UseRequest
}

export function createQuotaUses({ mutate }: Pick<Platform, 'mutate'>): QuotaUses {
  const groups = createGroups<Waiting, Answer | Refusal>((_, waiting) => {
    const { organizationId, origin } = waiting[0]!
    // An event names one request, if it is of one.
    const requestId = waiting.length === 1 ? origin.requestId : null
    return mutate({ actor: origin.actor, requestId }, async (tx) => {
      const requests = waiting.map(({ request }) => request)
      const results = await useEach(tx, organizationId, requests)
      const used = results.flatMap(({ fresh }, index) => (fresh ? requests[index]!.items : []))
      const items = addUp(used.filter(({ key }) => kindOf(key) === 'metered'))
      if (items.length > 0) tx.emit(organizationId, 'quota.consumed', { items })
      return results.map(({ answer }) => answer)
    })
  })
  return {
    use: async (organizationId, origin, request) => {
      // What is wrong with it is its own fault, and not that of those it would wait with.
      addUp(request.items)
      const lane = `${organizationId} ${canonical(origin.actor)}`
      const answer = await groups.submit(lane, { organizationId, origin, request })
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

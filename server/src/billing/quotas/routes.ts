import { entitlementKeys, quotaEndpoints } from '@berth/contracts'
import { implement, type Route } from '../../platform/http/implement.ts'
import { may, reachOf } from '../../platform/http/principal.ts'
import type { Platform } from '../../platform/platform.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import { windowOf } from '../time/windows.ts'
import { breakDown } from './breakdown.ts'
import { findEntitled } from './entitled.ts'
import { checkQuota, useQuota } from './use.ts'
import { createQuotaUses } from './uses.ts'

export function quotaRoutes(platform: Platform): Route[] {
  const { clock } = platform
  const uses = createQuotaUses(platform)
  return implement(quotaEndpoints, {
    usage: async ({ db, organizationId }) => {
      const items = entitlementKeys.map((key) => ({ key, quantity: 1 }))
      return { items: (await checkQuota(db, organizationId, items, clock.now())).items }
    },
    breakdown: async ({ db, organizationId, principal }, { query }) => {
      const entitled = await findEntitled(db, organizationId, clock.now())
      if (!entitled) throw notFound('subscription')
      const { anchor, grants, now } = entitled
      const reset = grants.find(({ key }) => key === 'gateway.tool_calls')?.reset ?? 'month'
      const window = windowOf(anchor, reset, now)
      const from = query.from ? new Date(query.from) : window.start
      const to = query.to ? new Date(query.to) : window.end
      if (to <= from) {
        throw new Refusal('invalid_input', `to: must be after ${from.toISOString()}, where it begins.`, {
          errors: [{ path: 'to', message: 'must be after from' }],
        })
      }
      const question = { organizationId, by: query.by, from, to, timeZone: anchor.timeZone }
      const items = await breakDown(db, { ...question, reach: reachOf(principal) })
      return { from: from.toISOString(), to: to.toISOString(), items }
    },
    check: async (context, { body: { items, record } }) => {
      const { db, organizationId, principal } = context
      if (!record) return await checkQuota(db, organizationId, items, clock.now())
      if (!may(principal, organizationId, 'billing:write'))
        throw new Refusal('forbidden', 'To record what is used takes the permission billing:write.')
      // A reply that may be asked for again is kept in a unit of work of its own.
      return context.headers['idempotency-key'] === undefined
        ? uses.use(organizationId, context.origin, items)
        : context.mutate((tx) => useQuota(tx, organizationId, items))
    },
  })
}

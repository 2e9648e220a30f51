import { policyEndpoints } from '@berth/contracts'
import { implement, type Route } from '../platform/http/implement.ts'
import { reachOf } from '../platform/http/principal.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import type { Policy } from './decisions.ts'
import { findDecisions } from './store.ts'

export function policyRoutes(policy: Policy): Route[] {
  return implement(policyEndpoints, {
    list: async ({ db, organizationId, principal }, { query }) => {
      const { limit, deploymentId } = query
      const allowed = query.allowed === undefined ? undefined : query.allowed === 'true'
      const before = afterCursor(query.cursor)
      const rows = await findDecisions(db, {
        organizationId,
        deploymentId,
        allowed,
        reach: reachOf(principal),
        before,
        limit: limit + 1,
      })
      return cutPage(
        rows,
        limit,
        (decision) => decision.id,
        (decision) => decision,
      )
    },
    explain: ({ db, organizationId, principal }, { params }) =>
      policy.explain(db, organizationId, params.decisionId, reachOf(principal)),
    replay: ({ db, organizationId, principal }, { params }) =>
      policy.replay(db, organizationId, params.decisionId, reachOf(principal)),
  })
}

import { runEndpoints } from '@berth/contracts'
import { implement, type Route } from '../platform/http/implement.ts'
import { reachOf } from '../platform/http/principal.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { getRun } from './changes.ts'
import { findRuns } from './store.ts'

export function runRoutes(): Route[] {
  return implement(runEndpoints, {
    list: async ({ db, organizationId, principal }, { query: { cursor, limit, ...filter } }) => {
      const before = afterCursor(cursor)
      const rows = await findRuns(db, {
        ...filter,
        organizationId,
        reach: reachOf(principal),
        before,
        limit: limit + 1,
      })
      return cutPage(
        rows,
        limit,
        (run) => run.id,
        (run) => run,
      )
    },
    get: ({ db, organizationId, principal }, { params }) =>
      getRun(db, organizationId, params.runId, reachOf(principal)),
  })
}

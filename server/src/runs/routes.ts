import { runEndpoints } from '@berth/contracts'
import { implement, type Route } from '../platform/http/implement.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { getRun } from './changes.ts'
import { findRuns } from './store.ts'

export function runRoutes(): Route[] {
  return implement(runEndpoints, {
    list: async ({ db, organizationId }, { query: { cursor, limit, ...filter } }) => {
      const before = afterCursor(cursor)
      const rows = await findRuns(db, { ...filter, organizationId, before, limit: limit + 1 })
      return cutPage(
        rows,
        limit,
        (run) => run.id,
        (run) => run,
      )
    },
    get: ({ db, organizationId }, { params }) => getRun(db, organizationId, params.runId),
  })
}

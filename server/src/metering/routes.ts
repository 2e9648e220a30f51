import { callEndpoints } from '@berth/contracts'
import { implement, type Route } from '../platform/http/implement.ts'
import { reachOf } from '../platform/http/principal.ts'
import { afterCursor, cutPage, timeIn } from '../platform/page.ts'
import { Refusal } from '../platform/problem.ts'
import { findCalls } from './store.ts'

export function meteringRoutes(): Route[] {
  return implement(callEndpoints, {
    list: async ({ db, organizationId, principal }, { query: { cursor, limit, ...filter } }) => {
      const before = placeOf(afterCursor(cursor))
      const rows = await findCalls(db, {
        ...filter,
        organizationId,
        reach: reachOf(principal),
        before,
        limit: limit + 1,
      })
      return cutPage(
        rows,
        limit,
        (call) => `${call.at} ${call.id}`,
        (call) => call,
      )
    },
  })
}

function placeOf(key: string | null): { at: Date; id: string } | null {
  if (key === null) return null
  const [time, id] = key.split(' ')
  const at = timeIn(time)
  if (!id) throw new Refusal('invalid_input', 'This cursor is not one that this list gave.')
  return { at, id }
}

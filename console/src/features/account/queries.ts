import { api } from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/**
 * The person's own account; below `account`, so that an event about a person refreshes all of it. Not everybody is told
 * of such events, and a link may have been opened in another tab: coming back to this one asks anew.
 */
export const accountQuery = queryOptions({
  queryKey: ['account', 'self'] as const,
  queryFn: ({ signal }) => call(api.account.get, {}, { signal }),
  refetchOnWindowFocus: 'always',
})

export const sessionsQuery = queryOptions({
  queryKey: ['account', 'sessions'] as const,
  queryFn: ({ signal }) => call(api.identity.listSessions, {}, { signal }),
  refetchOnWindowFocus: 'always',
})

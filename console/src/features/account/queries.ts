import { api } from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/** The person's own account; below `account`, so that an event about a person refreshes all of it. */
export const accountQuery = queryOptions({
  queryKey: ['account', 'self'] as const,
  queryFn: ({ signal }) => call(api.account.get, {}, { signal }),
})

export const sessionsQuery = queryOptions({
  queryKey: ['account', 'sessions'] as const,
  queryFn: ({ signal }) => call(api.identity.listSessions, {}, { signal }),
})

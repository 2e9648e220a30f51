import { api, type EndpointInput } from '@berth/contracts'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/** Heartbeats and figures stand in no log, so no event tells of them; ms. */
export const beatEveryMs = 5000

type OrganizationFilter = Omit<
  EndpointInput<typeof api.operator.listOrganizations>['query'],
  'cursor' | 'limit'
>
type UserFilter = Omit<EndpointInput<typeof api.users.list>['query'], 'cursor' | 'limit'>
type MailFilter = Omit<EndpointInput<typeof api.notifications.outbox>['query'], 'cursor' | 'limit'>

const page = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last: { nextCursor: string | null }) => last.nextCursor ?? undefined,
}

export const organizationsQuery = (filter: OrganizationFilter) =>
  infiniteQueryOptions({
    queryKey: ['operator', 'organizations', filter] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.operator.listOrganizations,
        { query: { ...filter, cursor: pageParam, limit: 100 } },
        { signal },
      ),
    ...page,
  })

export const organizationQuery = (organizationId: string) =>
  queryOptions({
    queryKey: ['operator', 'organization', organizationId] as const,
    queryFn: ({ signal }) => call(api.operator.getOrganization, { params: { organizationId } }, { signal }),
  })

export const usersQuery = (filter: UserFilter) =>
  infiniteQueryOptions({
    queryKey: ['operator', 'users', filter] as const,
    queryFn: ({ pageParam, signal }) =>
      call(api.users.list, { query: { ...filter, cursor: pageParam, limit: 100 } }, { signal }),
    ...page,
  })

export const outboxQuery = (filter: MailFilter) =>
  infiniteQueryOptions({
    queryKey: ['operator', 'outbox', filter] as const,
    queryFn: ({ pageParam, signal }) =>
      call(api.notifications.outbox, { query: { ...filter, cursor: pageParam, limit: 100 } }, { signal }),
    ...page,
  })

export const runnersQuery = queryOptions({
  queryKey: ['operator', 'runners'],
  queryFn: ({ signal }) => call(api.operator.listRunners, {}, { signal }),
  refetchInterval: beatEveryMs,
})

export const healthQuery = queryOptions({
  queryKey: ['operator', 'health'],
  queryFn: ({ signal }) => call(api.operator.health, {}, { signal }),
  refetchInterval: beatEveryMs,
})

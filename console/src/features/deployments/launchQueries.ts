import { api } from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/** Servers that can be launched. */
export const catalogQuery = queryOptions({
  queryKey: ['catalog'],
  queryFn: ({ signal }) => call(api.catalog.list, { query: { limit: 200 } }, { signal }),
})

/** The active workspaces of an organization. */
export function workspacesQuery(organizationId: string) {
  return queryOptions({
    queryKey: ['workspaces', organizationId] as const,
    queryFn: ({ signal }) =>
      call(
        api.workspaces.list,
        { params: { organizationId }, query: { limit: 200, state: 'active' } },
        { signal },
      ),
  })
}

export function secretsQuery(organizationId: string, workspaceId: string) {
  return queryOptions({
    queryKey: ['secrets', organizationId, workspaceId] as const,
    queryFn: ({ signal }) => call(api.secrets.list, { params: { organizationId, workspaceId } }, { signal }),
  })
}

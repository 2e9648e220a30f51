import { api } from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/** One workspace; below `workspaces`, so that an event about one refreshes it. */
export function workspaceQuery(organizationId: string, workspaceId: string) {
  return queryOptions({
    queryKey: ['workspaces', organizationId, workspaceId] as const,
    queryFn: ({ signal }) =>
      call(api.workspaces.get, { params: { organizationId, workspaceId } }, { signal }),
  })
}

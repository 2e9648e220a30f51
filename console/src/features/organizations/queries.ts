import { api } from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

export function organizationQuery(organizationId: string) {
  return queryOptions({
    queryKey: ['organization', organizationId] as const,
    queryFn: ({ signal }) => call(api.organizations.get, { params: { organizationId } }, { signal }),
  })
}

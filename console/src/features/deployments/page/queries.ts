import { api, type CallOutcome } from '@berth/contracts'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call } from '../../../api/client.ts'

export interface CallFilter {
  deploymentId: string
  tool?: string | undefined
  method?: string | undefined
  outcome?: CallOutcome | undefined
}

const pageSize = 200

/** The calls to a deployment that pass the filter, newest first. */
export function callsQuery(organizationId: string, filter: CallFilter) {
  return infiniteQueryOptions({
    queryKey: ['calls', organizationId, filter] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.calls.list,
        { params: { organizationId }, query: { ...filter, cursor: pageParam, limit: pageSize } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

/** The tools of a running deployment as it lists them to the person who looks. */
export function toolsQuery(organizationId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ['tools', organizationId, deploymentId] as const,
    queryFn: ({ signal }) =>
      call(api.deployments.tools, { params: { organizationId, deploymentId } }, { signal }),
  })
}

export function runsQuery(organizationId: string, deploymentId: string) {
  return infiniteQueryOptions({
    queryKey: ['runs', organizationId, { deploymentId, all: true }] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.runs.list,
        { params: { organizationId }, query: { deploymentId, cursor: pageParam, limit: 50 } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

export function decisionsQuery(organizationId: string, deploymentId: string) {
  return infiniteQueryOptions({
    queryKey: ['decisions', organizationId, deploymentId] as const,
    queryFn: ({ pageParam, signal }) =>
      call(
        api.policy.list,
        { params: { organizationId }, query: { deploymentId, cursor: pageParam, limit: 50 } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

export function releaseQuery(releaseId: string) {
  return queryOptions({
    queryKey: ['catalog', 'release', releaseId] as const,
    queryFn: ({ signal }) => call(api.catalog.getRelease, { params: { releaseId } }, { signal }),
  })
}

/** A server of the catalog with its releases; `ref` is `provider/server`. */
export function serverQuery(ref: string) {
  const [provider = '', server = ''] = ref.split('/')
  return queryOptions({
    queryKey: ['catalog', 'server', ref] as const,
    queryFn: ({ signal }) => call(api.catalog.get, { params: { provider, server } }, { signal }),
  })
}

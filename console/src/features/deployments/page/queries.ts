import { api, type CallOutcome } from '@berth/contracts'
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { call } from '../../../api/client.ts'
import { boundsOf, type CallRange } from './callRange.ts'

export interface CallFilter {
  deploymentId: string
  tool?: string | undefined
  method?: string | undefined
  outcome?: CallOutcome | undefined
  principalId?: string | undefined
}

const pageSize = 200

/** The calls to a deployment that pass the filter, newest first. */
export function callsQuery(organizationId: string, filter: CallFilter, range?: CallRange) {
  return infiniteQueryOptions({
    queryKey: ['calls', organizationId, filter, range] as const,
    queryFn: ({ pageParam, signal }) => {
      const bounds = range && boundsOf(range, Date.now())
      const query = { ...filter, ...bounds, cursor: pageParam, limit: pageSize }
      return call(api.calls.list, { params: { organizationId }, query }, { signal })
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

/** Those calls over time, summed up by the server. */
export function callStatsQuery(organizationId: string, filter: CallFilter, range: CallRange) {
  const { deploymentId, outcome: _, ...query } = filter
  return queryOptions({
    queryKey: ['call-stats', organizationId, { deploymentId, ...query }, range] as const,
    queryFn: ({ signal }) =>
      call(
        api.deployments.callStats,
        {
          params: { organizationId, deploymentId },
          query: { ...query, ...boundsOf(range, Date.now()) },
        },
        { signal },
      ),
    placeholderData: keepPreviousData,
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

/** The last lines that its processes wrote. */
export function logTailQuery(organizationId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ['log-tail', organizationId, deploymentId] as const,
    queryFn: ({ signal }) =>
      call(
        api.deployments.logs,
        { params: { organizationId, deploymentId }, query: { tail: 20 } },
        { signal },
      ),
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

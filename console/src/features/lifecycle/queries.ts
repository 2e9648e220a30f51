import { api, type WorkspaceSnapshot } from '@berth/contracts'
import { type InfiniteData, infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

export interface SnapshotPage {
  items: WorkspaceSnapshot[]
  nextCursor: string | null
  streamCursor: string
}

export type Snapshots = InfiniteData<SnapshotPage, string | undefined>

const pageSize = 100
/** How many of a workspace's last runs a snapshot tells. */
export const recentRuns = 10

/** The organization's workspaces with their deployments and recent runs; of one tier, if given. */
export function lifecycleQuery(organizationId: string, tier?: string) {
  return infiniteQueryOptions({
    queryKey: ['lifecycle', organizationId, { tier }] as const,
    queryFn: ({ pageParam, signal }): Promise<SnapshotPage> =>
      call(
        api.lifecycle.snapshot,
        { query: { organizationId, tier, cursor: pageParam, limit: pageSize, runLimit: recentRuns } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

export function deploymentQuery(organizationId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ['deployment', organizationId, deploymentId] as const,
    queryFn: ({ signal }) =>
      call(api.deployments.get, { params: { organizationId, deploymentId } }, { signal }),
  })
}

export function deploymentRunsQuery(organizationId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ['runs', organizationId, { deploymentId }] as const,
    queryFn: ({ signal }) =>
      call(api.runs.list, { params: { organizationId }, query: { deploymentId, limit: 10 } }, { signal }),
  })
}

export function decisionQuery(organizationId: string, decisionId: string) {
  return queryOptions({
    queryKey: ['decision', organizationId, decisionId] as const,
    queryFn: ({ signal }) => call(api.policy.explain, { params: { organizationId, decisionId } }, { signal }),
    staleTime: Infinity,
  })
}

export const tiersQuery = queryOptions({
  queryKey: ['tiers'],
  queryFn: ({ signal }) => call(api.tiers.list, {}, { signal }),
  staleTime: 5 * 60_000,
})

/** The names of an organization's people by their user ids. */
export function peopleQuery(organizationId: string) {
  return queryOptions({
    queryKey: ['people', organizationId] as const,
    queryFn: ({ signal }) =>
      call(api.organizations.listMembers, { params: { organizationId }, query: { limit: 200 } }, { signal }),
    select: ({ items }): ReadonlyMap<string, string> => new Map(items.map((m) => [m.userId, m.name])),
    staleTime: 5 * 60_000,
  })
}

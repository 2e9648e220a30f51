import {
  api,
  type Deployment,
  type deploymentActivity,
  type deploymentWords,
  type WorkspaceSnapshot,
} from '@berth/contracts'
import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import type { z } from 'zod'
import { call } from '../../api/client.ts'

export interface SnapshotPage {
  items: WorkspaceSnapshot[]
  nextCursor: string | null
  streamCursor: string
}

export type Snapshots = InfiniteData<SnapshotPage, string | undefined>

const pageSize = 100

/** What of an organization is looked at; all of it without. */
export interface LifecycleFilter {
  tier?: string | undefined
  status?: (typeof deploymentWords)[number] | undefined
  search?: string | undefined
  /** A workspace's key. */
  workspace?: string | undefined
  workspaceId?: string | undefined
}

/** The organization's workspaces with their deployments and these' last runs, page by page. */
export function lifecycleQuery(organizationId: string, filter: LifecycleFilter = {}) {
  return infiniteQueryOptions({
    queryKey: ['lifecycle', organizationId, filter] as const,
    queryFn: ({ pageParam, signal }): Promise<SnapshotPage> =>
      call(
        api.lifecycle.snapshot,
        { query: { ...filter, organizationId, cursor: pageParam, limit: pageSize, runLimit: 0 } },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  })
}

/** How many workspaces and deployments there are, and of which status, whatever is loaded. */
export function countsQuery(
  organizationId: string,
  { tier, search, workspace }: Pick<LifecycleFilter, 'tier' | 'search' | 'workspace'> = {},
) {
  return queryOptions({
    queryKey: ['counts', organizationId, { tier, search, workspace }] as const,
    queryFn: ({ signal }) =>
      call(api.lifecycle.counts, { query: { organizationId, tier, search, workspace } }, { signal }),
  })
}

export type Activity = z.infer<typeof deploymentActivity>

/** The last minute's calls, by deployment. */
export function activityQuery(organizationId: string) {
  return queryOptions({
    queryKey: ['activity', organizationId] as const,
    queryFn: ({ signal }) => call(api.lifecycle.activity, { query: { organizationId } }, { signal }),
    select: ({ items }): ReadonlyMap<string, Activity> =>
      new Map(items.map((one) => [one.deploymentId, one])),
  })
}

export function deploymentQuery(organizationId: string, deploymentId: string) {
  return queryOptions({
    queryKey: ['deployment', organizationId, deploymentId] as const,
    queryFn: ({ signal }) =>
      call(api.deployments.get, { params: { organizationId, deploymentId } }, { signal }),
  })
}

/** A deployment as a list on view tells it, until it is read by itself. */
export function listedDeployment(
  queryClient: QueryClient,
  organizationId: string,
  deploymentId: string,
): Deployment | undefined {
  for (const [, data] of queryClient.getQueriesData<Snapshots>({ queryKey: ['lifecycle', organizationId] }))
    for (const { items } of data?.pages ?? [])
      for (const { deployments } of items) {
        const found = deployments.find(({ id }) => id === deploymentId)
        if (found) return found
      }
  return undefined
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

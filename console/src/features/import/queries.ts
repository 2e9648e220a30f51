import { api, type Plan, type Release, sameSource } from '@berth/contracts'
import { queryOptions, useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { call } from '../../api/client.ts'
import { serverQuery } from '../deployments/page/queries.ts'

/** Every server of the catalog: any of them may be what an entry runs. */
const wholeCatalogQuery = queryOptions({
  queryKey: ['catalog', 'all'] as const,
  queryFn: ({ signal }) => readAll((query) => call(api.catalog.list, { query }, { signal })),
})

/** The releases that could run these plans; null while they are read. */
export function useReleases(plans: readonly Plan[]) {
  const catalog = useQuery({ ...wholeCatalogQuery, enabled: plans.length > 0 })
  const refs = useMemo(
    () =>
      (catalog.data ?? [])
        .filter(({ latestRelease }) =>
          plans.some(({ artifact }) => latestRelease && sameSource(latestRelease.artifact, artifact)),
        )
        .map(({ provider, slug }) => `${provider.slug}/${slug}`),
    [catalog.data, plans],
  )
  return useQueries({
    queries: refs.map(serverQuery),
    combine: (servers) => {
      const failed = [catalog, ...servers].find(({ isError }) => isError)
      const known = catalog.data && servers.every(({ data }) => data)
      const releases: Release[] | null = known ? servers.flatMap(({ data }) => data!.releases) : null
      return { releases, error: failed?.error ?? null, retry: () => void failed?.refetch() }
    },
  })
}

/** The names that a workspace's deployments have. */
export function takenNamesQuery(organizationId: string, workspaceId: string) {
  return queryOptions({
    queryKey: ['import', organizationId, workspaceId] as const,
    queryFn: async ({ signal }): Promise<ReadonlySet<string>> => {
      const deployments = await readAll((page) =>
        call(
          api.deployments.list,
          { params: { organizationId }, query: { ...page, workspaceId } },
          { signal },
        ),
      )
      return new Set(deployments.map(({ name }) => name))
    },
    staleTime: 0,
  })
}

/** Reads a list to its end. */
async function readAll<T>(
  read: (page: {
    limit: number
    cursor: string | undefined
  }) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  do {
    const page = await read({ limit: 200, cursor })
    all.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return all
}

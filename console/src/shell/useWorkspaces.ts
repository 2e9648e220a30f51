import { api, type Workspace } from '@berth/contracts'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { call } from '../api/client.ts'
import { useSnapshotInterval } from '../app/live.ts'
import { type Membership, useOrganization } from '../app/session.ts'
import { countsQuery, deploymentQuery, tiersQuery } from '../features/lifecycle/queries.ts'
import { workspaceQuery } from '../features/workspaces/queries.ts'

const none: Workspace[] = []
/** The menu lists no more; further ones are found by typing in the palette. */
const listed = 100

/** The newest workspaces; below `workspaces`, so that an event about one refreshes them. */
function newestQuery(organizationId: string) {
  return queryOptions({
    queryKey: ['workspaces', organizationId, 'newest'] as const,
    queryFn: ({ signal }) =>
      call(api.workspaces.list, { params: { organizationId }, query: { limit: listed } }, { signal }),
  })
}

/** The workspace that has a key, present or former, when it is not among the newest. */
function byKeyQuery(organizationId: string, key: string) {
  return queryOptions({
    queryKey: ['workspaces', organizationId, 'key', key] as const,
    queryFn: async ({ signal }): Promise<Workspace | null> => {
      const query = { organizationId, workspace: key, limit: 1, runLimit: 0 }
      const { items } = await call(api.lifecycle.snapshot, { query }, { signal })
      return items[0]?.workspace ?? null
    },
  })
}

/** The organization on view, its newest workspaces, and the one that the URL is about. */
export function useWorkspaces(): {
  organization: Membership
  /** Whether anything is known yet, or cannot be known now. */
  known: 'yes' | 'not yet' | 'unreachable'
  workspaces: Workspace[]
  /** Whether there are more than the newest ones. */
  more: boolean
  /** The workspace that the URL, or the selected deployment, is about. */
  current: Workspace | null
} {
  const organization = useOrganization()
  const search = useSearch({ strict: false })
  const params = useParams({ strict: false })
  const refetchInterval = useSnapshotInterval()
  const { data, isError } = useQuery({ ...newestQuery(organization.id), refetchInterval })
  const workspaces = data?.items ?? none
  const find = (wanted: string | undefined) =>
    workspaces.find(({ id, key }) => id === wanted || key === wanted)

  const selected = params.deploymentId ?? search.deployment
  const named = params.deploymentId ? undefined : (params.workspaceId ?? search.workspace)
  const { data: deployment } = useQuery({
    ...deploymentQuery(organization.id, selected ?? ''),
    enabled: selected !== undefined && named === undefined,
  })
  const wanted = named ?? deployment?.workspaceId
  const isId = wanted !== undefined && wanted !== search.workspace
  const far = wanted !== undefined && data !== undefined && find(wanted) === undefined
  const byId = useQuery({ ...workspaceQuery(organization.id, wanted ?? ''), enabled: far && isId })
  const byKey = useQuery({ ...byKeyQuery(organization.id, wanted ?? ''), enabled: far && !isId })

  const only = wanted === undefined && data?.nextCursor === null && workspaces.length === 1
  const found = only ? workspaces[0] : (find(wanted) ?? (far ? (isId ? byId.data : byKey.data) : undefined))
  return {
    organization,
    known: data ? 'yes' : isError ? 'unreachable' : 'not yet',
    workspaces,
    more: Boolean(data?.nextCursor),
    current: found ?? null,
  }
}

/** Tiers and regions on view: of the workspace, or of all of them. */
export function usePlace(): { tiers: string[]; regions: string[] } | null {
  const { organization, current } = useWorkspaces()
  const { data } = useQuery({ ...countsQuery(organization.id), refetchInterval: useSnapshotInterval() })
  if (current) return { tiers: [current.tier], regions: [current.region] }
  return data && data.workspaces > 0 ? data : null
}

/** Tiers in which every call is checked: where mistakes cost most. */
export function useStrictTiers(): ReadonlySet<string> {
  const { data } = useQuery(tiersQuery)
  return useMemo(
    () => new Set(data?.items.filter(({ checkEveryCall }) => checkEveryCall).map(({ code }) => code)),
    [data],
  )
}

import type { Workspace, WorkspaceSnapshot } from '@berth/contracts'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useSnapshotInterval } from '../app/live.ts'
import { type Membership, useOrganization } from '../app/session.ts'
import { lifecycleQuery, tiersQuery } from '../features/lifecycle/queries.ts'

const none: WorkspaceSnapshot[] = []

/** The organization on view, its workspaces as far as they are loaded, and the one that the URL names. */
export function useWorkspaces(): {
  organization: Membership
  /** Whether anything is known yet. */
  loaded: boolean
  snapshots: WorkspaceSnapshot[]
  workspaces: Workspace[]
  /** The workspace that the URL, or the selected deployment, is about. */
  current: Workspace | null
} {
  const organization = useOrganization()
  const search = useSearch({ strict: false })
  const params = useParams({ strict: false })
  const selected = params.deploymentId ?? search.deployment
  const { data } = useInfiniteQuery({
    ...lifecycleQuery(organization.id),
    refetchInterval: useSnapshotInterval(),
  })
  return useMemo(() => {
    const snapshots = data?.pages.flatMap(({ items }) => items) ?? none
    const named = snapshots.find(
      ({ workspace }) => workspace.key === search.workspace || workspace.id === params.workspaceId,
    )
    const holder = snapshots.find(({ deployments }) => deployments.some(({ id }) => id === selected))
    return {
      organization,
      loaded: data !== undefined,
      snapshots,
      workspaces: snapshots.map(({ workspace }) => workspace),
      current:
        (
          (params.deploymentId ? holder : named) ??
          holder ??
          (snapshots.length === 1 ? snapshots[0] : undefined)
        )?.workspace ?? null,
    }
  }, [organization, data, search.workspace, params.workspaceId, params.deploymentId, selected])
}

/** Tiers in which every call is checked: where mistakes cost most. */
export function useStrictTiers(): ReadonlySet<string> {
  const { data } = useQuery(tiersQuery)
  return useMemo(
    () => new Set(data?.items.filter(({ checkEveryCall }) => checkEveryCall).map(({ code }) => code)),
    [data],
  )
}

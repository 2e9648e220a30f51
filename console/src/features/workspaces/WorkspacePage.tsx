import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { factsOf, isCode } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Id } from '../../ui/Id.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import type { DeploymentRow } from '../lifecycle/groups.ts'
import { LifecycleSkeleton, LifecycleTable, useGroups } from '../lifecycle/LifecycleTable.tsx'
import { lifecycleQuery } from '../lifecycle/queries.ts'
import { Trail } from '../lifecycle/Trail.tsx'
import { workspaceQuery } from './queries.ts'
import { Secrets } from './Secrets.tsx'
import { ServiceTokens } from './ServiceTokens.tsx'
import { WorkspaceSettings } from './WorkspaceSettings.tsx'

/** One workspace: what runs in it, its secrets, the tokens of its agents, and how it is set. */
export function WorkspacePage() {
  const organization = useOrganization()
  const { workspaceId } = useParams({ from: '/console/workspaces/$workspaceId' })
  const navigate = useNavigate()
  const workspace = useQuery({
    ...workspaceQuery(organization.id, workspaceId),
    refetchInterval: useSnapshotInterval(),
  })
  const filter = useMemo(() => ({ workspaceId }), [workspaceId])
  const snapshots = useInfiniteQuery({
    ...lifecycleQuery(organization.id, filter),
    refetchInterval: useSnapshotInterval(),
  })
  const groups = useGroups(snapshots.data, filter)
  const deployments = useMemo(
    () => snapshots.data?.pages.flatMap(({ items }) => items.flatMap((one) => one.deployments)) ?? [],
    [snapshots.data],
  )
  const open = useCallback(
    ({ id }: DeploymentRow) =>
      void navigate({
        to: '/console/deployments/$deploymentId',
        params: { deploymentId: id },
        search: { org: organization.slug },
      }),
    [navigate, organization.slug],
  )
  const launchWhyNot =
    whyNot(organization, 'deployments:write') ??
    (workspace.data?.state === 'archived' ? 'An archived workspace runs nothing; restore it first.' : null)
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`${workspace.data?.name ?? 'Workspace'} · ${organization.name} · Berth`}</title>
      <div className="mb-3 flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <Trail workspace={workspace.data} to="workspace" />
          <h1 className="truncate">
            {workspace.data?.name ??
              (isCode(workspace.error, 'not_found') ? 'Unknown workspace' : 'Workspace')}
          </h1>
          {workspace.data && (
            <p className="flex flex-wrap items-center gap-x-1.5 text-xs text-ink-2">
              <span>
                {workspace.data.tier} · {workspace.data.region}
              </span>
              <span aria-hidden className="max-sm:hidden">
                ·
              </span>
              <Id value={workspace.data.id} what="workspace id" />
              {workspace.data.state !== 'active' && (
                <StatusMark tone="wait" shape="square" word={workspace.data.state} />
              )}
            </p>
          )}
          {workspace.isPending && <Skeleton className="mt-1.5 w-56" />}
        </div>
        {workspace.data && (
          <Button
            look="primary"
            whyNot={launchWhyNot}
            onClick={() =>
              void navigate({
                to: '/console/lifecycle',
                search: { org: organization.slug, workspace: workspace.data.key, launch: true },
              })
            }
          >
            Launch a server
          </Button>
        )}
      </div>
      {workspace.isError && (
        <ErrorPanel {...factsOf(workspace.error)} onRetry={() => void workspace.refetch()} />
      )}
      {workspace.isPending && <LifecycleSkeleton />}
      {workspace.data && (
        <>
          {groups.length > 0 && (
            <LifecycleTable
              label="Servers of this workspace"
              groups={groups}
              alone
              filtered={false}
              more={{
                wanted: snapshots.hasNextPage,
                loading: snapshots.isFetching,
                load: () => void snapshots.fetchNextPage(),
              }}
              total={undefined}
              selected={undefined}
              onOpen={open}
            />
          )}
          <ServiceTokens workspace={workspace.data} />
          <Secrets workspace={workspace.data} deployments={deployments} />
          <WorkspaceSettings
            key={workspace.data.version}
            workspace={workspace.data}
            deployments={deployments}
          />
        </>
      )}
    </main>
  )
}

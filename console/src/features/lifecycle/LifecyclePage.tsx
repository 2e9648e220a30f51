import { deploymentWord, type WorkspaceSnapshot } from '@berth/contracts'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Boxes, SearchX } from 'lucide-react'
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Filters } from './Filters.tsx'
import { lifecycleQuery, tiersQuery } from './queries.ts'
import type { LifecycleSearch } from './search.ts'
import { GroupSkeleton, WorkspaceGroup } from './WorkspaceGroup.tsx'

const DeploymentPanel = lazy(async () => ({
  default: (await import('./DeploymentPanel.tsx')).DeploymentPanel,
}))
const LaunchDialog = lazy(async () => ({
  default: (await import('../deployments/LaunchDialog.tsx')).LaunchDialog,
}))

/** Everything an organization runs, live: workspaces with their deployments, and the story of the selected one. */
export function LifecyclePage() {
  const organization = useOrganization()
  const search = useSearch({ from: '/console/lifecycle' })
  const navigate = useNavigate({ from: '/console/lifecycle' })
  const set = (change: Partial<LifecycleSearch & { workspace?: string | undefined }>, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace })
  const snapshots = useInfiniteQuery({
    ...lifecycleQuery(organization.id, search.tier),
    refetchInterval: useSnapshotInterval(),
  })
  const tiers = useQuery(tiersQuery)
  const all = useMemo(() => snapshots.data?.pages.flatMap(({ items }) => items) ?? [], [snapshots.data])
  const shown = useMemo(() => filtered(all, search), [all, search])
  const hasFilter = Boolean(search.status || search.tier || search.q || search.workspace)
  useAllPages(hasFilter, snapshots)

  const searchBox = useRef<HTMLInputElement>(null)
  const launchWhyNot = whyNot(organization, 'deployments:write')
  const launch = () => set({ launch: true })
  usePageActions(
    useMemo(
      (): Action[] => [
        {
          id: 'launch',
          label: 'Launch a server',
          key: 'l',
          whyNot: launchWhyNot,
          run: () => void navigate({ search: (before) => ({ ...before, launch: true }) }),
        },
        { id: 'filter', label: 'Filter by name', key: '/', run: () => searchBox.current?.focus() },
        ...(hasFilter
          ? [{ id: 'clear', label: 'Clear filters', run: () => void navigate({ search: cleared }) }]
          : []),
      ],
      [launchWhyNot, hasFilter, navigate],
    ),
  )
  const select = useCallback(
    (deployment: string | undefined) =>
      void navigate({ search: (before) => ({ ...before, deployment }), replace: true }),
    [navigate],
  )
  useRowActions(shown, search.deployment, select)

  const servers = shown.reduce((sum, { deployments }) => sum + deployments.length, 0)
  return (
    <div className="relative flex h-full min-w-0">
      <title>{`Lifecycle · ${organization.name} · Berth`}</title>
      <main className="@container min-w-0 flex-1 overflow-y-auto px-4 py-4 sm:px-5">
        <div className="mb-3 flex items-center gap-3">
          <h1 className="flex-1">Lifecycle</h1>
          <Button look="primary" whyNot={launchWhyNot} onClick={launch}>
            Launch a server
          </Button>
        </div>
        <Filters
          ref={searchBox}
          search={search}
          tiers={tiers.data?.items ?? []}
          onChange={(change) => set(change, true)}
          summary={snapshots.data && `${count(shown.length, 'workspace')} · ${count(servers, 'server')}`}
        />
        {snapshots.isError && (
          <div className="mb-3.5">
            <ErrorPanel {...factsOf(snapshots.error)} onRetry={() => void snapshots.refetch()} />
          </div>
        )}
        {snapshots.isPending && <GroupSkeleton />}
        {shown.map((snapshot) => (
          <WorkspaceGroup
            key={snapshot.workspace.id}
            snapshot={snapshot}
            filtered={Boolean(search.status || search.q)}
            selected={search.deployment}
            onSelect={(deployment) => set({ deployment }, Boolean(search.deployment))}
          />
        ))}
        {snapshots.data && shown.length === 0 && !snapshots.isFetchingNextPage && (
          <Nothing
            filtered={hasFilter}
            onClear={() => void navigate({ search: cleared })}
            onLaunch={launch}
            launchWhyNot={launchWhyNot}
          />
        )}
        {snapshots.hasNextPage && (
          <Button
            pending={snapshots.isFetchingNextPage && 'Loading…'}
            onClick={() => void snapshots.fetchNextPage()}
          >
            Show more workspaces
          </Button>
        )}
      </main>
      <Suspense>
        {search.deployment && (
          <DeploymentPanel
            key={search.deployment}
            deploymentId={search.deployment}
            onClose={() => set({ deployment: undefined })}
          />
        )}
        {search.launch && !launchWhyNot && (
          <LaunchDialog
            workspaceKey={search.workspace}
            serverRef={search.server}
            onClose={() => set({ launch: undefined, server: undefined }, true)}
            onLaunched={(deployment) => set({ launch: undefined, server: undefined, deployment }, true)}
          />
        )}
      </Suspense>
    </div>
  )
}

function cleared<T extends object>(before: T): T {
  return { ...before, status: undefined, tier: undefined, q: undefined, workspace: undefined }
}

/** The workspaces and deployments that the filters leave; a workspace found by its own name keeps all of its. */
function filtered(
  all: WorkspaceSnapshot[],
  { status, q, workspace: key }: LifecycleSearch & { workspace?: string | undefined },
): WorkspaceSnapshot[] {
  const wanted = q?.trim().toLowerCase()
  return all.flatMap((snapshot) => {
    const { workspace } = snapshot
    if (key && workspace.key !== key) return []
    if (!status && !wanted) return [snapshot]
    const named = !wanted || `${workspace.name} ${workspace.key}`.toLowerCase().includes(wanted)
    const deployments = snapshot.deployments.filter(
      (one) =>
        (!status || deploymentWord(one) === status) &&
        (named || `${one.name} ${one.server}`.toLowerCase().includes(wanted)),
    )
    return deployments.length > 0 || (named && !status) ? [{ ...snapshot, deployments }] : []
  })
}

/** A filter must look at everything: while one is set, the remaining pages are read too. */
function useAllPages(
  wanted: boolean,
  query: { hasNextPage: boolean; isFetching: boolean; fetchNextPage: () => Promise<unknown> },
): void {
  const { hasNextPage, isFetching, fetchNextPage } = query
  useEffect(() => {
    if (wanted && hasNextPage && !isFetching) void fetchNextPage()
  }, [wanted, hasNextPage, isFetching, fetchNextPage])
}

/** Keys that walk through the rows, and Escape, which closes the panel. */
function useRowActions(
  shown: WorkspaceSnapshot[],
  selected: string | undefined,
  select: (id: string | undefined) => void,
): void {
  const actions = useMemo((): Action[] => {
    const ids = shown.flatMap(({ deployments }) => deployments.map(({ id }) => id))
    if (ids.length === 0) return []
    const at = selected ? ids.indexOf(selected) : -1
    return [
      {
        id: 'next',
        label: 'Next server',
        key: 'j',
        run: () => select(ids[Math.min(at + 1, ids.length - 1)]),
      },
      { id: 'previous', label: 'Previous server', key: 'k', run: () => select(ids[Math.max(at - 1, 0)]) },
      ...(selected
        ? [{ id: 'close', label: 'Close the panel', key: 'escape', run: () => select(undefined) }]
        : []),
    ]
  }, [shown, selected, select])
  usePageActions(actions)
}

function Nothing(props: {
  filtered: boolean
  onClear: () => void
  onLaunch: () => void
  launchWhyNot: string | null
}) {
  if (props.filtered)
    return (
      <EmptyState
        icon={<SearchX className="size-6" />}
        title="Nothing matches these filters"
        action={<Button onClick={props.onClear}>Clear filters</Button>}
      >
        There are workspaces and servers here, but none with all of these properties.
      </EmptyState>
    )
  return (
    <EmptyState
      icon={<Boxes className="size-6" />}
      title="Nothing runs here yet"
      action={
        <Button whyNot={props.launchWhyNot} onClick={props.onLaunch}>
          Launch your first server
        </Button>
      }
    >
      This page shows every MCP server of your organization, grouped by workspace, as it is right now. Pick
      one from the catalog; a workspace for it is created on the way.
    </EmptyState>
  )
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`
}

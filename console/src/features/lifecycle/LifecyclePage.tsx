import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Boxes, SearchX } from 'lucide-react'
import { lazy, Suspense, useCallback, useMemo, useRef } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { count, Filters } from './Filters.tsx'
import type { DeploymentRow, WorkspaceRows } from './groups.ts'
import { LifecycleSkeleton, LifecycleTable, useGroups } from './LifecycleTable.tsx'
import { countsQuery, type LifecycleFilter, lifecycleQuery, tiersQuery } from './queries.ts'
import type { LifecycleSearch } from './search.ts'

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
  const { status, tier, workspace } = search
  const text = search.q?.trim() || undefined
  const filter = useMemo(
    (): LifecycleFilter => ({ status, tier, workspace, search: text }),
    [status, tier, workspace, text],
  )
  const snapshots = useInfiniteQuery({
    ...lifecycleQuery(organization.id, filter),
    refetchInterval: useSnapshotInterval(),
    // What is loaded is narrowed down at once; what else there is comes with the answer.
    placeholderData: keepPreviousData,
  })
  const { data: counts } = useQuery({
    ...countsQuery(organization.id, filter),
    refetchInterval: useSnapshotInterval(),
  })
  const tiers = useQuery(tiersQuery)
  const groups = useGroups(snapshots.data, filter)
  const hasFilter = Boolean(status || tier || text || workspace)

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
  useRowActions(groups, search.deployment, select)
  const open = useCallback(
    ({ id }: DeploymentRow) =>
      void navigate({
        search: (before) => ({ ...before, deployment: id }),
        replace: Boolean(search.deployment),
      }),
    [navigate, search.deployment],
  )

  const loaded = groups.reduce((sum, { rows }) => sum + rows.length, 0)
  const total =
    snapshots.hasNextPage && counts ? (status ? counts.byStatus[status] : counts.deployments) : loaded
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
          byStatus={counts?.byStatus}
          summary={snapshots.data && summaryOf(groups.length, total, snapshots.hasNextPage, counts)}
        />
        {snapshots.isError && (
          <div className="mb-3.5">
            <ErrorPanel {...factsOf(snapshots.error)} onRetry={() => void snapshots.refetch()} />
          </div>
        )}
        {snapshots.isPending && <LifecycleSkeleton />}
        {groups.length > 0 && (
          <LifecycleTable
            label="Servers by workspace"
            groups={groups}
            filtered={Boolean(status || text)}
            more={{
              wanted: snapshots.hasNextPage,
              loading: snapshots.isFetching,
              load: () => void snapshots.fetchNextPage(),
            }}
            total={total}
            selected={search.deployment}
            onOpen={open}
          />
        )}
        {groups.length === 0 && snapshots.isSuccess && !snapshots.isPlaceholderData && (
          <Nothing
            filtered={hasFilter}
            onClear={() => void navigate({ search: cleared })}
            onLaunch={launch}
            launchWhyNot={launchWhyNot}
          />
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

/** How much is on view: what is loaded, or all of it as the server counts. */
function summaryOf(
  workspaces: number,
  servers: number,
  more: boolean,
  counts: { workspaces: number } | undefined,
): string {
  return `${count(more && counts ? counts.workspaces : workspaces, 'workspace')} · ${count(servers, 'server')}`
}

/** Keys that walk through the rows, and Escape, which closes the panel. */
function useRowActions(
  shown: readonly WorkspaceRows[],
  selected: string | undefined,
  select: (id: string | undefined) => void,
): void {
  const actions = useMemo((): Action[] => {
    const ids = shown.flatMap(({ rows }) => rows.map(({ id }) => id))
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
      one from the catalog; a workspace for it is created on the way. Or{' '}
      <Link
        to="/console/import"
        search={(before) => ({ org: before.org })}
        className="font-[550] text-accent underline underline-offset-2"
      >
        import the settings file
      </Link>{' '}
      of your MCP client, or{' '}
      <Link
        to="/onboarding"
        search={(before) => ({ org: before.org })}
        className="font-[550] text-accent underline underline-offset-2"
      >
        go on setting up
      </Link>
      , step by step.
    </EmptyState>
  )
}

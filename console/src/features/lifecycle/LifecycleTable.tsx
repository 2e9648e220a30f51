import type { Run } from '@berth/contracts'
import { type InfiniteData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization } from '../../app/session.ts'
import { Badge } from '../../ui/Badge.tsx'
import { shorten } from '../../ui/Id.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { millis, Time } from '../../ui/Time.tsx'
import { type Column, VirtualTable, type VirtualTableProps } from '../../ui/VirtualTable.tsx'
import { createGrouping, type DeploymentRow, type WorkspaceRows } from './groups.ts'
import { healthMark, isBad, needsAttention, runMark, runWords, wordMark } from './marks.ts'
import { activityQuery, type LifecycleFilter, type SnapshotPage, tiersQuery } from './queries.ts'

/** Narrow pages keep the first columns. */
const columns: Column<DeploymentRow>[] = [
  {
    id: 'server',
    header: 'Server',
    className: 'w-[44%] @lg:w-[30%] @2xl:w-[17.5%]',
    primary: true,
    title: ({ deployment }) => deployment.name,
    cell: ({ deployment }) => <span className="font-semibold">{deployment.name}</span>,
  },
  {
    id: 'release',
    header: 'Release',
    className: 'hidden @lg:table-cell @lg:w-[28%] @2xl:w-[19.5%]',
    cellClassName: 'font-mono text-ink-2',
    title: ({ deployment: { version, digest } }) => (digest ? `${version}\n${digest}` : version),
    cell: ({ deployment: { version, digest } }) => (
      <>
        {version}
        {digest && <span className="text-ink-3"> · {shorten(digest.replace('sha256:', ''), 4, 2)}</span>}
      </>
    ),
  },
  {
    id: 'actual',
    header: 'Actual',
    className: 'w-[29%] @lg:w-[22%] @2xl:w-[12.5%]',
    cell: ({ deployment }) => <StatusMark {...wordMark(deployment)} title={deployment.reason ?? undefined} />,
  },
  {
    id: 'health',
    header: 'Health',
    className: 'w-[27%] @lg:w-[20%] @2xl:w-[12.5%]',
    cell: ({ deployment }) => <StatusMark {...healthMark(deployment)} />,
  },
  {
    id: 'calls',
    header: 'Calls/min',
    numeric: true,
    className: 'hidden @2xl:table-cell @2xl:w-[9%]',
    cell: ({ activity }) => (activity?.callsLastMinute ?? 0).toLocaleString('en'),
  },
  {
    id: 'p99',
    header: 'p99',
    numeric: true,
    className: 'hidden @2xl:table-cell @2xl:w-[8%]',
    cell: ({ activity }) => (activity?.p99Ms == null ? '–' : millis(activity.p99Ms)),
  },
  {
    id: 'run',
    header: 'Last run',
    className: 'hidden @2xl:table-cell @2xl:w-[21%] !pl-4',
    cellClassName: 'text-ink-3',
    title: ({ run }) =>
      run && [`${run.kind} ${runMark(run.status).word}`, run.reason].filter(Boolean).join(': '),
    cell: ({ run }) => (run ? <LastRun run={run} /> : 'none yet'),
  },
]
const idOf = ({ id }: DeploymentRow) => id

export interface LifecycleTableProps {
  label: string
  groups: readonly WorkspaceRows[]
  /** Whether some deployments may be left out by a filter. */
  filtered: boolean
  more: VirtualTableProps<DeploymentRow>['more']
  /** How many deployments there are on the server. */
  total: number | undefined
  selected: string | undefined
  onOpen: (row: DeploymentRow) => void
  /** Whether the page is about one workspace and names it already. */
  alone?: boolean
}

/** Workspaces with what is deployed in them, however many; more are read as they come near. */
export function LifecycleTable({ groups, filtered, alone, ...rest }: LifecycleTableProps) {
  const shown = useMemo(
    () =>
      groups.map((group) => ({
        id: group.workspace.id,
        head: <Head group={group} />,
        rows: group.rows,
        none: filtered
          ? 'No server here matches the filters.'
          : group.workspace.state === 'archived'
            ? 'Nothing runs in an archived workspace; restore it to run servers here again.'
            : 'No server is deployed here yet.',
      })),
    [groups, filtered],
  )
  return (
    <div className="mb-3.5 overflow-clip rounded-lg border border-line bg-panel">
      <VirtualTable
        {...rest}
        columns={columns}
        {...(alone && groups[0]!.rows.length > 0 ? { rows: groups[0]!.rows } : { groups: shown })}
        rowId={idOf}
      />
    </div>
  )
}

/** The loaded workspaces with their rows. */
export function useGroups(
  data: InfiniteData<SnapshotPage, unknown> | undefined,
  filter: LifecycleFilter,
): WorkspaceRows[] {
  const organization = useOrganization()
  const { data: activity } = useQuery({
    ...activityQuery(organization.id),
    refetchInterval: useSnapshotInterval(),
  })
  const [group] = useState(createGrouping)
  return useMemo(
    () => group(data?.pages.flatMap(({ items }) => items) ?? [], activity, filter),
    [group, data, activity, filter],
  )
}

/** A workspace above its deployments. */
function Head({ group: { workspace, rows } }: { group: WorkspaceRows }) {
  const attention = rows.filter(({ deployment }) => needsAttention(deployment))
  const { data: tiers } = useQuery(tiersQuery)
  const isStrict = tiers?.items.some(({ code, checkEveryCall }) => code === workspace.tier && checkEveryCall)
  return (
    <div className="flex items-center gap-2.5">
      <h2 className="truncate !text-sm">
        <Link
          to="/console/workspaces/$workspaceId"
          params={{ workspaceId: workspace.id }}
          search={(before) => ({ org: before.org })}
          className="rounded-sm hover:underline"
        >
          {workspace.name}
        </Link>
      </h2>
      <span className="max-w-[55%] shrink-0 truncate text-xs text-ink-3">
        {/* Where mistakes cost most, the tier is marked as it is at the top of the page. */}
        <span
          className={isStrict ? 'font-semibold tracking-[0.02em] text-bad uppercase [font-size:11px]' : ''}
        >
          {workspace.tier}
        </span>
        {' · '}
        {workspace.region}
      </span>
      <span className="ml-auto flex shrink-0 items-center gap-2.5 empty:hidden">
        {workspace.state !== 'active' && <Badge>{workspace.state}</Badge>}
        {attention.length > 0 && (
          <Badge tone={attention.some(({ deployment }) => isBad(deployment)) ? 'bad' : 'wait'}>
            {attention.length} to look at
          </Badge>
        )}
      </span>
    </div>
  )
}

/** `launched 5 min ago`, `launch failed 3 min ago`, `launching, try 2 of 6`. */
function LastRun({ run }: { run: Run }) {
  const { status, kind, attempt, retryLimit } = run
  const { done, doing } = runWords[kind]
  if (status === 'pending' || status === 'running' || status === 'awaiting_approval')
    return (
      <>
        {status === 'awaiting_approval' ? `${kind} awaits approval` : doing}
        {attempt > 1 && `, try ${attempt} of ${retryLimit + 1}`}
      </>
    )
  const at = run.endedAt ?? run.retryLedger.at(-1)?.observedAt ?? run.createdAt
  const { tone, word } = runMark(status)
  return (
    <>
      {status === 'succeeded' ? (
        done
      ) : (
        <span className={tone === 'bad' ? 'text-bad' : ''}>{`${kind} ${word}`}</span>
      )}{' '}
      <Time at={at} ago />
    </>
  )
}

/** The table's shape while nothing is known yet. */
export function LifecycleSkeleton() {
  return (
    <div
      aria-busy="true"
      aria-label="Loading workspaces"
      role="status"
      className="mb-3.5 overflow-clip rounded-lg border border-line bg-panel"
    >
      <div className="h-7 border-b border-line" />
      {['head', 'a', 'b', 'c', 'head 2', 'd', 'e'].map((row) => (
        <div key={row} className="flex h-9 items-center gap-8 border-b border-line-soft px-3 last:border-0">
          <Skeleton className={row.startsWith('head') ? 'w-32' : 'w-[14%]'} />
          {!row.startsWith('head') && (
            <>
              <Skeleton className="w-[14%] max-sm:hidden" />
              <Skeleton className="w-[10%]" />
              <Skeleton className="w-[10%]" />
            </>
          )}
        </div>
      ))}
    </div>
  )
}

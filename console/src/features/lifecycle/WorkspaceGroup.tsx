import type { Deployment, Run, WorkspaceSnapshot } from '@berth/contracts'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import { Badge } from '../../ui/Badge.tsx'
import { cx } from '../../ui/cx.ts'
import { shorten } from '../../ui/Id.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { recentRuns } from './queries.ts'
import { healthMark, needsAttention, runMark, wordMark } from './marks.ts'

/** Columns share their widths across groups, so that stacked groups line up; narrow pages keep the first ones. */
const columns = [
  { name: 'Server', className: 'w-[44%] @lg:w-[30%] @2xl:w-[20%]' },
  { name: 'Release', className: 'hidden @lg:table-cell @lg:w-[28%] @2xl:w-[20%]' },
  { name: 'Actual', className: 'w-[29%] @lg:w-[22%] @2xl:w-[14%]' },
  { name: 'Health', className: 'w-[27%] @lg:w-[20%] @2xl:w-[14%]' },
  { name: 'Calls/min', numeric: true, className: 'hidden @2xl:table-cell @2xl:w-[9%]' },
  { name: 'p99', numeric: true, className: 'hidden @2xl:table-cell @2xl:w-[8%]' },
  { name: 'Last run', className: 'hidden @2xl:table-cell @2xl:w-[15%]' },
]
const [server, release, actual, health, calls, p99, lastRun] = columns.map(({ className }) => className)

export interface WorkspaceGroupProps {
  snapshot: WorkspaceSnapshot
  /** Whether some deployments may be left out by a filter. */
  filtered: boolean
  selected: string | undefined
  onSelect: (deploymentId: string) => void
}

/** One workspace with what is deployed in it. */
export function WorkspaceGroup({ snapshot, filtered, selected, onSelect }: WorkspaceGroupProps) {
  const { workspace, deployments } = snapshot
  const attention = deployments.filter(needsAttention).length
  return (
    <section
      aria-label={`Workspace ${workspace.name}`}
      className="mb-3.5 overflow-hidden rounded-lg border border-line bg-panel"
    >
      <header className="flex h-9 items-center gap-2.5 border-b border-line bg-[color-mix(in_srgb,var(--panel)_60%,var(--bg))] px-3">
        <h2 className="truncate !text-sm !font-semibold">
          <Link
            to="/console/workspaces/$workspaceId"
            params={{ workspaceId: workspace.id }}
            search={(before) => ({ org: before.org })}
            className="rounded-sm hover:underline"
          >
            {workspace.name}
          </Link>
        </h2>
        <span className="min-w-0 flex-1 truncate text-xs text-ink-3">
          {workspace.tier} · {workspace.region}
        </span>
        {workspace.state !== 'active' && <Badge>{workspace.state}</Badge>}
        {attention > 0 && <Badge tone="bad">{attention} to look at</Badge>}
      </header>
      {deployments.length > 0 ? (
        <Table>
          <thead>
            <tr>
              {columns.map(({ name, numeric, className }) => (
                <Th key={name} numeric={numeric ?? false} className={className}>
                  {name}
                </Th>
              ))}
            </tr>
          </thead>
          <tbody>
            {deployments.map((deployment) => (
              <Row
                key={deployment.id}
                deployment={deployment}
                run={snapshot.recentRuns.find(({ deploymentId }) => deploymentId === deployment.id)}
                activity={snapshot.activity.find(({ deploymentId }) => deploymentId === deployment.id)}
                runsCut={snapshot.recentRuns.length >= recentRuns}
                selected={deployment.id === selected}
                onSelect={onSelect}
              />
            ))}
          </tbody>
        </Table>
      ) : (
        <p className="px-3 py-2 text-xs text-ink-3">
          {filtered ? 'No server here matches the filters.' : 'No server is deployed here yet.'}
        </p>
      )}
    </section>
  )
}

interface RowProps {
  deployment: Deployment
  run: Run | undefined
  /** Whether the workspace has more runs than the snapshot tells. */
  runsCut: boolean
  activity: WorkspaceSnapshot['activity'][number] | undefined
  selected: boolean
  onSelect: (deploymentId: string) => void
}

const Row = memo(function Row({ deployment, run, runsCut, activity, selected, onSelect }: RowProps) {
  const { id, name, version, digest } = deployment
  const perMinute = activity?.callsLastMinute ?? 0
  return (
    <tr
      aria-current={selected || undefined}
      onClick={() => onSelect(id)}
      className={cx('group/row cursor-pointer', selected ? 'bg-sel' : 'hover:bg-bg')}
    >
      <Td className={cx(server, selected && 'shadow-[inset_2px_0_var(--accent)]')}>
        <button
          type="button"
          title={name}
          aria-expanded={selected}
          onClick={(event) => {
            event.stopPropagation()
            onSelect(id)
          }}
          className="max-w-full truncate rounded-sm text-left align-middle font-semibold"
        >
          {name}
        </button>
      </Td>
      <Td className={cx(release, 'font-mono text-ink-2')} title={digest ? `${version}\n${digest}` : version}>
        {version}
        {digest && <span className="text-ink-3"> · {shorten(digest.replace('sha256:', ''), 4, 2)}</span>}
      </Td>
      <Td className={actual}>
        <StatusMark {...wordMark(deployment)} title={deployment.reason ?? undefined} />
      </Td>
      <Td className={health}>
        <StatusMark {...healthMark(deployment)} />
      </Td>
      <Td numeric className={calls}>
        {perMinute.toLocaleString('en')}
      </Td>
      <Td numeric className={p99}>
        {activity?.p99Ms == null ? '–' : millis(activity.p99Ms)}
      </Td>
      <Td className={cx(lastRun, 'text-ink-3')}>{run ? <LastRun run={run} /> : runsCut ? 'earlier' : '–'}</Td>
    </tr>
  )
})

function LastRun({ run }: { run: Run }) {
  const { tone, word } = runMark(run.status)
  const last = run.endedAt ?? run.retryLedger.at(-1)?.observedAt ?? run.createdAt
  const waits = !run.endedAt && tone !== 'good'
  return (
    <span title={[`${run.kind} ${word}`, run.reason].filter(Boolean).join(': ')}>
      {tone === 'bad' ? <span className="font-[550] text-bad">{word}</span> : run.kind}
      {' · '}
      {waits && run.attempt > 1 ? `try ${run.attempt} of ${run.retryLimit + 1}` : <Time at={last} />}
    </span>
  )
}

/** Milliseconds as people read them: `0.4 ms`, `38 ms`, `1.9 s`. */
export function millis(ms: number): string {
  if (ms >= 10_000) return `${Math.round(ms / 1000)} s`
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`
}

/** The page's shape while nothing is known yet. */
export function GroupSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading workspaces">
      {[3, 2].map((rows) => (
        <div key={rows} className="mb-3.5 rounded-lg border border-line bg-panel">
          <div className="flex h-9 items-center border-b border-line px-3">
            <Skeleton className="w-32" />
          </div>
          {Array.from({ length: rows + 1 }, (_, row) => (
            <div
              key={row}
              className={cx(
                'flex items-center gap-8 border-b border-line-soft px-3 last:border-0',
                row ? 'h-9' : 'h-7',
              )}
            >
              <Skeleton className="w-[14%]" />
              <Skeleton className="w-[14%] max-sm:hidden" />
              <Skeleton className="w-[10%]" />
              <Skeleton className="w-[10%]" />
            </div>
          ))}
        </div>
      ))}
    </div>
  )
}

import type { Deployment, Run } from '@berth/contracts'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { History } from 'lucide-react'
import { factsOf } from '../../../api/client.ts'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import type { Tone } from '../../../ui/Badge.tsx'
import { cx } from '../../../ui/cx.ts'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Id } from '../../../ui/Id.tsx'
import { Panel, RowsSkeleton } from '../../../ui/Panel.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { millis, Time, useNow } from '../../../ui/Time.tsx'
import { runMark } from '../../lifecycle/marks.ts'
import { peopleQuery } from '../../lifecycle/queries.ts'
import { runsQuery } from './queries.ts'
import { type Span, triesOf } from './waterfall.ts'

/** What was done for a deployment, each try as it went over time. */
export function RunsTab({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const runs = useInfiniteQuery({
    ...runsQuery(organization.id, deployment.id),
    refetchInterval: useSnapshotInterval(),
  })
  const all = runs.data?.pages.flatMap(({ items }) => items) ?? []
  return (
    <>
      {runs.isError && <ErrorPanel {...factsOf(runs.error)} onRetry={() => void runs.refetch()} />}
      {runs.isPending && <RowsSkeleton label="Loading runs" />}
      {runs.data && all.length === 0 && (
        <EmptyState icon={<History className="size-6" />} title="No run was made for it yet">
          Launching, re-launching and mending a server are runs: each with its tries, and why one failed.
        </EmptyState>
      )}
      {all.map((run) => (
        <RunPanel key={run.id} run={run} />
      ))}
      {runs.hasNextPage && (
        <Button pending={runs.isFetchingNextPage && 'Loading…'} onClick={() => void runs.fetchNextPage()}>
          Load older runs
        </Button>
      )}
    </>
  )
}

function RunPanel({ run }: { run: Run }) {
  const { data: people } = useQuery(peopleQuery(run.organizationId))
  const now = Math.max(useNow(), Date.now())
  const { tries, totalMs } = triesOf(run, now)
  return (
    <Panel
      title={`${run.kind[0]!.toUpperCase()}${run.kind.slice(1)}`}
      note={
        <span className="flex flex-wrap items-center gap-x-1.5">
          <Id value={run.id} what="run id" />
          <span className="min-w-0">
            · <Time at={run.createdAt} ago /> · by {people?.get(run.requestedBy) ?? run.requestedBy}
            {run.step && !run.endedAt && ` · ${run.step}`}
          </span>
        </span>
      }
      actions={
        <span className="flex items-center gap-3 text-xs">
          <span className="text-ink-3 tabular-nums">
            {tries.length > 1 ? `${millis(totalMs)} in all` : millis(run.durationMs ?? totalMs)}
          </span>
          <StatusMark {...runMark(run.status)} />
        </span>
      }
    >
      <ol className="flex flex-col gap-1.5">
        {tries.map(({ attempt, last, spans }, at) => (
          <li key={attempt} className="grid gap-x-3 text-xs @2xl:grid-cols-[248px_minmax(0,1fr)]">
            <span className="flex items-center gap-2 whitespace-nowrap">
              <b className="w-16 shrink-0 font-[550] tabular-nums">
                Try {attempt} of {run.retryLimit + 1}
              </b>
              <StatusMark {...runMark(last.status)} />
              <span className="ml-auto text-ink-3 tabular-nums">{millis(workedFor(spans))}</span>
            </span>
            <Bar spans={spans} />
            {last.reason && (
              <p className="break-words whitespace-pre-wrap text-ink-2 @2xl:col-start-2">
                {last.reason === tries[at - 1]?.last.reason ? 'For the same reason.' : last.reason}
              </p>
            )}
          </li>
        ))}
      </ol>
      {run.reason && tries.at(-1)?.last.reason !== run.reason && (
        <p className="mt-1.5 text-xs break-words whitespace-pre-wrap text-ink-2">{run.reason}</p>
      )}
    </Panel>
  )
}

const fills: Record<Tone, string> = {
  good: 'bg-good',
  wait: 'bg-wait',
  bad: 'bg-bad',
  idle: 'bg-idle',
  accent: 'bg-accent',
}

/** How long a try was at work, without what it waited. */
const workedFor = (spans: readonly Span[]) =>
  spans.reduce((sum, { status, ms }) => sum + (status === 'running' ? ms : 0), 0)

/** One try on the time of its whole run: waiting is thin, working is thick. */
function Bar({ spans }: { spans: readonly Span[] }) {
  const said = spans.map(({ status, ms }) => `${status.replace('_', ' ')} for ${millis(ms)}`).join(', ')
  return (
    <div
      role="img"
      aria-label={said || 'at once'}
      title={said}
      className="relative my-[3px] h-3.5 min-w-0 rounded-sm bg-bg"
    >
      {spans.map((span) => (
        <span
          key={`${span.status} ${span.from}`}
          style={{ left: `${100 * span.from}%`, width: `max(3px, ${100 * span.share}%)` }}
          className={cx(
            'absolute rounded-[2px]',
            span.status === 'running' ? 'inset-y-0.5' : 'inset-y-[5.5px] opacity-70',
            fills[span.status === 'running' ? span.outcome : 'idle'],
          )}
        />
      ))}
    </div>
  )
}

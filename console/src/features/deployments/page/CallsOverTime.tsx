import type { CallStats } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { factsOf } from '../../../api/client.ts'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization } from '../../../app/session.ts'
import { cx } from '../../../ui/cx.ts'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Panel } from '../../../ui/Panel.tsx'
import { Skeleton } from '../../../ui/Skeleton.tsx'
import { Table, Td, Th } from '../../../ui/Table.tsx'
import { failedOf, percent } from './callMarks.ts'
import { type CallRange, rangeWords } from './callRange.ts'
import { type CallFilter, callStatsQuery } from './queries.ts'
import { millis } from '../../../ui/Time.tsx'

const CallsChart = lazy(async () => ({ default: (await import('./CallsChart.tsx')).CallsChart }))

export interface CallsOverTimeProps {
  filter: CallFilter
  range: CallRange
  onZoom: (from: number, to: number) => void
  onTool: (tool: string) => void
}

/** What the server sums up of the calls: drawn over time, and by tool. */
export function CallsOverTime({ filter, range, onZoom, onTool }: CallsOverTimeProps) {
  const stats = useQuery({
    ...callStatsQuery(useOrganization().id, filter, range),
    refetchInterval: useSnapshotInterval(),
  })
  if (stats.isError) return <ErrorPanel {...factsOf(stats.error)} onRetry={() => void stats.refetch()} />
  const { data } = stats
  return (
    <>
      <Panel
        title="Calls over time"
        flush
        note={`${rangeWords(range)}${filter.outcome ? ', of any outcome' : ''}`}
        actions={data && <Numbers {...data.total} />}
      >
        <Suspense fallback={<ChartSkeleton />}>
          {data ? <CallsChart stats={data} onZoom={onZoom} /> : <ChartSkeleton />}
        </Suspense>
      </Panel>
      {data && data.tools.length > 1 && (
        <Panel title="By tool" note="the most called first" flush>
          <ByTool tools={data.tools} onTool={onTool} />
        </Panel>
      )}
    </>
  )
}

function ChartSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading calls over time" role="status" className="px-3 pt-2 pb-2">
      <div className="grid gap-x-4 @4xl:grid-cols-2">
        <Skeleton className="h-[132px] w-full" />
        <Skeleton className="h-[132px] w-full" />
      </div>
      <Skeleton className="mt-2 w-40" />
      <Skeleton className="mt-2 w-28" />
    </div>
  )
}

const shown = (ms: number | null) => (ms === null ? '–' : millis(ms))

function Numbers(total: CallStats['total']) {
  const failed = failedOf(total)
  const facts = [
    ['calls', total.count.toLocaleString('en'), ''],
    ['failed', percent(failed, total.count), failed > 0 ? 'text-bad' : ''],
    ['p50', shown(total.p50Ms), ''],
    ['p95', shown(total.p95Ms), ''],
    ['p99', shown(total.p99Ms), ''],
  ] as const
  return (
    <dl className="flex flex-wrap items-center gap-x-3 text-xs tabular-nums">
      {facts.map(([name, value, ink]) => (
        <div key={name} className="flex gap-1">
          <dt className="text-ink-3">{name}</dt>
          <dd className={cx('font-semibold', ink)}>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function ByTool({ tools, onTool }: { tools: CallStats['tools']; onTool: (tool: string) => void }) {
  const most = Math.max(...tools.map(({ count }) => count))
  return (
    <div
      role="region"
      aria-label="Calls by tool"
      tabIndex={0}
      className="max-h-[210px] overflow-y-auto outline-offset-[-2px]"
    >
      <Table>
        <thead>
          <tr>
            <Th className="w-[29%] @3xl:w-[34%]">Tool</Th>
            <Th numeric className="w-[15%] @3xl:w-auto">
              Calls
            </Th>
            <Th className="hidden w-[22%] @3xl:table-cell">
              <span className="sr-only">Share</span>
            </Th>
            <Th numeric>Failed</Th>
            <Th numeric className="w-[20%] @3xl:w-auto">
              p50
            </Th>
            <Th numeric className="w-[20%] @3xl:w-auto">
              p95
            </Th>
            <Th numeric className="hidden @3xl:table-cell">
              p99
            </Th>
          </tr>
        </thead>
        <tbody>
          {tools.map((one) => (
            <tr key={one.tool} className="group/row hover:bg-bg">
              <Td title={one.tool}>
                <button
                  type="button"
                  title={`Only calls of ${one.tool}`}
                  className="max-w-full truncate rounded-sm text-left align-middle font-mono hover:underline"
                  onClick={() => onTool(one.tool)}
                >
                  {one.tool}
                </button>
              </Td>
              <Td numeric>{one.count.toLocaleString('en')}</Td>
              <Td className="hidden @3xl:table-cell">
                <span
                  aria-hidden
                  className="block h-2 rounded-[2px] bg-accent"
                  style={{ width: `max(2px, ${(100 * one.count) / most}%)` }}
                />
              </Td>
              <Td numeric className={failedOf(one) > 0 ? 'font-[550] text-bad' : ''}>
                {percent(failedOf(one), one.count)}
              </Td>
              <Td numeric>{shown(one.p50Ms)}</Td>
              <Td numeric>{shown(one.p95Ms)}</Td>
              <Td numeric className="hidden @3xl:table-cell">
                {shown(one.p99Ms)}
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}

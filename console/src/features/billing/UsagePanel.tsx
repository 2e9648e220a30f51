import type { api, EndpointInput, EndpointOutput } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { factsOf } from '../../api/client.ts'
import { cx } from '../../ui/cx.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { Select } from '../../ui/Select.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { daysBetween } from './days.ts'
import { breakdownQuery } from './queries.ts'
import { dayOf } from './words.ts'

type Breakdown = EndpointOutput<typeof api.quotas.breakdown>
type Row = Breakdown['items'][number]
export type By = NonNullable<EndpointInput<typeof api.quotas.breakdown>['query']['by']>

const ways = [
  { value: 'day', label: 'day' },
  { value: 'tool', label: 'tool' },
  { value: 'deployment', label: 'deployment' },
  { value: 'principal', label: 'member' },
] as const
const heads: Record<By, string> = {
  day: 'Day',
  tool: 'Tool',
  deployment: 'Deployment',
  principal: 'Member or token',
}

/** Where the tool calls of the present window came from. */
export function UsagePanel(props: {
  organizationId: string
  timeZone: string
  by: By
  onBy: (by: By) => void
}) {
  const { organizationId, timeZone, by, onBy } = props
  const breakdown = useQuery(breakdownQuery(organizationId, by))
  const { data } = breakdown
  return (
    <Panel
      flush
      title="Tool calls"
      note={data && `${dayOf(data.from, timeZone)} to ${dayOf(data.to, timeZone)}, days of ${timeZone}`}
      actions={<Select compact label="By" prefix="By" options={ways} value={by} onChange={onBy} />}
    >
      {breakdown.isError && (
        <div className="p-3">
          <ErrorPanel {...factsOf(breakdown.error)} onRetry={() => void breakdown.refetch()} />
        </div>
      )}
      {breakdown.isPending && <RowsSkeleton label="Loading tool calls" rows={4} />}
      {data?.items.length === 0 && (
        <p className="px-3 py-2.5 text-xs text-ink-2">
          No tool was called yet in this time. Calls through the gateway appear here.
        </p>
      )}
      {data && data.items.length > 0 && by === 'day' && <Columns data={data} timeZone={timeZone} />}
      {data && data.items.length > 0 && by !== 'day' && <Ranks rows={data.items} by={by} />}
    </Panel>
  )
}

const most = (rows: readonly Row[]) => Math.max(1, ...rows.map(({ calls }) => calls))
const counted = (calls: number) => `${calls.toLocaleString('en')} ${calls === 1 ? 'call' : 'calls'}`

/** A column for each day, those that failed at its foot; the same as a table below. */
function Columns({ data, timeZone }: { data: Breakdown; timeZone: string }) {
  const found = new Map(data.items.map((row) => [row.key, row]))
  const days = daysBetween(data.from, data.to, timeZone)
  const rows = days.map((key) => found.get(key) ?? { key, name: null, calls: 0, errors: 0 })
  const top = most(rows)
  return (
    <figure
      aria-label={`${counted(rows.reduce((sum, { calls }) => sum + calls, 0))} by day`}
      className="px-3 py-2.5"
    >
      <p aria-hidden className="flex justify-end gap-3 text-2xs text-ink-3">
        <Legend className="bg-accent">answered</Legend>
        <Legend className="bg-bad">failed</Legend>
        <span>most: {counted(top)}</span>
      </p>
      <div aria-hidden className="flex h-[116px] items-end gap-px border-b border-line">
        {rows.map(({ key, calls, errors }) => (
          <div
            key={key}
            title={`${wordsOf(key)}: ${counted(calls)}, ${errors.toLocaleString('en')} failed`}
            className="flex h-full max-w-12 min-w-0 flex-1 flex-col justify-end hover:bg-idle-bg"
          >
            <div className="bg-accent" style={{ height: `${(100 * (calls - errors)) / top}%` }} />
            <div className="bg-bad" style={{ height: `${(100 * errors) / top}%` }} />
          </div>
        ))}
      </div>
      <p aria-hidden className="mb-1.5 flex justify-between text-2xs text-ink-3">
        <span>{wordsOf(rows[0]!.key)}</span>
        {rows.length > 1 && <span>{wordsOf(rows.at(-1)!.key)}</span>}
      </p>
      <details className="text-xs">
        <summary className="w-fit cursor-pointer font-[550] text-accent">The same as a table</summary>
        <Ranks rows={rows.filter(({ calls }) => calls > 0)} by="day" />
      </details>
    </figure>
  )
}

function Legend({ className, children }: { className: string; children: string }) {
  return (
    <span className="flex items-center gap-1">
      <span className={cx('size-2 rounded-full', className)} />
      {children}
    </span>
  )
}

/** A row for each, as long as it is used much. */
function Ranks({ rows, by }: { rows: readonly Row[]; by: By }) {
  const top = most(rows)
  return (
    <Table>
      <thead>
        <tr>
          <Th>{heads[by]}</Th>
          <Th className="hidden w-[40%] @2xl:table-cell">
            <span className="sr-only">Share</span>
          </Th>
          <Th numeric className="w-[22%] @2xl:w-[12%]">
            Calls
          </Th>
          <Th numeric className="w-[22%] @2xl:w-[12%]">
            Failed
          </Th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, name, calls, errors }) => (
          <tr key={key} className="group/row">
            <Td title={key} className={cx((by === 'tool' || (!name && by !== 'day')) && 'font-mono')}>
              {by === 'day' ? wordsOf(key) : (name ?? (key || '(no name)'))}
            </Td>
            <Td className="hidden @2xl:table-cell">
              <span
                aria-hidden
                className="block h-1.5 rounded-sm bg-accent"
                style={{ width: `${(100 * calls) / top}%` }}
              />
            </Td>
            <Td numeric>{calls.toLocaleString('en')}</Td>
            <Td numeric>{errors.toLocaleString('en')}</Td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}

const wordsOf = (day: string): string => dayOf(`${day}T12:00:00Z`, 'UTC')

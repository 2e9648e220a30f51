import type { CallRecord, Deployment } from '@berth/contracts'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { PhoneCall, SearchX } from 'lucide-react'
import { useMemo } from 'react'
import { factsOf } from '../../../api/client.ts'
import { moreOf, useRows } from '../../../app/lists.ts'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { shorten } from '../../../ui/Id.tsx'
import { Panel, RowsSkeleton } from '../../../ui/Panel.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { millis, Time } from '../../../ui/Time.tsx'
import { type Column, VirtualTable } from '../../../ui/VirtualTable.tsx'
import { CallFacts } from './CallFacts.tsx'
import { CallFilters } from './CallFilters.tsx'
import { bytes, outcomeMarks } from './callMarks.ts'
import { rangeOf, rangeWords } from './callRange.ts'
import { CallsOverTime } from './CallsOverTime.tsx'
import { callsQuery, callStatsQuery } from './queries.ts'
import type { DeploymentSearch } from './search.ts'
import { type Callers, useCallers } from './useCallers.ts'

const here = '/console/deployments/$deploymentId' as const
/** The shortest time that is looked at; ms. */
const shortest = 10_000

/** What a deployment was asked, by whom, and what came of it: over time, and one by one; live. */
export function CallsTab({ deployment }: { deployment: Deployment }) {
  const refused = whyNot(useOrganization(), 'calls:read')
  if (refused) return <p className="text-ink-3">{refused}</p>
  return <Calls deployment={deployment} />
}

function Calls({ deployment }: { deployment: Deployment }) {
  const deploymentId = deployment.id
  const callers = useCallers(deployment)
  const organization = useOrganization()
  const search = useSearch({ from: here })
  const navigate = useNavigate({ from: here })
  const set = (change: Partial<DeploymentSearch>, replace = true) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace })
  const { tool, method, outcome, who: principalId, last, from, to } = search
  const range = useMemo(() => rangeOf({ last, from, to }), [last, from, to])
  const filter = { deploymentId, tool, method, outcome, principalId }
  const calls = useInfiniteQuery({
    ...callsQuery(organization.id, filter, range),
    refetchInterval: useSnapshotInterval(),
  })
  const { data: stats } = useQuery(callStatsQuery(organization.id, filter, range))
  const all = useRows(calls.data)
  const filtered = Boolean(tool || method || outcome || principalId)
  const clear = () =>
    set({ tool: undefined, method: undefined, outcome: undefined, who: undefined, call: undefined })
  const zoom = (start: number, end: number) => {
    const missing = Math.max(0, shortest - (end - start)) / 2
    const edges = [start - missing, end + missing].map((time) => new Date(time).toISOString())
    set({ from: edges[0], to: edges[1] }, false)
  }
  const nothing = calls.data && all.length === 0
  return (
    <>
      <CallFilters
        calls={all}
        callers={callers}
        tools={stats?.tools.map((one) => one.tool) ?? []}
        search={search}
        range={range}
        onChange={set}
        onClear={filtered ? clear : null}
      />
      {calls.isError && <ErrorPanel {...factsOf(calls.error)} onRetry={() => void calls.refetch()} />}
      {!(nothing && stats?.total.count === 0) && (
        <CallsOverTime
          filter={filter}
          range={range}
          onZoom={zoom}
          onTool={(wanted) => set({ tool: wanted }, false)}
        />
      )}
      {calls.isPending && (
        <Panel title="Calls" flush>
          <RowsSkeleton label="Loading calls" />
        </Panel>
      )}
      {nothing && (
        <Nothing
          deploymentId={deploymentId}
          time={rangeWords(range)}
          onClear={filtered ? clear : null}
          onLonger={() => set({ last: '30d', from: undefined, to: undefined }, false)}
          onTry={() => set({ tab: 'tools' }, false)}
        />
      )}
      {all.length > 0 && (
        <Panel title="Calls" flush note="newest first; arguments and answers are never kept">
          <CallTable
            calls={all}
            callers={callers}
            selected={search.call}
            onOpen={(id) => set({ call: id === search.call ? undefined : id })}
            more={moreOf(calls)}
          />
        </Panel>
      )}
    </>
  )
}

const wide = 'hidden @3xl:table-cell'

const whoOf = (callers: Callers, { principalId, principalKind }: CallRecord) =>
  callers.get(principalId) ?? `${principalKind === 'service' ? 'agent ' : ''}${shorten(principalId)}`

const columnsOf = (callers: Callers): Column<CallRecord>[] => [
  {
    id: 'what',
    header: 'What',
    primary: true,
    className: 'w-[36%] @3xl:w-[26%]',
    title: (call) => call.tool ?? call.method,
    cell: What,
  },
  { id: 'outcome', header: 'Outcome', className: 'w-[26%] @3xl:w-[14%]', cell: Outcome },
  {
    id: 'who',
    header: 'Who',
    className: wide,
    cellClassName: 'text-ink-2',
    title: (call) => whoOf(callers, call),
    cell: (call) => whoOf(callers, call),
  },
  {
    id: 'latency',
    header: 'Latency',
    numeric: true,
    className: 'w-[20%] @3xl:w-[10%]',
    cell: ({ latencyMs }) => millis(latencyMs),
  },
  {
    id: 'sent',
    header: 'Sent',
    numeric: true,
    className: `${wide} @3xl:w-[10%]`,
    cell: ({ requestBytes }) => bytes(requestBytes),
  },
  {
    id: 'received',
    header: 'Received',
    numeric: true,
    className: `${wide} @3xl:w-[10%]`,
    cell: ({ responseBytes }) => bytes(responseBytes),
  },
  {
    id: 'when',
    header: 'When',
    numeric: true,
    className: 'w-[18%] @3xl:w-[11%]',
    cellClassName: 'text-ink-3',
    cell: When,
  },
]

function What({ tool, method }: CallRecord) {
  return (
    <>
      <b className="font-semibold">{tool ?? method}</b>
      {tool && <span className="text-ink-3"> · {method}</span>}
    </>
  )
}

const Outcome = ({ outcome }: CallRecord) => <StatusMark {...outcomeMarks[outcome]} />
const When = ({ at }: CallRecord) => <Time at={at} />

function CallTable(props: {
  calls: readonly CallRecord[]
  callers: Callers
  selected: string | undefined
  onOpen: (id: string) => void
  more: { wanted: boolean; loading: boolean; load: () => void }
}) {
  const { calls, callers, selected, onOpen, more } = props
  const columns = useMemo(() => columnsOf(callers), [callers])
  const detail = useMemo(() => detailOf(callers), [callers])
  return (
    <VirtualTable
      label="Calls"
      columns={columns}
      rows={calls}
      rowId={idOf}
      selected={selected}
      onOpen={({ id }) => onOpen(id)}
      detail={detail}
      more={more}
    />
  )
}

const detailOf = (callers: Callers) => (call: CallRecord) => (
  <CallFacts call={call} who={whoOf(callers, call)} />
)
const idOf = ({ id }: CallRecord) => id

function Nothing(props: {
  deploymentId: string
  time: string
  onClear: (() => void) | null
  onLonger: () => void
  onTry: () => void
}) {
  const { deploymentId, time, onClear, onLonger, onTry } = props
  const ever = useInfiniteQuery({
    ...callsQuery(useOrganization().id, { deploymentId }),
    enabled: onClear === null,
  })
  if (onClear)
    return (
      <EmptyState
        icon={<SearchX className="size-6" />}
        title="No call matches these filters"
        action={<Button onClick={onClear}>Clear filters</Button>}
      >
        There may be calls in this time ({time}), but none with all of these properties.
      </EmptyState>
    )
  if (ever.isPending) return <RowsSkeleton label="Loading calls" rows={3} />
  if (ever.data && ever.data.pages[0]!.items.length > 0)
    return (
      <EmptyState
        icon={<SearchX className="size-6" />}
        title="No call in this time"
        action={<Button onClick={onLonger}>Look at the last 30 days</Button>}
      >
        It was called before, but not in the time that is looked at: {time}.
      </EmptyState>
    )
  return (
    <EmptyState
      icon={<PhoneCall className="size-6" />}
      title="It has not been called yet"
      action={<Button onClick={onTry}>Try one of its tools</Button>}
    >
      Every request to this server leaves a record here: who asked, what came of it, how long it took. Connect
      your MCP client to it, or call it from this page.
    </EmptyState>
  )
}

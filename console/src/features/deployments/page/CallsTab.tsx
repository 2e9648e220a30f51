import { type CallRecord, callOutcome, type Deployment } from '@berth/contracts'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { PhoneCall, SearchX } from 'lucide-react'
import { useMemo } from 'react'
import { factsOf } from '../../../api/client.ts'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { cx } from '../../../ui/cx.ts'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Id, shorten } from '../../../ui/Id.tsx'
import { Panel, RowsSkeleton } from '../../../ui/Panel.tsx'
import { Select } from '../../../ui/Select.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../../ui/Table.tsx'
import { Time } from '../../../ui/Time.tsx'
import { useSteady } from '../../../ui/useSteady.ts'
import { millis } from '../../lifecycle/WorkspaceGroup.tsx'
import { peopleQuery } from '../../lifecycle/queries.ts'
import { bytes, outcomeMarks, statsOf } from './callStats.ts'
import { CallsChart } from './CallsChart.tsx'
import { callsQuery } from './queries.ts'
import type { DeploymentSearch } from './search.ts'

const any = '(any)'
const here = '/console/deployments/$deploymentId' as const

/** What a deployment was asked, by whom, and what came of it; live. */
export function CallsTab({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const search = useSearch({ from: here })
  const navigate = useNavigate({ from: here })
  const set = (change: Partial<DeploymentSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const refused = whyNot(organization, 'calls:read')
  const { tool, method, outcome } = search
  const calls = useInfiniteQuery({
    ...callsQuery(organization.id, { deploymentId: deployment.id, tool, method, outcome }),
    refetchInterval: useSnapshotInterval(),
    enabled: !refused,
  })
  const all = useMemo(() => calls.data?.pages.flatMap(({ items }) => items) ?? [], [calls.data])
  const stats = useMemo(() => statsOf(all), [all])
  const steady = useSteady(all, ({ id }) => id)
  const filtered = Boolean(tool || method || outcome)
  const clear = () => set({ tool: undefined, method: undefined, outcome: undefined, call: undefined })
  if (refused) return <p className="text-ink-3">{refused}</p>
  return (
    <>
      <Filters calls={all} search={search} onChange={set} onClear={filtered ? clear : null} />
      {calls.isError && <ErrorPanel {...factsOf(calls.error)} onRetry={() => void calls.refetch()} />}
      {calls.isPending && (
        <Panel title="Calls" flush>
          <RowsSkeleton label="Loading calls" />
        </Panel>
      )}
      {calls.data && all.length === 0 && <Nothing filtered={filtered} onClear={clear} />}
      {all.length > 0 && (
        <>
          <Panel
            title="Latency of each call"
            flush
            note={`the ${all.length.toLocaleString('en')} ${calls.hasNextPage ? 'newest of more' : all.length === 1 ? 'call there is' : 'calls there are'}`}
            actions={<Numbers {...stats} />}
          >
            <CallsChart calls={all} stats={stats} />
          </Panel>
          <div {...steady.hold}>
            <Panel
              title="Calls"
              flush
              note="newest first; arguments and answers are never kept"
              actions={
                steady.waiting > 0 && (
                  <Button look="quiet" className="!h-6 !px-2 text-xs" onClick={steady.release}>
                    Show {steady.waiting} newer
                  </Button>
                )
              }
            >
              <CallTable
                calls={steady.shown}
                selected={search.call}
                onSelect={(id) => set({ call: id === search.call ? undefined : id })}
              />
            </Panel>
          </div>
          {calls.hasNextPage && (
            <Button
              pending={calls.isFetchingNextPage && 'Loading…'}
              onClick={() => void calls.fetchNextPage()}
            >
              Load older calls
            </Button>
          )}
        </>
      )}
    </>
  )
}

function Numbers({ count, failed, p50, p95, p99 }: ReturnType<typeof statsOf>) {
  const share = count === 0 ? 0 : (100 * failed) / count
  const facts = [
    ['p50', p50 === null ? '–' : millis(p50)],
    ['p95', p95 === null ? '–' : millis(p95)],
    ['p99', p99 === null ? '–' : millis(p99)],
  ] as const
  return (
    <dl className="flex flex-wrap items-center gap-x-3 text-xs tabular-nums">
      {facts.map(([name, value]) => (
        <div key={name} className="flex gap-1">
          <dt className="text-ink-3">{name}</dt>
          <dd className="font-semibold">{value}</dd>
        </div>
      ))}
      <div className="flex gap-1">
        <dt className="text-ink-3">failed</dt>
        <dd className={cx('font-semibold', failed > 0 && 'text-bad')}>
          {failed} ({share.toFixed(share > 0 && share < 10 ? 1 : 0)} %)
        </dd>
      </div>
    </dl>
  )
}

function Filters(props: {
  calls: readonly CallRecord[]
  search: DeploymentSearch
  onChange: (change: Partial<DeploymentSearch>) => void
  onClear: (() => void) | null
}) {
  const { calls, search, onChange, onClear } = props
  const choices = (seen: (string | null)[], chosen: string | undefined) => [
    { value: any, label: 'any' },
    ...[...new Set([...seen, chosen ?? null])]
      .filter((one): one is string => one !== null)
      .sort()
      .map((value) => ({ value, label: value })),
  ]
  const pick = (value: string) => (value === any ? undefined : value)
  return (
    <div className="mb-3 flex flex-wrap items-center gap-1.5">
      <Select
        compact
        label="Outcome"
        prefix="Outcome"
        value={search.outcome ?? any}
        options={[
          { value: any, label: 'any' },
          ...callOutcome.options.map((value) => ({ value, label: outcomeMarks[value].word })),
        ]}
        onChange={(value) => onChange({ outcome: value === any ? undefined : callOutcome.parse(value) })}
      />
      <Select
        compact
        label="Tool"
        prefix="Tool"
        value={search.tool ?? any}
        options={choices(
          calls.map((one) => one.tool),
          search.tool,
        )}
        onChange={(value) => onChange({ tool: pick(value) })}
      />
      <Select
        compact
        label="Method"
        prefix="Method"
        value={search.method ?? any}
        options={choices(
          calls.map((one) => one.method),
          search.method,
        )}
        onChange={(value) => onChange({ method: pick(value) })}
      />
      {onClear && (
        <Button look="quiet" className="!h-[26px] !px-2 text-xs" onClick={onClear}>
          Clear filters
        </Button>
      )}
    </div>
  )
}

const wide = 'hidden @3xl:table-cell'

function CallTable(props: {
  calls: readonly CallRecord[]
  selected: string | undefined
  onSelect: (id: string) => void
}) {
  const { data: people } = useQuery(peopleQuery(useOrganization().id))
  return (
    <Table>
      <thead>
        <tr>
          <Th className="w-[38%] @3xl:w-[26%]">What</Th>
          <Th className="w-[25%] @3xl:w-[14%]">Outcome</Th>
          <Th className={wide}>Who</Th>
          <Th numeric className="w-[17%] @3xl:w-[10%]">
            Latency
          </Th>
          <Th numeric className={`${wide} @3xl:w-[10%]`}>
            Sent
          </Th>
          <Th numeric className={`${wide} @3xl:w-[10%]`}>
            Received
          </Th>
          <Th numeric className="w-[20%] @3xl:w-[11%]">
            When
          </Th>
        </tr>
      </thead>
      <tbody>
        {props.calls.map((call) => (
          <CallRow
            key={call.id}
            call={call}
            who={
              people?.get(call.principalId) ??
              `${call.principalKind === 'service' ? 'agent ' : ''}${shorten(call.principalId)}`
            }
            open={call.id === props.selected}
            onSelect={() => props.onSelect(call.id)}
          />
        ))}
      </tbody>
    </Table>
  )
}

function CallRow({
  call,
  who,
  open,
  onSelect,
}: {
  call: CallRecord
  who: string
  open: boolean
  onSelect: () => void
}) {
  return (
    <>
      <tr className={cx('group/row cursor-pointer', open ? 'bg-sel' : 'hover:bg-bg')} onClick={onSelect}>
        <Td>
          <button
            type="button"
            aria-expanded={open}
            onClick={(event) => {
              event.stopPropagation()
              onSelect()
            }}
            className="max-w-full truncate rounded-sm text-left align-middle"
          >
            <b className="font-semibold">{call.tool ?? call.method}</b>
            {call.tool && <span className="text-ink-3"> · {call.method}</span>}
          </button>
        </Td>
        <Td>
          <StatusMark {...outcomeMarks[call.outcome]} />
        </Td>
        <Td className={`${wide} text-ink-2`}>{who}</Td>
        <Td numeric>{millis(call.latencyMs)}</Td>
        <Td numeric className={wide}>
          {bytes(call.requestBytes)}
        </Td>
        <Td numeric className={wide}>
          {bytes(call.responseBytes)}
        </Td>
        <Td numeric className="text-ink-3">
          <Time at={call.at} />
        </Td>
      </tr>
      {open && (
        <tr>
          <td colSpan={7} className="border-b border-line-soft bg-sel px-3 pb-2.5 text-xs">
            <CallFacts call={call} who={who} />
          </td>
        </tr>
      )}
    </>
  )
}

/** Everything that the record of one call says. */
export function CallFacts({ call, who }: { call: CallRecord; who: string }) {
  const ids = [
    ['Record', call.id],
    ['Decision', call.decisionId],
    ['Session', call.sessionId],
    ['Token', call.tokenId],
  ] as const
  return (
    <dl className="grid grid-cols-[76px_minmax(0,1fr)] gap-y-0.5 @2xl:grid-cols-[76px_minmax(0,1fr)_76px_minmax(0,1fr)]">
      {ids.map(
        ([name, id]) =>
          id && (
            <div key={name} className="contents">
              <dt className="text-ink-3">{name}</dt>
              <dd>
                <Id value={id} what={`${name.toLowerCase()} id`} head={14} tail={6} />
              </dd>
            </div>
          ),
      )}
      <dt className="text-ink-3">By</dt>
      <dd className="truncate">{who}</dd>
      <dt className="text-ink-3">At</dt>
      <dd>
        <Time at={call.at} ago />
        {call.errorCode !== null && ` · error ${call.errorCode}`}
      </dd>
      <dt className="text-ink-3">Bytes</dt>
      <dd className="tabular-nums">
        {bytes(call.requestBytes)} sent, {bytes(call.responseBytes)} received
      </dd>
    </dl>
  )
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered)
    return (
      <EmptyState
        icon={<SearchX className="size-6" />}
        title="No call matches these filters"
        action={<Button onClick={onClear}>Clear filters</Button>}
      >
        There may be calls here, but none with all of these properties.
      </EmptyState>
    )
  return (
    <EmptyState icon={<PhoneCall className="size-6" />} title="It has not been called yet">
      Every request to this server leaves a record here: who asked, what came of it, how long it took. Call it
      from your MCP client, or try one of its tools on the tab Tools.
    </EmptyState>
  )
}

import type { LogEvent } from '@berth/contracts'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ScrollText, SearchX, X } from 'lucide-react'
import { type ReactNode, useCallback, useMemo } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import type { Tone } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { cx } from '../../ui/cx.ts'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { FilterSelect } from '../../ui/FilterSelect.tsx'
import { shorten } from '../../ui/Id.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { Time } from '../../ui/Time.tsx'
import { useSteady } from '../../ui/useSteady.ts'
import { type Column, VirtualTable } from '../../ui/VirtualTable.tsx'
import { peopleQuery } from '../lifecycle/queries.ts'
import { actorName } from './actorName.ts'
import { describe } from './describe.ts'
import { EventFacts } from './EventFacts.tsx'
import { auditQuery, deploymentNamesQuery } from './queries.ts'
import { type AuditSearch, changes, eventGroups } from './search.ts'

const none: AuditSearch = { type: undefined, actor: undefined, deployment: undefined, seq: undefined }

/** Everything that was done in an organization, by whom, and what it changed; live. */
export function AuditPage() {
  const organization = useOrganization()
  const search = useSearch({ from: '/console/audit' })
  const navigate = useNavigate({ from: '/console/audit' })
  const set = (change: Partial<AuditSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const refused = whyNot(organization, 'audit:read')
  const log = useInfiniteQuery({
    ...auditQuery(organization.id, {
      type: search.type ?? changes,
      actorId: search.actor,
      deploymentId: search.deployment,
    }),
    refetchInterval: useSnapshotInterval(),
    enabled: !refused,
  })
  const events = useMemo(() => log.data?.pages.flatMap(({ items }) => items) ?? [], [log.data])
  const steady = useSteady(events, ({ seq }) => seq)
  const filtered = Boolean(search.type || search.actor || search.deployment)
  usePageActions(
    useMemo(
      (): Action[] =>
        filtered
          ? [
              {
                id: 'clear',
                label: 'Clear filters',
                run: () => void navigate({ search: (before) => ({ ...before, ...none }) }),
              },
            ]
          : [],
      [filtered, navigate],
    ),
  )
  const toggle = useCallback(
    ({ seq }: LogEvent) =>
      void navigate({
        search: (before) => ({ ...before, seq: before.seq === seq ? undefined : seq }),
        replace: true,
      }),
    [navigate],
  )
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`Audit · ${organization.name} · Berth`}</title>
      <div className="mb-3 flex flex-wrap items-baseline gap-x-3">
        <h1>Audit</h1>
        <p className="text-xs text-ink-3">
          Every change in the order of its commit. Nothing here can be changed or removed: each event is
          hashed into the next.
        </p>
      </div>
      {refused ? (
        <p className="text-ink-3">{refused}</p>
      ) : (
        <div {...steady.hold}>
          <Filters search={search} events={events} onChange={set} onClear={filtered ? () => set(none) : null}>
            {steady.waiting > 0 && (
              <Button look="quiet" className="!h-[26px] !px-2 text-xs" onClick={steady.release}>
                Show {steady.waiting} newer
              </Button>
            )}
            {events.length > 0 && (
              <span className="text-xs text-ink-3">
                {log.hasNextPage && 'the newest '}
                {events.length.toLocaleString('en')} {events.length === 1 ? 'event' : 'events'}
              </span>
            )}
          </Filters>
          {log.isError && <ErrorPanel {...factsOf(log.error)} onRetry={() => void log.refetch()} />}
          {log.isPending && (
            <div className="rounded-lg border border-line bg-panel">
              <RowsSkeleton label="Loading the log" rows={20} />
            </div>
          )}
          {log.data && events.length === 0 && (
            <EmptyState
              icon={filtered ? <SearchX className="size-6" /> : <ScrollText className="size-6" />}
              title={filtered ? 'No event matches these filters' : 'Nothing has happened yet'}
              action={filtered && <Button onClick={() => set(none)}>Clear filters</Button>}
            >
              {filtered
                ? 'The log has events, but none with all of these properties.'
                : 'What people, agents and Berth itself do in this organization is written here.'}
            </EmptyState>
          )}
          {events.length > 0 && (
            <div className="overflow-clip rounded-lg border border-line bg-panel">
              <VirtualTable
                label="Events"
                columns={columns}
                rows={steady.shown}
                rowId={idOf}
                selected={search.seq === undefined ? undefined : String(search.seq)}
                onOpen={toggle}
                detail={factsBelow}
                more={{
                  wanted: log.hasNextPage,
                  loading: log.isFetching,
                  load: () => void log.fetchNextPage(),
                }}
              />
            </div>
          )}
        </div>
      )}
    </main>
  )
}

function Filters(props: {
  search: AuditSearch
  events: readonly LogEvent[]
  onChange: (change: Partial<AuditSearch>) => void
  onClear: (() => void) | null
  children: ReactNode
}) {
  const { search, events, onChange, onClear, children } = props
  const organization = useOrganization()
  const { data: people } = useQuery(peopleQuery(organization.id))
  const deployments = useQuery(deploymentNamesQuery(organization.id)).data?.items ?? []
  // People of the organization, and whoever else is seen: agents, policy, the system.
  const actors = new Map(people)
  for (const { actor } of events) if (!actors.has(actor.id)) actors.set(actor.id, actorName(actor, people))
  if (search.actor && !actors.has(search.actor)) actors.set(search.actor, shorten(search.actor))
  const types = eventGroups.map(({ value, label }) => ({ value: value as string, label: label as string }))
  if (search.type && !types.some(({ value }) => value === search.type))
    types.push({ value: search.type, label: search.type })
  return (
    <div className="mb-3 flex flex-wrap items-center gap-1.5">
      <FilterSelect
        label="About"
        anyWord="every change"
        value={search.type}
        options={types}
        onChange={(type) => onChange({ type })}
      />
      <FilterSelect
        label="By"
        anyWord="anyone"
        value={search.actor}
        options={[...actors].map(([value, label]) => ({ value, label }))}
        onChange={(actor) => onChange({ actor })}
      />
      <FilterSelect
        label="Server"
        value={search.deployment}
        options={[
          ...deployments.map(({ id, name }) => ({ value: id, label: name })),
          ...(search.deployment && !deployments.some(({ id }) => id === search.deployment)
            ? [{ value: search.deployment, label: shorten(search.deployment) }]
            : []),
        ]}
        onChange={(deployment) => onChange({ deployment })}
      />
      {onClear && (
        <Button
          look="quiet"
          className="!h-[26px] !px-2 text-xs"
          icon={<X aria-hidden className="size-3" />}
          onClick={onClear}
        >
          Clear filters
        </Button>
      )}
      <span className="flex-1" />
      {children}
    </div>
  )
}

const inks: Record<Tone, string> = {
  good: 'text-good',
  wait: 'text-wait',
  bad: 'text-bad',
  idle: 'text-idle',
  accent: 'text-accent',
}
const wide = 'hidden @2xl:table-cell'

const columns: Column<LogEvent>[] = [
  {
    id: 'seq',
    header: 'No.',
    numeric: true,
    className: `${wide} @2xl:w-[72px]`,
    cellClassName: 'text-ink-3',
    cell: ({ seq }) => seq,
  },
  {
    id: 'what',
    header: 'What',
    primary: true,
    className: 'w-[52%] @max-2xl:!pl-3 @2xl:w-[36%]',
    title: titleOf,
    cell: (event) => <What event={event} />,
  },
  {
    id: 'server',
    header: 'Server',
    className: wide,
    cell: (event) => <Subject event={event} />,
  },
  {
    id: 'type',
    header: 'Type',
    className: `${wide} @2xl:w-[18%]`,
    cellClassName: 'font-mono text-[11.5px] text-ink-3',
    cell: ({ type }) => type,
  },
  {
    id: 'by',
    header: 'By',
    className: 'w-[30%] @2xl:w-[15%]',
    title: ({ actor }) => actor.id,
    cell: ({ actor }) => <Who actor={actor} />,
  },
  {
    id: 'when',
    header: 'When',
    numeric: true,
    className: 'w-[18%] @2xl:w-[9%]',
    cellClassName: 'text-ink-3',
    cell: ({ at }) => <Time at={at} />,
  },
]
const idOf = (event: LogEvent) => String(event.seq)
const factsBelow = (event: LogEvent) => <Facts event={event} />

function titleOf(event: LogEvent): string {
  const { title, detail } = describe(event)
  return detail ? `${title}: ${detail}` : title
}

function What({ event }: { event: LogEvent }) {
  const { data: people } = useQuery(peopleQuery(useOrganization().id))
  const { title, detail, tone } = describe(event, people)
  return (
    <>
      <i
        aria-hidden
        className={cx('mr-2 inline-block size-[9px] rounded-full border-2 border-current', inks[tone])}
      />
      <b className="font-[550]">{title}</b>
      {detail && <span className="text-ink-3"> · {detail.split('\n')[0]}</span>}
    </>
  )
}

/** The server that it happened to; a press shows only what happened to it. */
function Subject({ event: { payload } }: { event: LogEvent }) {
  const { deploymentId } = payload
  const { data: deployments } = useQuery(deploymentNamesQuery(useOrganization().id))
  const navigate = useNavigate({ from: '/console/audit' })
  if (typeof deploymentId !== 'string') return null
  const name = deployments?.items.find(({ id }) => id === deploymentId)?.name ?? shorten(deploymentId)
  return (
    <button
      type="button"
      title={name}
      aria-label={`Only what happened to ${name}`}
      onClick={() =>
        void navigate({ search: (before) => ({ ...before, deployment: deploymentId }), replace: true })
      }
      className="max-w-full truncate rounded-sm align-middle hover:underline"
    >
      {name}
    </button>
  )
}

/** Who did it; a press shows only what they did. */
function Who({ actor }: { actor: LogEvent['actor'] }) {
  const { data: people } = useQuery(peopleQuery(useOrganization().id))
  const navigate = useNavigate({ from: '/console/audit' })
  const who = actorName(actor, people)
  return (
    <button
      type="button"
      aria-label={`Only what ${who} did`}
      onClick={() => void navigate({ search: (before) => ({ ...before, actor: actor.id }), replace: true })}
      className="max-w-full truncate rounded-sm align-middle text-ink-2 hover:underline"
    >
      {who}
    </button>
  )
}

function Facts({ event }: { event: LogEvent }) {
  const { data: people } = useQuery(peopleQuery(useOrganization().id))
  return <EventFacts event={event} who={actorName(event.actor, people)} />
}

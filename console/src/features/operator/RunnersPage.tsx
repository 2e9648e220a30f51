import type { Runner } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Server } from 'lucide-react'
import { useMemo } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Id } from '../../ui/Id.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import { type Column, VirtualTable } from '../../ui/VirtualTable.tsx'
import { Facts } from './Facts.tsx'
import { runnerMarks } from './marks.ts'
import { OperatorPage } from './OperatorPage.tsx'
import { runnersQuery } from './queries.ts'

/** The processes of the installation: where they are, what they run, what their machines can enforce. */
export function RunnersPage() {
  const { open } = useSearch({ from: '/console/operator/runners' })
  const navigate = useNavigate({ from: '/console/operator/runners' })
  const runners = useQuery(runnersQuery)
  const { refetch } = runners
  usePageActions(
    useMemo(
      (): Action[] => [{ id: 'again', label: 'Look again now', key: 'r', run: () => void refetch() }],
      [refetch],
    ),
  )
  return (
    <OperatorPage
      title="Runners"
      intro="Every process of Berth on this database. One that is not heard for ten seconds has lost what it ran; another takes that over. Those that fell silent are shown for an hour."
    >
      {runners.isError && <ErrorPanel {...factsOf(runners.error)} onRetry={() => void refetch()} />}
      {runners.isPending && (
        <div className="rounded-lg border border-line bg-panel">
          <RowsSkeleton label="Loading runners" rows={3} />
        </div>
      )}
      {runners.data?.items.length === 0 && (
        <EmptyState icon={<Server className="size-6" />} title="No runner was heard in the last hour">
          Start Berth, or a process with the role runner, on this database.
        </EmptyState>
      )}
      {runners.data && runners.data.items.length > 0 && (
        <div className="overflow-clip rounded-lg border border-line bg-panel">
          <VirtualTable
            label="Runners"
            columns={columns}
            rows={runners.data.items}
            rowId={(row) => row.id}
            selected={open}
            onOpen={({ id }) =>
              void navigate({
                search: (before) => ({ ...before, open: id === before.open ? undefined : id }),
                replace: true,
              })
            }
            detail={detailOf}
          />
        </div>
      )}
    </OperatorPage>
  )
}

const wide = 'hidden @3xl:table-cell'

const columns: Column<Runner>[] = [
  {
    id: 'host',
    header: 'Host',
    className: 'w-[40%] @3xl:w-[20%]',
    primary: true,
    cell: ({ host }) => <b className="font-semibold">{host}</b>,
    title: ({ host, address }) => `${host}\n${address}`,
  },
  {
    id: 'id',
    header: 'Runner',
    className: `${wide} @3xl:w-[14%]`,
    cell: ({ id }) => <Id value={id} what="runner id" />,
  },
  {
    id: 'state',
    header: 'State',
    className: 'w-[30%] @3xl:w-[10%]',
    cell: ({ state }) => <StatusMark {...runnerMarks[state]} />,
  },
  { id: 'roles', header: 'Roles', className: wide, cell: ({ roles }) => roles.join(', ') },
  {
    id: 'version',
    header: 'Version',
    className: `${wide} @3xl:w-[9%]`,
    cellClassName: 'font-mono',
    cell: ({ version }) => version,
  },
  {
    id: 'heard',
    header: 'Heard',
    className: 'w-[30%] @3xl:w-[9%]',
    cellClassName: 'text-ink-3',
    numeric: true,
    cell: ({ lastBeatAt }) => <Time at={lastBeatAt} ago />,
  },
  {
    id: 'deployments',
    header: 'Deployments',
    className: `${wide} @3xl:w-[10%]`,
    numeric: true,
    cell: ({ deployments }) => deployments,
  },
  {
    id: 'instances',
    header: 'Processes',
    className: `${wide} @3xl:w-[9%]`,
    numeric: true,
    cell: ({ instances }) => instances,
  },
]

const detailOf = (row: Runner) => <Detail runner={row} />

function Detail({ runner }: { runner: Runner }) {
  return (
    <div className="grid gap-x-8 @3xl:grid-cols-2">
      <Facts
        facts={[
          ['Runner', <Id key="id" value={runner.id} what="runner id" />],
          [
            'Answers at',
            <span key="at" className="font-mono">
              {runner.address}
            </span>,
          ],
          ['Roles', runner.roles.join(', ')],
          ['Version', runner.version],
          ['Started', <Time key="started" at={runner.startedAt} ago />],
          ['Runs', `${runner.deployments} deployments in ${runner.instances} processes`],
        ]}
      />
      <section aria-label={`What ${runner.host} can enforce`}>
        <h2 className="py-1.5 !text-xs">What its machine can enforce</h2>
        {runner.capabilities.length === 0 && (
          <p className="text-ink-3">It runs no servers, so it was not tried.</p>
        )}
        <ul>
          {runner.capabilities.map(({ name, ok, sentence }) => (
            <li key={name} className="flex items-start gap-2 py-0.5">
              <StatusMark tone={ok ? 'good' : 'wait'} shape={ok ? 'check' : 'warning'} word={name} />
              <span className="min-w-0 pt-px text-ink-2">{sentence}</span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  )
}

import { amount, type HealthPart, type InstallationHealth } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { type Mark, StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import { healthMarks } from './marks.ts'
import { OperatorPage } from './OperatorPage.tsx'
import { healthQuery } from './queries.ts'

const names: Record<string, string> = {
  database: 'Database',
  feed: 'Log and feed',
  jobs: 'Jobs',
  calls: 'Recorded calls',
  runners: 'Runners',
  disk: 'Disk',
  mail: 'E-mail',
  sandbox: 'Sandbox',
  seccomp: 'System call filter',
  memory: 'Memory limits',
  pids: 'Process limits',
  cpu: 'CPU limits',
}

const order = ['down', 'degraded', 'ok'] as const

/** How each part of the installation does, what is worst first. */
export function HealthPage() {
  const health = useQuery(healthQuery)
  const { refetch } = health
  usePageActions(
    useMemo(
      (): Action[] => [{ id: 'again', label: 'Look again now', key: 'r', run: () => void refetch() }],
      [refetch],
    ),
  )
  return (
    <OperatorPage
      title="Health"
      intro={
        <>
          Each part as this server sees it, looked at every five seconds while this page is open. In a
          terminal, <code className="font-mono text-xs">mcpctl admin health</code> says the same; its exit
          status is 1 while a part is down.
        </>
      }
    >
      {health.isError && <ErrorPanel {...factsOf(health.error)} onRetry={() => void refetch()} />}
      {health.isPending && (
        <div className="rounded-lg border border-line bg-panel">
          <RowsSkeleton label="Looking at every part" rows={8} />
        </div>
      )}
      {health.data && <Parts health={health.data} />}
    </OperatorPage>
  )
}

function Parts({ health }: { health: InstallationHealth }) {
  const parts = health.parts.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
  return (
    <>
      <p className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-1 rounded-lg border border-line bg-panel px-3 py-2">
        <StatusMark {...wholeMark(health)} />
        <span className="text-xs text-ink-3">
          Berth {health.version} · schema {health.schemaVersion} · {health.publicUrl} · started{' '}
          <Time at={health.startedAt} ago /> · looked at <Time at={health.checkedAt} ago />
        </span>
      </p>
      <ul className="overflow-hidden rounded-lg border border-line bg-panel">
        {parts.map((part) => (
          <Part key={`${part.part} ${part.sentence}`} {...part} />
        ))}
      </ul>
    </>
  )
}

function wholeMark({ state, parts }: InstallationHealth): Mark {
  if (state === 'ok') return { ...healthMarks.ok, word: 'Every part is well' }
  const count = parts.filter((part) => part.state === state).length
  return { ...healthMarks[state], word: `${count} ${count === 1 ? 'part is' : 'parts are'} ${state}` }
}

function Part({ part, state, sentence, remedy, facts }: HealthPart) {
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-start gap-x-3 border-b border-line-soft px-3 py-1.5 last:border-0 @2xl:grid-cols-[150px_110px_minmax(0,1fr)]">
      <b className="font-semibold">{names[part] ?? part}</b>
      <StatusMark {...healthMarks[state]} />
      <div className="col-span-2 min-w-0 @2xl:col-span-1">
        <p className="break-words">{sentence}</p>
        {remedy && <p className="font-[550]">{remedy}</p>}
        {facts.length > 0 && (
          <dl className="flex flex-wrap gap-x-4 text-xs">
            {facts.map(({ name, value, unit }) => (
              <div key={name} className="flex gap-1.5">
                <dt className="text-ink-3">{name}</dt>
                <dd className="tabular-nums">{amount(value, unit)}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </li>
  )
}

import type { Deployment, Run } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization } from '../../app/session.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Id } from '../../ui/Id.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { millis, Time } from '../../ui/Time.tsx'
import { runMark } from './marks.ts'
import { deploymentRunsQuery, peopleQuery } from './queries.ts'

/** The last runs of a deployment, each with its tries. */
export function RunsSection({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const runs = useQuery({
    ...deploymentRunsQuery(organization.id, deployment.id),
    refetchInterval: useSnapshotInterval(),
  })
  return (
    <section className="mt-4">
      <h3 className="uppercase">Runs</h3>
      {runs.isError && <ErrorPanel {...factsOf(runs.error)} onRetry={() => void runs.refetch()} />}
      {runs.isPending && <Skeleton className="mt-2 h-8 w-full" />}
      {runs.data?.items.length === 0 && (
        <p className="text-xs text-ink-3">No run has been made for it yet.</p>
      )}
      <ul>
        {runs.data?.items.map((run) => (
          <RunRow key={run.id} run={run} />
        ))}
      </ul>
    </section>
  )
}

function RunRow({ run }: { run: Run }) {
  const mark = runMark(run.status)
  const [open, setOpen] = useState(false)
  const { data: people } = useQuery(peopleQuery(run.organizationId))
  const hasMore = run.retryLedger.length > 0 || Boolean(run.reason)
  return (
    <li className="border-b border-line-soft py-1 text-xs last:border-0">
      <button
        type="button"
        aria-expanded={open}
        disabled={!hasMore}
        onClick={() => setOpen(!open)}
        className="flex min-h-7 w-full items-center gap-2 rounded-sm text-left"
      >
        <StatusMark {...mark} />
        <span className="min-w-0 flex-1 truncate text-ink-2">
          {run.kind}
          {run.attempt > 1 && ` · try ${run.attempt} of ${run.retryLimit + 1}`}
          {run.step && !run.endedAt && ` · ${run.step}`}
          {run.durationMs !== null && ` · ${millis(run.durationMs)}`}
        </span>
        {hasMore && <span className="font-[550] text-accent">{open ? 'Hide' : 'Tries'}</span>}
        <span className="text-ink-3">
          <Time at={run.endedAt ?? run.createdAt} />
        </span>
      </button>
      {open && (
        <div className="mb-1 border-l-2 border-line pl-2.5">
          <ol>
            {triesOf(run).map(({ attempt, status, reason, observedAt }) => (
              <li key={attempt} className="grid grid-cols-[1fr_auto] gap-x-2 py-0.5">
                <span className="min-w-0 break-words">
                  <b className="font-[550]">Try {attempt}</b> {status.replace('_', ' ')}
                  {reason && <span className="block whitespace-pre-wrap text-ink-3">{reason}</span>}
                </span>
                <span className="text-ink-3">
                  <Time at={observedAt} />
                </span>
              </li>
            ))}
          </ol>
          {run.reason && run.retryLedger.at(-1)?.reason !== run.reason && (
            <p className="break-words whitespace-pre-wrap text-ink-2">{run.reason}</p>
          )}
          <p className="flex flex-wrap items-center gap-x-1.5 text-ink-3">
            <Id value={run.id} what="run id" />
            <span>· asked for by {people?.get(run.requestedBy) ?? run.requestedBy}</span>
          </p>
        </div>
      )}
    </li>
  )
}

/** How each try ended, or how far it is: the last that the ledger says of it. */
function triesOf({ retryLedger }: Run): Run['retryLedger'] {
  return [...new Map(retryLedger.map((entry) => [entry.attempt, entry])).values()]
}

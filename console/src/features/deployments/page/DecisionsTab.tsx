import { api, type Decision, type Deployment } from '@berth/contracts'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Scale } from 'lucide-react'
import { call, factsOf } from '../../../api/client.ts'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Id } from '../../../ui/Id.tsx'
import { Panel, RowsSkeleton } from '../../../ui/Panel.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { Time } from '../../../ui/Time.tsx'
import { Explanation, verdictMarks } from '../../lifecycle/Explanation.tsx'
import { decisionsQuery } from './queries.ts'

const here = '/console/deployments/$deploymentId' as const

/** What policy decided of a deployment, gate by gate, in words; each can be decided again from what it rested on. */
export function DecisionsTab({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const { decision: open } = useSearch({ from: here })
  const navigate = useNavigate({ from: here })
  const refused = whyNot(organization, 'policy:read')
  const decisions = useInfiniteQuery({
    ...decisionsQuery(organization.id, deployment.id),
    refetchInterval: useSnapshotInterval(),
    enabled: !refused,
  })
  const show = (decision: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, decision }), replace: true })
  const all = decisions.data?.pages.flatMap(({ items }) => items) ?? []
  if (refused) return <p className="text-ink-3">{refused}</p>
  return (
    <>
      {decisions.isError && (
        <ErrorPanel {...factsOf(decisions.error)} onRetry={() => void decisions.refetch()} />
      )}
      {decisions.isPending && <RowsSkeleton label="Loading decisions" />}
      {decisions.data && all.length === 0 && (
        <EmptyState icon={<Scale className="size-6" />} title="Policy has not decided yet">
          Before a server starts, and whenever something that a decision rests on changes, every gate is asked
          anew. Each decision is kept here with what it rested on.
        </EmptyState>
      )}
      {open && decisions.data && !all.some(({ id }) => id === open) && (
        <Panel
          title="A decision further back"
          actions={
            <Button look="quiet" className="!h-6 !px-2 text-xs" onClick={() => show(undefined)}>
              Hide it
            </Button>
          }
        >
          <Explanation decisionId={open} />
        </Panel>
      )}
      {all.length > 0 && (
        <Panel title="Decisions" note="newest first; the one on top holds now" flush>
          <ul>
            {all.map((one) => (
              <Row
                key={one.id}
                decision={one}
                current={one.id === deployment.decisionId}
                open={one.id === open}
                onToggle={() => show(one.id === open ? undefined : one.id)}
              />
            ))}
          </ul>
        </Panel>
      )}
      {decisions.hasNextPage && (
        <Button
          pending={decisions.isFetchingNextPage && 'Loading…'}
          onClick={() => void decisions.fetchNextPage()}
        >
          Load older decisions
        </Button>
      )}
    </>
  )
}

function Row(props: { decision: Decision; current: boolean; open: boolean; onToggle: () => void }) {
  const { decision, current, open, onToggle } = props
  return (
    <li className="border-b border-line-soft text-xs last:border-0">
      <button
        type="button"
        aria-expanded={open}
        onClick={onToggle}
        className="grid min-h-9 w-full grid-cols-[76px_minmax(0,1fr)_auto] items-center gap-x-2 px-3 text-left outline-offset-[-2px] hover:bg-bg @2xl:grid-cols-[76px_110px_minmax(0,1fr)_auto]"
      >
        <StatusMark {...verdictMarks[decision.verdict]} />
        <span className="max-@2xl:hidden">at {decision.moment}</span>
        <span className="truncate font-mono text-[11.5px] text-ink-3">
          {decision.notes.join(' · ') || 'every gate passed'}
        </span>
        <span className="text-ink-3">
          {current && <b className="mr-2 font-semibold text-accent">in force</b>}
          <Time at={decision.at} />
        </span>
      </button>
      {open && (
        <div className="px-3 pb-3">
          <Explanation decisionId={decision.id} />
          <Replay decision={decision} />
        </div>
      )}
    </li>
  )
}

function Replay({ decision: { organizationId, id, inputsDigest } }: { decision: Decision }) {
  const replay = useMutation({
    mutationFn: () => call(api.policy.replay, { params: { organizationId, decisionId: id } }),
  })
  return (
    <div className="mt-2 flex flex-wrap items-center gap-2.5">
      <Button pending={replay.isPending && 'Deciding…'} onClick={() => replay.mutate()}>
        Decide again from what it rested on
      </Button>
      <Id value={inputsDigest} what="digest of the inputs" head={11} tail={4} />
      {replay.error && <ErrorPanel {...factsOf(replay.error)} />}
      {replay.data && (
        <span role="status">
          {replay.data.same && replay.data.inputsIntact ? (
            <StatusMark tone="good" shape="check" word="The same decision, from untouched inputs" />
          ) : (
            <StatusMark
              tone="bad"
              shape="cross"
              word={
                replay.data.inputsIntact
                  ? 'Today it would be decided otherwise'
                  : 'The stored inputs were altered'
              }
            />
          )}
        </span>
      )}
    </div>
  )
}

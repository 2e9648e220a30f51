import { api, type Decision, type Deployment } from '@berth/contracts'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Scale } from 'lucide-react'
import { useMemo } from 'react'
import { call, factsOf } from '../../../api/client.ts'
import { moreOf, useRows } from '../../../app/lists.ts'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Id } from '../../../ui/Id.tsx'
import { Panel, RowsSkeleton } from '../../../ui/Panel.tsx'
import { StatusMark } from '../../../ui/StatusMark.tsx'
import { Time } from '../../../ui/Time.tsx'
import { type Column, VirtualTable } from '../../../ui/VirtualTable.tsx'
import { Explanation, verdictMarks } from '../../lifecycle/Explanation.tsx'
import { notesInOrder } from './notesInOrder.ts'
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
  const all = useRows(decisions.data)
  const columns = useMemo(() => columnsOf(deployment.decisionId), [deployment.decisionId])
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
          <VirtualTable
            label="Decisions"
            columns={columns}
            rows={all}
            rowId={idOf}
            selected={open}
            onOpen={({ id }) => show(id === open ? undefined : id)}
            detail={detailOf}
            more={moreOf(decisions)}
          />
        </Panel>
      )}
    </>
  )
}

const idOf = ({ id }: Decision) => id

const detailOf = (decision: Decision) => (
  <>
    <Explanation decisionId={decision.id} />
    <Replay decision={decision} />
  </>
)

const columnsOf = (inForce: string | null): Column<Decision>[] => [
  {
    id: 'verdict',
    header: 'Verdict',
    className: 'w-[24%] @2xl:w-[12%]',
    cell: ({ verdict }) => <StatusMark {...verdictMarks[verdict]} />,
  },
  {
    id: 'moment',
    header: 'Decided at',
    className: 'hidden @2xl:table-cell @2xl:w-[14%]',
    cell: ({ moment }) => moment,
  },
  {
    id: 'notes',
    header: 'What gates said',
    primary: true,
    title: notesOf,
    cellClassName: 'font-mono text-[11.5px] text-ink-3',
    cell: notesOf,
  },
  {
    id: 'when',
    header: 'When',
    numeric: true,
    className: 'w-[32%] @2xl:w-[18%]',
    cellClassName: 'text-ink-3',
    cell: ({ id, at }) => (
      <>
        {id === inForce && <b className="mr-2 font-semibold text-accent">in force</b>}
        <Time at={at} />
      </>
    ),
  },
]

const notesOf = (decision: Decision): string => notesInOrder(decision).join(' · ') || 'every gate passed'

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

import type { Deployment } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { type Membership, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field } from '../../ui/Field.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { Select } from '../../ui/Select.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { ConnectFields } from '../connect/ConnectFields.tsx'
import { Playground, type Tool } from '../deployments/page/Playground.tsx'
import { toolsQuery } from '../deployments/page/queries.ts'
import { SituationBox } from '../deployments/page/SituationBox.tsx'
import { linkLook } from '../identity/WayIn.tsx'
import { wordMark } from '../lifecycle/marks.ts'
import { deploymentQuery, deploymentRunsQuery } from '../lifecycle/queries.ts'
import { progressOf } from './progress.ts'

/** A server on its way: its launch as it goes on, then a call, then the settings for a client. */
export function FirstServer(props: { organization: Membership; deploymentId: string; answered: boolean }) {
  const { organization, deploymentId, answered } = props
  const navigate = useNavigate({ from: '/onboarding' })
  const { data, error, refetch } = useQuery({
    ...deploymentQuery(organization.id, deploymentId),
    refetchInterval: useSnapshotInterval(),
  })
  const chooseAnother = () =>
    void navigate({ search: ({ step, org }) => ({ step, org, another: true as const }) })
  if (error)
    return (
      <div className="flex flex-col items-start gap-3">
        <ErrorPanel {...factsOf(error)} onRetry={() => void refetch()} />
        <Button onClick={chooseAnother}>Choose another server</Button>
      </div>
    )
  if (!data)
    return (
      <div className="rounded-lg border border-line bg-panel">
        <RowsSkeleton label="Loading the server" rows={2} />
      </div>
    )
  const runs = data.phase === 'running' && !data.hold
  return (
    <>
      <Panel
        title={`1. Launch ${data.name}`}
        note={`${data.server} ${data.version}`}
        actions={<StatusMark {...wordMark(data)} />}
      >
        <Progress deployment={data} />
        <p className="mt-1.5 flex flex-wrap gap-x-4 text-xs">
          <Link
            to="/console/deployments/$deploymentId"
            params={{ deploymentId }}
            search={{ org: organization.slug }}
            className={linkLook}
          >
            Open its page
          </Link>
          <button type="button" className={linkLook} onClick={chooseAnother}>
            Choose another server
          </button>
        </p>
      </Panel>
      <SituationBox deployment={data} />
      {runs ? (
        <FirstCall organization={organization} deployment={data} answered={answered} />
      ) : (
        <Waiting title="2. Call one of its tools" sentence="It can be called as soon as it runs." />
      )}
      {runs ? (
        <Panel title="3. Connect your client" note="a token, and what to paste where">
          <div className="flex flex-col gap-3">
            <ConnectFields deployment={data} />
          </div>
        </Panel>
      ) : (
        <Waiting
          title="3. Connect your client"
          sentence="The settings for it stand here as soon as it runs."
        />
      )}
    </>
  )
}

function Waiting({ title, sentence }: { title: string; sentence: string }) {
  return (
    <Panel title={title}>
      <p className="text-ink-3">{sentence}</p>
    </Panel>
  )
}

/** What the launch is doing, in words, as the stream tells it. */
function Progress({ deployment }: { deployment: Deployment }) {
  const runs = useQuery({
    ...deploymentRunsQuery(deployment.organizationId, deployment.id),
    refetchInterval: useSnapshotInterval(),
  })
  return (
    <p role="status" className="min-h-5">
      {progressOf(
        deployment,
        runs.data?.items.find(({ kind }) => kind === 'launch'),
      )}
    </p>
  )
}

/** A real call: a tool is chosen, its arguments are typed, the answer is shown. */
function FirstCall(props: { organization: Membership; deployment: Deployment; answered: boolean }) {
  const { organization, deployment, answered } = props
  const { play } = useSearch({ from: '/onboarding' })
  const navigate = useNavigate({ from: '/onboarding' })
  const refused = whyNot(organization, 'tools:call')
  const answer = useQuery({
    ...toolsQuery(organization.id, deployment.id),
    enabled: !refused,
    refetchInterval: useSnapshotInterval(),
  })
  const tools = (answer.data?.tools ?? []) as unknown as Tool[]
  const chosen = tools.find(({ name }) => name === play) ?? easiest(tools)
  return (
    <>
      <Panel title="2. Call one of its tools" note={answered && 'it has answered a call'}>
        {refused && <p className="text-ink-3">{refused}</p>}
        {answer.isError && <ErrorPanel {...factsOf(answer.error)} onRetry={() => void answer.refetch()} />}
        {!refused && answer.isPending && <RowsSkeleton label="Loading the tools" rows={2} />}
        {answer.data && !chosen && <p className="text-ink-3">It lists no tools to you.</p>}
        {chosen && (
          <Field label="Tool" hint={`It lists ${tools.length === 1 ? 'one' : tools.length} to you.`}>
            <Select
              label="Tool"
              value={chosen.name}
              options={tools.map(({ name }) => ({ value: name, label: name }))}
              onChange={(name) => void navigate({ search: (now) => ({ ...now, play: name }), replace: true })}
            />
          </Field>
        )}
      </Panel>
      {chosen && <Playground key={chosen.name} deployment={deployment} tool={chosen} />}
    </>
  )
}

/** The tool that asks for least; `echo` before all others. */
function easiest(tools: readonly Tool[]): Tool | undefined {
  const demands = ({ name, inputSchema }: Tool) => {
    const required = inputSchema?.['required']
    return name === 'echo' ? -1 : Array.isArray(required) ? required.length : 0
  }
  return tools.toSorted((a, b) => demands(a) - demands(b))[0]
}

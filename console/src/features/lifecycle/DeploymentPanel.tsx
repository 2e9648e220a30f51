import type { Deployment } from '@berth/contracts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowUpRight, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization } from '../../app/session.ts'
import { IconButton } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Copyable, Id } from '../../ui/Id.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { type Mark, StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import { Connect } from '../connect/Connect.tsx'
import { DeploymentCommands } from '../deployments/DeploymentCommands.tsx'
import { healthMark, phaseMark } from './marks.ts'
import { deploymentQuery, listedDeployment, peopleQuery } from './queries.ts'
import { RunsSection } from './RunsSection.tsx'
import { TimelineSection } from './TimelineSection.tsx'
import { WhyBox } from './WhyBox.tsx'

/** The story of one deployment: how it is, why, what was done, and what can be done. */
export function DeploymentPanel({ deploymentId, onClose }: { deploymentId: string; onClose: () => void }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const { data: deployment, ...query } = useQuery({
    ...deploymentQuery(organization.id, deploymentId),
    refetchInterval: useSnapshotInterval(),
    placeholderData: () => listedDeployment(queryClient, organization.id, deploymentId),
  })
  return (
    <aside
      aria-label={deployment ? `Server ${deployment.name}` : 'Server'}
      className="absolute inset-y-0 right-0 z-20 w-full overflow-y-auto border-l border-line bg-panel px-4 py-3.5 shadow-float sm:w-[372px] lg:static lg:shrink-0 lg:shadow-none"
    >
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 flex-1 truncate" title={deployment?.name}>
          {deployment?.name ?? (query.isError ? 'Unknown server' : <Skeleton className="mt-1 w-32" />)}
        </h2>
        <IconButton label="Close (Esc)" onClick={onClose} className="-mt-1 -mr-1.5 !size-7">
          <X aria-hidden className="size-4" />
        </IconButton>
      </div>
      {query.isError && <ErrorPanel {...factsOf(query.error)} onRetry={() => void query.refetch()} />}
      {deployment ? (
        <Story deployment={deployment} onClose={onClose} />
      ) : (
        query.isPending && <PanelSkeleton />
      )}
    </aside>
  )
}

function Story({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const organization = useOrganization()
  const { id, name, version, digest, desired } = deployment
  return (
    <>
      <p className="flex flex-wrap items-center gap-x-1.5 font-mono text-xs text-ink-2">
        <Id value={id} what="deployment id" />
        <span>· {version}</span>
        {digest && (
          <>
            <span>·</span>
            <Id value={digest} what="digest" head={11} tail={2} />
          </>
        )}
      </p>
      <dl className="my-3 grid grid-cols-3 rounded-lg border border-line">
        <Third
          name="Desired"
          mark={{ tone: 'idle', shape: desired === 'running' ? 'dot' : 'square', word: desired }}
        />
        <Third name="Actual" mark={phaseMark(deployment)} />
        <Third name="Health" mark={healthMark(deployment)} />
      </dl>
      <WhyBox deployment={deployment} />
      <DeploymentCommands deployment={deployment} onDeleted={onClose} />
      <p className="mt-2.5">
        <Link
          to="/console/deployments/$deploymentId"
          params={{ deploymentId: id }}
          search={{ org: organization.slug }}
          className="inline-flex items-center gap-1 font-[550] text-accent hover:underline"
        >
          Open {name}: calls, logs, tools, settings
          <ArrowUpRight aria-hidden className="size-3.5" />
        </Link>
      </p>
      <Facts deployment={deployment} action={<Connect deployment={deployment} small />} />
      <RunsSection deployment={deployment} />
      <TimelineSection deployment={deployment} />
    </>
  )
}

function Third({ name, mark }: { name: string; mark: Mark }) {
  return (
    <div className="min-w-0 border-r border-line px-2.5 py-2 last:border-0">
      <dt className="text-2xs text-ink-3">{name}</dt>
      <dd className="text-[12.5px]">
        <StatusMark {...mark} />
      </dd>
    </div>
  )
}

/** How to reach a deployment, and what it is. */
export function Facts({ deployment, action }: { deployment: Deployment; action?: ReactNode }) {
  const organization = useOrganization()
  const { data: people } = useQuery(peopleQuery(organization.id))
  const { enforcement, limits } = deployment
  return (
    <section className="mt-4">
      <div className="flex items-center justify-between">
        <h3 className="uppercase">Connect and facts</h3>
        {action}
      </div>
      <dl className="mt-1 text-xs">
        <Fact name="MCP URL">
          <Copyable text={deployment.mcpUrl} what="MCP URL" sign="always" wrap />
        </Fact>
        <Fact name="Server">{deployment.server}</Fact>
        <Fact name="Tools">{deployment.tools ?? 'not seen yet'}</Fact>
        <Fact name="Isolation">{isolationWords[deployment.isolation]}</Fact>
        <Fact name="Sandbox">
          {enforcement
            ? `${sandboxWords[enforcement.sandbox]}, network ${enforcement.network}`
            : 'not running'}
        </Fact>
        <Fact name="Limits">
          {limits.memoryMb} MB · {limits.cpus} CPU · {limits.pids} processes
        </Fact>
        {deployment.restarts > 0 && <Fact name="Restarts">{deployment.restarts}</Fact>}
        {deployment.startedAt && (
          <Fact name="Started">
            <Time at={deployment.startedAt} ago />
          </Fact>
        )}
        <Fact name="Created">
          <Time at={deployment.createdAt} ago /> by{' '}
          {people?.get(deployment.createdBy) ?? deployment.createdBy}
        </Fact>
      </dl>
    </section>
  )
}

const isolationWords: Record<Deployment['isolation'], string> = {
  session: 'a process per session',
  principal: 'a process per person or token',
  shared: 'one process for all',
}

const sandboxWords = { bubblewrap: 'bubblewrap', none: 'none, unprotected', remote: 'runs elsewhere' }

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid min-h-7 grid-cols-[76px_minmax(0,1fr)] items-center border-b border-line-soft last:border-0">
      <dt className="text-ink-3">{name}</dt>
      <dd className="min-w-0 truncate">{children}</dd>
    </div>
  )
}

function PanelSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading the server">
      <Skeleton className="mt-1 w-52" />
      <Skeleton className="my-3 h-[54px] w-full" />
      <Skeleton className="h-[30px] w-40" />
      <Skeleton className="mt-6 h-48 w-full" />
    </div>
  )
}

import type { Deployment } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useMemo } from 'react'
import { factsOf, isCode } from '../../../api/client.ts'
import { type Action, usePageActions } from '../../../app/actions.tsx'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization } from '../../../app/session.ts'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Id } from '../../../ui/Id.tsx'
import { Skeleton } from '../../../ui/Skeleton.tsx'
import { type Mark, StatusMark } from '../../../ui/StatusMark.tsx'
import { Tabs } from '../../../ui/Tabs.tsx'
import { Connect } from '../../connect/Connect.tsx'
import { healthMark, phaseMark, wordMark } from '../../lifecycle/marks.ts'
import { deploymentQuery } from '../../lifecycle/queries.ts'
import { Trail } from '../../lifecycle/Trail.tsx'
import { workspaceQuery } from '../../workspaces/queries.ts'
import { DeploymentCommands } from '../DeploymentCommands.tsx'
import { OverviewTab } from './OverviewTab.tsx'
import { type TabName, tabs } from './search.ts'

const CallsTab = lazy(async () => ({ default: (await import('./CallsTab.tsx')).CallsTab }))
const LogsTab = lazy(async () => ({ default: (await import('./LogsTab.tsx')).LogsTab }))
const ToolsTab = lazy(async () => ({ default: (await import('./ToolsTab.tsx')).ToolsTab }))
const RunsTab = lazy(async () => ({ default: (await import('./RunsTab.tsx')).RunsTab }))
const DecisionsTab = lazy(async () => ({ default: (await import('./DecisionsTab.tsx')).DecisionsTab }))
const SurfaceTab = lazy(async () => ({ default: (await import('./SurfaceTab.tsx')).SurfaceTab }))
const SettingsTab = lazy(async () => ({ default: (await import('./SettingsTab.tsx')).SettingsTab }))

const views = {
  overview: OverviewTab,
  calls: CallsTab,
  logs: LogsTab,
  tools: ToolsTab,
  runs: RunsTab,
  decisions: DecisionsTab,
  surface: SurfaceTab,
  settings: SettingsTab,
}

/** One deployment: how it is and why, what it was asked, what it wrote, what it can, and how it is set. */
export function DeploymentPage() {
  const organization = useOrganization()
  const { deploymentId } = useParams({ from: '/console/deployments/$deploymentId' })
  const { data: deployment, ...query } = useQuery({
    ...deploymentQuery(organization.id, deploymentId),
    refetchInterval: useSnapshotInterval(),
  })
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`${deployment?.name ?? 'Server'} · ${organization.name} · Berth`}</title>
      {query.isError && (
        <>
          {!deployment && (
            <>
              <Trail workspace={null} to="server" />
              <h1 className="mb-3">{isCode(query.error, 'not_found') ? 'Unknown server' : 'Server'}</h1>
            </>
          )}
          <ErrorPanel {...factsOf(query.error)} onRetry={() => void query.refetch()} />
        </>
      )}
      {deployment && <Whole deployment={deployment} />}
      {query.isPending && <PageSkeleton />}
    </main>
  )
}

function Whole({ deployment }: { deployment: Deployment }) {
  const { tab = 'overview' } = useSearch({ from: '/console/deployments/$deploymentId' })
  const navigate = useNavigate({ from: '/console/deployments/$deploymentId' })
  const open = (next: TabName) =>
    void navigate({
      search: ({ org, workspace }) => ({ org, workspace, tab: next === 'overview' ? undefined : next }),
    })
  usePageActions(
    useMemo(
      (): Action[] =>
        tabs.map((name, at) => ({
          id: `tab-${name}`,
          label: `Show ${name}`,
          key: String(at + 1),
          run: () => void navigate({ search: ({ org, workspace }) => ({ org, workspace, tab: name }) }),
        })),
      [navigate],
    ),
  )
  const View = views[tab]
  return (
    <>
      <Header deployment={deployment} onDeleted={() => void navigate({ to: '/console/lifecycle' })} />
      <Tabs
        label={`Parts of ${deployment.name}`}
        value={tab}
        onChange={open}
        tabs={tabs.map((name) => ({
          value: name,
          label: name[0]!.toUpperCase() + name.slice(1),
        }))}
      >
        <Suspense fallback={<Skeleton className="h-40 w-full" />}>
          <View key={deployment.id} deployment={deployment} />
        </Suspense>
      </Tabs>
    </>
  )
}

function Header({ deployment, onDeleted }: { deployment: Deployment; onDeleted: () => void }) {
  const { id, organizationId, workspaceId, name, desired, server, version, digest } = deployment
  const { data: workspace } = useQuery(workspaceQuery(organizationId, workspaceId))
  const wanted: Mark = { tone: 'idle', shape: desired === 'running' ? 'dot' : 'square', word: desired }
  return (
    <header className="mb-2 flex flex-wrap items-start gap-x-6 gap-y-2">
      <div className="min-w-0 flex-1 basis-72">
        <Trail workspace={workspace} to="server" />
        <div className="flex min-w-0 flex-wrap items-center gap-x-3">
          <h1 className="min-w-0 truncate" title={name}>
            {name}
          </h1>
          {wordMark(deployment).word === 'held' && <StatusMark {...wordMark(deployment)} />}
        </div>
        <p className="flex flex-wrap items-center gap-x-1.5 font-mono text-xs text-ink-2">
          <span>
            {server} · {version} ·
          </span>
          <Id value={id} what="deployment id" />
          {digest && (
            <>
              <span>·</span>
              <Id value={digest} what="digest" head={11} tail={2} />
            </>
          )}
        </p>
      </div>
      <dl className="flex gap-5">
        {[
          ['Desired', wanted] as const,
          ['Actual', phaseMark(deployment)] as const,
          ['Health', healthMark(deployment)] as const,
        ].map(([label, mark]) => (
          <div key={label}>
            <dt className="text-2xs text-ink-3">{label}</dt>
            <dd className="text-[12.5px]">
              <StatusMark {...mark} />
            </dd>
          </div>
        ))}
      </dl>
      <div className="flex flex-wrap gap-1.5">
        <Connect deployment={deployment} />
        <DeploymentCommands deployment={deployment} onDeleted={onDeleted} withoutDelete />
      </div>
    </header>
  )
}

function PageSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading the server" role="status">
      <Skeleton className="mt-1.5 h-4 w-40" />
      <Skeleton className="mt-3 w-72" />
      <Skeleton className="mt-4 h-8 w-full" />
      <Skeleton className="mt-4 h-64 w-full" />
    </div>
  )
}

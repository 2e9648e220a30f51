import { api, type Deployment, type LogEvent, type Run } from '@berth/contracts'
import type { QueryClient } from '@tanstack/react-query'
import { ApiError } from '@berth/contracts'
import { call } from '../../api/client.ts'
import { patchQueries } from '../../app/queryClient.ts'
import { addToTimeline } from '../audit/timeline.ts'
import { passes } from './groups.ts'
import { holdsWorkspace, withDeployment, withoutDeployment, withRun } from './patch.ts'
import { deploymentQuery, type LifecycleFilter, type Snapshots } from './queries.ts'

/** Many changes at once are cheaper to read as one snapshot. */
const tooManyAtOnce = 20
const manyEveryMs = 1_000
/** Changes of one thing within this time are read once; ms. */
const gatherMs = 25
/** Counts of calls age without any event telling; they are read again this long after the last calls; ms. */
const activityEveryMs = 5_000
const countsEveryMs = 1_000
/** Lists that grow by events are read again at most this often; ms. */
const listEveryMs = 300
/** Summing up many calls costs more than listing the last ones. */
const statsEveryMs = 2_000
const activityFadesMs = 62_000

/** Leads one event into everything that shows workspaces and deployments, whichever page is on view. */
export function applyLifecycleEvent(queryClient: QueryClient, event: LogEvent): void {
  const { organizationId, type, payload } = event
  // Nothing is shown of that organization: it is read when it is looked at.
  if (
    !queryClient
      .getQueryCache()
      .getAll()
      .some(({ queryKey }) => queryKey[1] === organizationId)
  )
    return
  addToTimeline(queryClient, event)
  if (type === 'calls.recorded') {
    refreshSoon(queryClient, ['calls', organizationId])
    refreshSoon(queryClient, ['call-stats', organizationId], statsEveryMs)
    refreshSoon(queryClient, ['billing', organizationId, 'usage'], statsEveryMs)
    return refreshActivity(queryClient, organizationId)
  }
  if (/^(workspace|deployment)\./.test(type)) {
    refreshSoon(queryClient, ['counts', organizationId], countsEveryMs)
    refreshSoon(queryClient, ['billing', organizationId], statsEveryMs)
  }
  if (type.startsWith('workspace.')) return refreshWorkspaces(queryClient, organizationId)
  if (type.startsWith('secret.')) return void queryClient.invalidateQueries({ queryKey: ['secrets'] })
  if (type.startsWith('run.')) return gather(queryClient, organizationId, 'run', payload.runId as string)
  const deploymentId = payload.deploymentId as string | undefined
  if (!deploymentId) return
  if (type === 'decision.made') return refreshSoon(queryClient, ['decisions', organizationId, deploymentId])
  for (const key of ['surface', 'tools']) refreshSoon(queryClient, [key, organizationId, deploymentId])
  if (type !== 'deployment.deleted') return gather(queryClient, organizationId, 'deployment', deploymentId)
  forgetDeployment(queryClient, organizationId, payload.workspaceId as string, deploymentId)
}

/** Puts a deployment as the server just gave it wherever it is shown. */
export function putDeployment(queryClient: QueryClient, deployment: Deployment): void {
  const { organizationId, id } = deployment
  patchSnapshots(queryClient, organizationId, (data) => withDeployment(data, deployment))
  askForUnlisted(queryClient, deployment)
  const { queryKey } = deploymentQuery(organizationId, id)
  queryClient.setQueryData(queryKey, (known) => known ?? deployment)
  patchQueries<Deployment>(queryClient, queryKey, (known) =>
    known.rowVersion > deployment.rowVersion ? known : deployment,
  )
}

/** A filtered list has no workspaces without a match; one that matches only now must be read. */
function askForUnlisted(queryClient: QueryClient, deployment: Deployment): void {
  const { organizationId, workspaceId } = deployment
  const lists = queryClient
    .getQueryCache()
    .findAll({ queryKey: ['lifecycle', organizationId], type: 'active' })
  for (const { queryKey, state } of lists) {
    const data = state.data as Snapshots | undefined
    const filter = queryKey[2] as LifecycleFilter
    if (!(filter.status || filter.search) || (data && holdsWorkspace(data, workspaceId))) continue
    if (passes(deployment, filter)) refreshSoon(queryClient, queryKey as readonly string[])
  }
}

/** Reads anew which workspaces there are. */
export function refreshWorkspaces(queryClient: QueryClient, organizationId: string): void {
  for (const key of ['lifecycle', 'workspaces', 'counts'])
    void queryClient.invalidateQueries({ queryKey: [key, organizationId] })
}

export function forgetDeployment(
  queryClient: QueryClient,
  organizationId: string,
  workspaceId: string,
  deploymentId: string,
): void {
  patchSnapshots(queryClient, organizationId, (data) => withoutDeployment(data, workspaceId, deploymentId))
  // Whoever looks at it is told that it is gone.
  const { queryKey } = deploymentQuery(organizationId, deploymentId)
  const observed = queryClient.getQueryCache().find({ queryKey })?.isActive()
  if (observed) void queryClient.resetQueries({ queryKey })
  else queryClient.removeQueries({ queryKey })
}

const refreshing = new Map<string, ReturnType<typeof setTimeout>>()

/** Reads a list anew shortly after, once, however many events told of it. */
function refreshSoon(queryClient: QueryClient, queryKey: readonly string[], afterMs = listEveryMs): void {
  const name = JSON.stringify(queryKey)
  if (refreshing.has(name)) return
  const read = () => {
    refreshing.delete(name)
    void queryClient.invalidateQueries({ queryKey })
  }
  refreshing.set(name, setTimeout(read, afterMs))
}

function putRun(queryClient: QueryClient, run: Run): void {
  patchSnapshots(queryClient, run.organizationId, (data) => withRun(data, run))
  if (run.deploymentId) void queryClient.invalidateQueries({ queryKey: ['runs', run.organizationId] })
}

function patchSnapshots(
  queryClient: QueryClient,
  organizationId: string,
  change: (data: Snapshots) => Snapshots,
) {
  patchQueries(queryClient, ['lifecycle', organizationId], change)
}

const waiting = new Map<string, () => Promise<void>>()
let timer: ReturnType<typeof setTimeout> | undefined

/** Reads what changed shortly after, each thing once, however many events told of it. */
function gather(
  queryClient: QueryClient,
  organizationId: string,
  kind: 'deployment' | 'run',
  id: string,
): void {
  waiting.set(id, async () => {
    if (kind === 'run')
      putRun(queryClient, await call(api.runs.get, { params: { organizationId, runId: id } }))
    else
      putDeployment(
        queryClient,
        await call(api.deployments.get, { params: { organizationId, deploymentId: id } }),
      )
  })
  timer ??= setTimeout(() => {
    timer = undefined
    const reads = [...waiting.values()]
    waiting.clear()
    if (reads.length > tooManyAtOnce)
      for (const key of ['lifecycle', 'deployment', 'runs'])
        refreshSoon(queryClient, [key, organizationId], manyEveryMs)
    else
      for (const read of reads)
        read().catch((error: unknown) => onUnreadable(queryClient, organizationId, error))
  }, gatherMs)
}

/** Gone meanwhile is told by its own event; anything else is mended by a snapshot. */
function onUnreadable(queryClient: QueryClient, organizationId: string, error: unknown): void {
  if (error instanceof ApiError && error.problem.code === 'not_found') return
  void queryClient.invalidateQueries({ queryKey: ['lifecycle', organizationId] })
}

let soon: ReturnType<typeof setTimeout> | undefined
let later: ReturnType<typeof setTimeout> | undefined

function refreshActivity(queryClient: QueryClient, organizationId: string): void {
  const refresh = () => void queryClient.invalidateQueries({ queryKey: ['activity', organizationId] })
  soon ??= setTimeout(() => {
    soon = undefined
    refresh()
  }, activityEveryMs)
  clearTimeout(later)
  later = setTimeout(refresh, activityFadesMs)
}

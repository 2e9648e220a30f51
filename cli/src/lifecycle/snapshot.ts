import { api, deploymentWord, type deploymentWords, type WorkspaceSnapshot } from '@berth/contracts'
import type { Context } from '../core/context.ts'
import { findWorkspace } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { duration, relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

export interface LifecycleFilters {
  search?: string
  tier?: string
  status?: (typeof deploymentWords)[number]
  state?: 'draft' | 'active' | 'archived'
}

/** One page of workspaces with their deployments and recent runs. */
export async function lifecyclePage(
  context: Context,
  organizationId: string,
  query: LifecycleFilters & { cursor?: string; limit?: number },
) {
  const { workspace } = context.options
  const workspaceId = workspace ? (await findWorkspace(context, organizationId, workspace)).id : undefined
  return context.call(api.lifecycle.snapshot, { query: { ...query, organizationId, workspaceId } })
}

/** Prints workspaces with one line for each deployment; a workspace without any still has its line. */
export function printSnapshot(out: Output, snapshots: WorkspaceSnapshot[]): void {
  out.table(
    snapshots.flatMap(linesOf),
    [
      { title: 'workspace', cell: (one) => one.snapshot.workspace.key },
      { title: 'tier', cell: (one) => one.snapshot.workspace.tier },
      { title: 'deployment', cell: (one) => one.deployment?.name ?? stateCell(one.snapshot.workspace.state) },
      { title: 'state', cell: (one) => (one.deployment ? stateCell(deploymentWord(one.deployment)) : '') },
      { title: 'health', cell: (one) => (one.deployment ? stateCell(one.deployment.health) : '') },
      {
        title: 'server',
        cell: (one) => (one.deployment ? `${one.deployment.server}@${one.deployment.version}` : ''),
      },
      { title: 'calls/min', cell: (one) => one.activity?.callsLastMinute ?? '' },
      { title: 'p99', cell: (one) => (one.activity ? duration(one.activity.p99Ms) : '') },
      {
        title: 'last run',
        cell: (one) =>
          one.run ? `${one.run.kind} ${one.run.status} ${relativeTime(one.run.createdAt)}` : '',
      },
      { title: 'reason', cell: (one) => one.deployment?.reason ?? '', max: 80 },
    ],
    'There is no workspace yet.',
  )
}

interface Line {
  snapshot: WorkspaceSnapshot
  deployment?: WorkspaceSnapshot['deployments'][number]
  activity?: WorkspaceSnapshot['activity'][number]
  run?: WorkspaceSnapshot['recentRuns'][number]
}

function linesOf(snapshot: WorkspaceSnapshot): Line[] {
  const { deployments, activity, recentRuns } = snapshot
  if (deployments.length === 0) return [{ snapshot }]
  return deployments.map((deployment) => ({
    snapshot,
    deployment,
    activity: activity.find((one) => one.deploymentId === deployment.id),
    run: recentRuns.find((one) => one.deploymentId === deployment.id),
  }))
}

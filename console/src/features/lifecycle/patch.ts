import type { Deployment, Run, WorkspaceSnapshot } from '@berth/contracts'
import type { Snapshots } from './queries.ts'

/** Snapshots with one workspace's replaced; the same object when no page holds that workspace. */
function withWorkspace(
  data: Snapshots,
  workspaceId: string,
  change: (snapshot: WorkspaceSnapshot) => WorkspaceSnapshot,
): Snapshots {
  let found = false
  const pages = data.pages.map((page) => {
    if (!page.items.some(({ workspace }) => workspace.id === workspaceId)) return page
    found = true
    const items = page.items.map((one) => (one.workspace.id === workspaceId ? change(one) : one))
    return { ...page, items }
  })
  return found ? { ...data, pages } : data
}

/** Snapshots with a deployment as it is now: in its old place, or last when it is new. An older version changes nothing. */
export function withDeployment(data: Snapshots, deployment: Deployment): Snapshots {
  return withWorkspace(data, deployment.workspaceId, (snapshot) => {
    const known = snapshot.deployments.find(({ id }) => id === deployment.id)
    if (known && known.rowVersion > deployment.rowVersion) return snapshot
    const deployments = known
      ? snapshot.deployments.map((one) => (one.id === deployment.id ? deployment : one))
      : [...snapshot.deployments, deployment]
    return { ...snapshot, deployments }
  })
}

export function withoutDeployment(data: Snapshots, workspaceId: string, deploymentId: string): Snapshots {
  return withWorkspace(data, workspaceId, (snapshot) => ({
    ...snapshot,
    deployments: snapshot.deployments.filter(({ id }) => id !== deploymentId),
  }))
}

/** Snapshots with a run as it is now, newest first. */
export function withRun(data: Snapshots, run: Run): Snapshots {
  if (!run.workspaceId) return data
  return withWorkspace(data, run.workspaceId, (snapshot) => {
    const known = snapshot.recentRuns.some(({ id }) => id === run.id)
    const recentRuns = known
      ? snapshot.recentRuns.map((one) => (one.id === run.id ? run : one))
      : [run, ...snapshot.recentRuns]
    return { ...snapshot, recentRuns }
  })
}

import type { Deployment, Run, WorkspaceSnapshot } from '@berth/contracts'
import type { Snapshots } from './queries.ts'

/** Snapshots changed wherever a workspace stands; one with very many deployments stands on several pages. */
function withWorkspace(
  data: Snapshots,
  workspaceId: string,
  change: (snapshot: WorkspaceSnapshot, isLast: boolean) => WorkspaceSnapshot,
): Snapshots {
  const isOne = ({ workspace }: WorkspaceSnapshot) => workspace.id === workspaceId
  const last = data.pages.findLastIndex(({ items }) => items.some(isOne))
  if (last === -1) return data
  const pages = data.pages.map((page, at) => {
    if (!page.items.some(isOne)) return page
    return { ...page, items: page.items.map((one) => (isOne(one) ? change(one, at === last) : one)) }
  })
  return { ...data, pages }
}

/** Whether the page that tells of a workspace is loaded. */
export function holdsWorkspace(data: Snapshots, workspaceId: string): boolean {
  return data.pages.some(({ items }) => items.some(({ workspace }) => workspace.id === workspaceId))
}

/** Snapshots with a deployment as it is now: in its old place, or last when it is new. An older version changes nothing. */
export function withDeployment(data: Snapshots, deployment: Deployment): Snapshots {
  const isOne = ({ id }: Deployment) => id === deployment.id
  const isKnown = data.pages.some(({ items }) => items.some(({ deployments }) => deployments.some(isOne)))
  return withWorkspace(data, deployment.workspaceId, (snapshot, isLast) => {
    const known = snapshot.deployments.find(isOne)
    if (known ? known.rowVersion > deployment.rowVersion : isKnown || !isLast) return snapshot
    const deployments = known
      ? snapshot.deployments.map((one) => (isOne(one) ? deployment : one))
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

/** Snapshots with a run as it is now; only the newest of a deployment is kept. */
export function withRun(data: Snapshots, run: Run): Snapshots {
  if (!run.workspaceId) return data
  const isSame = (one: Run) => one.id === run.id
  const isOwn = ({ deploymentId }: Run) => deploymentId === run.deploymentId
  return withWorkspace(data, run.workspaceId, (snapshot) => {
    const { recentRuns } = snapshot
    if (recentRuns.some(isSame))
      return { ...snapshot, recentRuns: recentRuns.map((one) => (isSame(one) ? run : one)) }
    if (recentRuns.some((one) => isOwn(one) && one.id > run.id)) return snapshot
    return { ...snapshot, recentRuns: [run, ...recentRuns.filter((one) => !isOwn(one))] }
  })
}

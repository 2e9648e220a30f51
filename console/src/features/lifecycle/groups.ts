import {
  type Deployment,
  deploymentWord,
  type Run,
  type Workspace,
  type WorkspaceSnapshot,
} from '@berth/contracts'
import type { Activity, LifecycleFilter } from './queries.ts'

/** A deployment as a row of the page. */
export interface DeploymentRow {
  id: string
  deployment: Deployment
  /** Its last run. */
  run: Run | undefined
  activity: Activity | undefined
}

export interface WorkspaceRows {
  workspace: Workspace
  rows: DeploymentRow[]
}

/** Whether a deployment is one of those looked for by its own properties; a workspace's are the server's to check. */
export function passes(
  deployment: Deployment,
  { status, search }: LifecycleFilter,
  workspace?: Workspace,
): boolean {
  if (status && deploymentWord(deployment) !== status) return false
  const wanted = search?.trim().toLowerCase()
  if (!wanted) return true
  const { name, server } = deployment
  return [name, server, workspace?.name, workspace?.key].some((text) => text?.toLowerCase().includes(wanted))
}

function isNamed({ name, key }: Workspace, search: string | undefined): boolean {
  const wanted = search?.trim().toLowerCase() ?? ''
  return name.toLowerCase().includes(wanted) || key.toLowerCase().includes(wanted)
}

/**
 * Makes the rows of the page from what is loaded: a workspace that goes on on a later page is one again, what an event
 * took out of the filter is left out. A row whose facts are the same as before is the same object.
 */
export function createGrouping() {
  let before = new Map<string, DeploymentRow>()
  return function group(
    snapshots: readonly WorkspaceSnapshot[],
    activity: ReadonlyMap<string, Activity> | undefined,
    filter: LifecycleFilter,
  ): WorkspaceRows[] {
    const now = new Map<string, DeploymentRow>()
    const groups = new Map<string, WorkspaceRows>()
    for (const { workspace, deployments, recentRuns } of snapshots) {
      const one = groups.get(workspace.id) ?? { workspace, rows: [] }
      groups.set(workspace.id, one)
      const runs = new Map<string | null, Run>()
      for (const run of recentRuns) if (!runs.has(run.deploymentId)) runs.set(run.deploymentId, run)
      for (const deployment of deployments) {
        if (now.has(deployment.id) || !passes(deployment, filter, workspace)) continue
        const { id } = deployment
        const row = { id, deployment, run: runs.get(id), activity: activity?.get(id) }
        const known = before.get(id)
        const same =
          known?.deployment === deployment &&
          known.run === row.run &&
          isSameActivity(known.activity, row.activity)
        now.set(id, same ? known : row)
        one.rows.push(same ? known : row)
      }
    }
    before = now
    return [...groups.values()].filter(
      ({ workspace, rows }) =>
        rows.length > 0 || (!filter.status && (!filter.search || isNamed(workspace, filter.search))),
    )
  }
}

function isSameActivity(a: Activity | undefined, b: Activity | undefined): boolean {
  return a?.callsLastMinute === b?.callsLastMinute && a?.p99Ms === b?.p99Ms
}

import { lifecycleEndpoints, type WorkspaceSnapshot } from '@berth/contracts'
import { type Activity, createActivity } from '../metering/service.ts'
import { implement, streaming, type RequestContext, type Route } from '../platform/http/implement.ts'
import { reaches, reachOf } from '../platform/http/principal.ts'
import type { Platform } from '../platform/platform.ts'
import { encodeCursor, headsOf, streamEvents } from '../platform/stream.ts'
import { findLastRuns, findRecentRuns } from '../runs/service.ts'
import { findDeployments, toDeployment } from '../runtime/service.ts'
import { listWorkspaces } from '../workspaces/service.ts'
import { count, readPage, type Line } from './store.ts'

/** Events of the lifecycle page. */
const shown = ['workspace.', 'deployment.', 'run.', 'surface.', 'decision.', 'calls.']

/** Where the thing stands that an event is about. */
function placeOf(payload: Record<string, unknown>) {
  const { workspaceId, deploymentId } = payload as Partial<Record<string, string>>
  return { workspaceId: workspaceId ?? null, deploymentId: deploymentId ?? null }
}

/** The console's read model: snapshots of workspaces, then what changes, as it is committed. */
export function lifecycleRoutes(platform: Platform, publicUrl: () => string): Route[] {
  const { db, feed, logger } = platform
  const activityOf = createActivity(platform)
  return implement(lifecycleEndpoints, {
    snapshot: async (context, { query }) => {
      const { organizationId } = context
      // The position comes first: what changes while the snapshot is read is told again by the stream.
      const streamCursor = encodeCursor(await headsOf(context.db, [organizationId]))
      const filter = { ...query, organizationId, reach: reachOf(context.principal) }
      const page = await readPage(context.db, filter, query.cursor, query.limit)
      const items = await snapshots(context, page.lines, query.runLimit)
      return { items, nextCursor: page.nextCursor, streamCursor }
    },
    counts: (context, { query }) =>
      count(context.db, {
        ...query,
        organizationId: context.organizationId,
        reach: reachOf(context.principal),
      }),
    activity: async ({ organizationId, principal }) => {
      const active = await activityOf(organizationId)
      return { items: active.filter((one) => reaches(principal, one)).map(toActivity) }
    },
    stream: async (context, { query }) => {
      const sse = context.stream(query.cursor)
      await streamEvents({
        db,
        feed,
        logger,
        sse,
        organizations: [context.organizationId],
        cursor: sse.lastEventId,
        wanted: ({ type, payload }) =>
          shown.some((start) => type.startsWith(start)) && reaches(context.principal, placeOf(payload)),
      })
      return streaming
    },
  })

  async function snapshots(
    context: RequestContext,
    lines: readonly Line[],
    runLimit: number,
  ): Promise<WorkspaceSnapshot[]> {
    const { organizationId } = context
    const ids = [...new Set(lines.map(({ workspaceId }) => workspaceId))]
    if (ids.length === 0) return []
    const shownIds = lines.flatMap(({ deploymentId }) => deploymentId ?? [])
    const [workspaces, rows, recent, last, calls] = await Promise.all([
      listWorkspaces(context.db, organizationId, { ids }, null, ids.length),
      findDeployments(context.db, { organizationId, ids: shownIds, limit: shownIds.length }),
      findRecentRuns(context.db, organizationId, ids, runLimit),
      findLastRuns(context.db, organizationId, shownIds),
      activityOf(organizationId),
    ])
    const deployments = Map.groupBy(rows, (row) => row.workspaceId)
    const runs = [...new Map([...recent, ...last].map((run) => [run.id, run])).values()]
    const recentRuns = Map.groupBy(runs, (run) => run.workspaceId)
    const active = new Map(calls.map((one) => [one.deploymentId, toActivity(one)]))
    return workspaces.map((workspace) => {
      const own = deployments.get(workspace.id) ?? []
      return {
        workspace,
        deployments: own.map((row) => toDeployment(row, publicUrl())),
        recentRuns: (recentRuns.get(workspace.id) ?? [])
          .filter((run) => reaches(context.principal, run))
          .toSorted((a, b) => (a.id < b.id ? 1 : -1)),
        activity: own.flatMap((row) => active.get(row.id) ?? []),
      }
    })
  }
}

const toActivity = ({ deploymentId, callsLastMinute, p99Ms }: Activity) => ({
  deploymentId,
  callsLastMinute,
  p99Ms,
})

import { lifecycleEndpoints } from '@berth/contracts'
import { activity } from '../metering/service.ts'
import { implement, streaming, type RequestContext, type Route } from '../platform/http/implement.ts'
import { reaches, reachOf } from '../platform/http/principal.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import type { Platform } from '../platform/platform.ts'
import { encodeCursor, headsOf, streamEvents } from '../platform/stream.ts'
import { findRecentRuns } from '../runs/service.ts'
import { findDeployments, toDeployment } from '../runtime/service.ts'
import { listWorkspaces } from '../workspaces/service.ts'
import type { Workspace, WorkspaceSnapshot } from '@berth/contracts'

/** Most deployments shown of the workspaces of one page. */
const maxDeployments = 2000

/** Events of the lifecycle page. */
const shown = ['workspace.', 'deployment.', 'run.', 'surface.', 'decision.', 'calls.']

/** Where the thing stands that an event is about. */
function placeIn(payload: Record<string, unknown>) {
  const { workspaceId, deploymentId } = payload as Partial<Record<string, string>>
  return { workspaceId: workspaceId ?? null, deploymentId: deploymentId ?? null }
}

/** The console's read model: snapshots of workspaces, then what changes, as it is committed. */
export function lifecycleRoutes(platform: Platform, publicUrl: () => string): Route[] {
  const { db, feed, logger } = platform
  return implement(lifecycleEndpoints, {
    snapshot: async (context, { query }) => {
      const { organizationId } = context
      // The position comes first: what changes while the snapshot is read is told again by the stream.
      const streamCursor = encodeCursor(await headsOf(context.db, [organizationId]))
      const filter = {
        state: query.state,
        tier: query.tier,
        search: query.search,
        id: context.principal.workspaceId ?? query.workspaceId,
      }
      const found = await listWorkspaces(
        context.db,
        organizationId,
        filter,
        afterCursor(query.cursor),
        query.limit + 1,
      )
      const page = cutPage(
        found,
        query.limit,
        (workspace) => workspace.id,
        (workspace) => workspace,
      )
      const items = await snapshots(context, page.items, query.runLimit)
      return { items, nextCursor: page.nextCursor, streamCursor }
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
          shown.some((start) => type.startsWith(start)) && reaches(context.principal, placeIn(payload)),
      })
      return streaming
    },
  })

  async function snapshots(
    context: RequestContext,
    workspaces: Workspace[],
    runLimit: number,
  ): Promise<WorkspaceSnapshot[]> {
    const { organizationId } = context
    const workspaceIds = workspaces.map((workspace) => workspace.id)
    const [rows, runs] = await Promise.all([
      findDeployments(context.db, {
        organizationId,
        workspaceIds,
        reach: reachOf(context.principal),
        limit: maxDeployments,
      }),
      findRecentRuns(context.db, organizationId, workspaceIds, runLimit),
    ])
    const calls = await activity(
      context.db,
      organizationId,
      rows.map((row) => row.id),
      platform.clock.now(),
    )
    return workspaces.map((workspace) => {
      const deployments = rows.filter((row) => row.workspaceId === workspace.id)
      return {
        workspace,
        deployments: deployments.map((row) => toDeployment(row, publicUrl())),
        recentRuns: runs.filter((run) => run.workspaceId === workspace.id && reaches(context.principal, run)),
        activity: calls.filter((one) => deployments.some((row) => row.id === one.deploymentId)),
      }
    })
  }
}

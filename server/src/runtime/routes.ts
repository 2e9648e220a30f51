import { deploymentEndpoints, type LogLine } from '@berth/contracts'
import { callStats } from '../metering/service.ts'
import { implement, streaming, type RequestContext, type Route } from '../platform/http/implement.ts'
import type { Clock } from '../platform/clock.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { reaches, reachOf, type Principal } from '../platform/http/principal.ts'
import { notFound, Refusal } from '../platform/problem.ts'
import { getTrust } from '../trust/service.ts'
import {
  acceptLiveSurface,
  getDeployment,
  launch,
  remove,
  restart,
  start,
  stop,
  update,
} from './deployments.ts'
import { findDeployments, toDeployment, type DeploymentRow } from './store.ts'

/** What the routes need of those who talk to running servers: the gateway, wherever the deployment's home is. */
export interface LiveDeployments {
  listTools(context: RequestContext, row: DeploymentRow): Promise<Record<string, unknown>[]>
  callTool(
    context: RequestContext,
    row: DeploymentRow,
    call: { tool: string; arguments: Record<string, unknown>; timeoutMs: number },
  ): Promise<{
    callId: string
    result?: unknown
    error?: { code: number; message: string; data?: unknown }
    latencyMs: number
  }>
  tail(row: DeploymentRow, lines: number): Promise<LogLine[]>
  follow(
    row: DeploymentRow,
    query: { lines: number; after: number },
    listener: (line: LogLine) => void,
    /** The home is gone or moved: nothing more comes from here. */
    onEnd: () => void,
  ): () => void
}

export function runtimeRoutes(publicUrl: () => string, live: LiveDeployments, clock: Clock): Route[] {
  const show = (row: DeploymentRow) => toDeployment(row, publicUrl())
  const allowed = (context: RequestContext, row: DeploymentRow) => {
    if (reaches(context.principal, { workspaceId: row.workspaceId, deploymentId: row.id })) return row
    throw notFound('deployment')
  }
  const get = async (context: RequestContext, id: string) =>
    allowed(context, await getDeployment(context.db, context.organizationId, id))

  return implement(deploymentEndpoints, {
    list: async (context, { query }) => {
      const rows = await findDeployments(context.db, {
        organizationId: context.organizationId,
        ...(query.workspaceId ? { workspaceId: query.workspaceId } : {}),
        ...(query.name ? { name: query.name } : {}),
        after: afterCursor(query.cursor),
        reach: reachOf(context.principal),
        limit: query.limit + 1,
      })
      return cutPage(rows, query.limit, (row) => row.id, show)
    },
    launch: (context, { body }) => {
      refuseLaunch(context.principal, body.workspaceId)
      return context.mutate(async (tx) => show(await launch(tx, context.organizationId, body)))
    },
    get: async (context, { params }) => show(await get(context, params.deploymentId)),
    update: async (context, { params, body }) => {
      await get(context, params.deploymentId)
      return await context.mutate(async (tx) =>
        show(await update(tx, context.organizationId, params.deploymentId, body, show)),
      )
    },
    start: (context, { params }) => command(context, params.deploymentId, start),
    stop: (context, { params }) => command(context, params.deploymentId, stop),
    restart: (context, { params }) => command(context, params.deploymentId, restart),
    remove: async (context, { params }) => {
      await get(context, params.deploymentId)
      await context.mutate((tx) => remove(tx, context.organizationId, params.deploymentId))
    },
    surface: async (context, { params }) => {
      const row = await get(context, params.deploymentId)
      const trust = await getTrust(context.db, context.organizationId, row.id)
      return {
        admittedHash: trust?.admittedHash ?? null,
        liveHash: trust?.liveHash ?? null,
        differences: trust?.drift ?? [],
        acceptedBy: trust?.acceptedBy ?? null,
      }
    },
    acceptSurface: async (context, { params, body }) => {
      await get(context, params.deploymentId)
      return await context.mutate(async (tx) =>
        show(await acceptLiveSurface(tx, context.organizationId, params.deploymentId, body.hash)),
      )
    },
    tools: async (context, { params }) => {
      const row = await get(context, params.deploymentId)
      return { tools: await live.listTools(context, row) }
    },
    call: async (context, { params, body }) => {
      const row = await get(context, params.deploymentId)
      return await live.callTool(context, row, body)
    },
    callStats: async (context, { params, query }) => {
      const { organizationId, id: deploymentId } = await get(context, params.deploymentId)
      return await callStats(context.db, { ...query, organizationId, deploymentId }, clock.now())
    },
    logs: async (context, { params, query }) => {
      const row = await get(context, params.deploymentId)
      return { items: await live.tail(row, query.tail) }
    },
    followLogs: async (context, { params, query }) => {
      const row = await get(context, params.deploymentId)
      const sse = context.stream()
      const resumed = /^\d+$/.test(sse.lastEventId ?? '') ? Number(sse.lastEventId) : 0
      const lines = resumed > 0 ? 5000 : query.tail
      const tell = (line: LogLine) =>
        sse.send({ event: 'line', id: String(line.line), data: JSON.stringify(line) })
      const stopFollowing = live.follow(row, { lines, after: resumed }, tell, () => sse.close())
      sse.onClose(stopFollowing)
      return streaming
    },
  })

  /** A token that is bound launches nothing outside, nor anything new where it names what it is for. */
  function refuseLaunch(principal: Principal, workspaceId: string): void {
    if (principal.workspaceId !== null && principal.workspaceId !== workspaceId) throw notFound('workspace')
    if (principal.allowedDeployments === null) return
    throw new Refusal('forbidden', 'This token is for certain deployments, so it cannot launch others.')
  }

  async function command(
    context: RequestContext,
    id: string,
    act: (tx: Parameters<typeof start>[0], organizationId: string, id: string) => Promise<DeploymentRow>,
  ) {
    await get(context, id)
    return await context.mutate(async (tx) => show(await act(tx, context.organizationId, id)))
  }
}

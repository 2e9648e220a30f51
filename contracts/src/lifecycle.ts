import { z } from 'zod'
import { deployment } from './deployments.ts'
import { endpoint } from './endpoint.ts'
import { logEvent } from './audit.ts'
import { idOf, organizationRef } from './ids.ts'
import { pageQuery } from './pagination.ts'
import { run } from './runs.ts'
import { workspace } from './workspaces.ts'

export const deploymentActivity = z.object({
  deploymentId: idOf('deployment'),
  callsLastMinute: z.number().int(),
  p99Ms: z.number().nullable(),
})

/** One workspace as the console shows it; arrays are always present. */
export const workspaceSnapshot = z.object({
  workspace,
  deployments: z.array(deployment),
  recentRuns: z.array(run),
  activity: z.array(deploymentActivity),
})
export type WorkspaceSnapshot = z.infer<typeof workspaceSnapshot>

export const lifecycleEndpoints = {
  snapshot: endpoint({
    id: 'lifecycle.snapshot',
    example: { query: { organizationId: '$ORGANIZATION_ID' } },
    method: 'GET',
    path: '/api/console/lifecycle',
    tag: 'lifecycle',
    summary: 'Workspaces with their deployments and recent runs',
    access: { kind: 'organization', permission: 'deployments:read' },
    query: pageQuery.extend({
      organizationId: organizationRef,
      workspaceId: idOf('workspace').optional(),
      search: z.string().max(100).optional().describe("Part of a workspace's key or name"),
      tier: z.string().max(40).optional(),
      state: z.enum(['draft', 'active', 'archived']).optional(),
      runLimit: z.coerce.number().int().min(0).max(10).default(5),
    }),
    response: z.object({
      items: z.array(workspaceSnapshot),
      nextCursor: z.string().nullable(),
      streamCursor: z.string().describe('Give it to the stream: it continues just after this snapshot'),
    }),
  }),
  stream: endpoint({
    id: 'lifecycle.stream',
    example: { query: { organizationId: '$ORGANIZATION_ID' } },
    method: 'GET',
    path: '/api/console/lifecycle/stream',
    tag: 'lifecycle',
    summary: 'What changes on the lifecycle page, as it is committed',
    description:
      'Like /api/stream, for one organization and the events of workspaces, deployments and runs only.',
    access: { kind: 'organization', permission: 'deployments:read' },
    query: z.object({ organizationId: organizationRef, cursor: z.string().max(4000).optional() }),
    stream: true,
    response: logEvent,
  }),
}

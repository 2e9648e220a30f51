import { z } from 'zod'
import { deployment, deploymentWords } from './deployments.ts'
import { endpoint } from './endpoint.ts'
import { logEvent } from './audit.ts'
import { idOf, organizationRef } from './ids.ts'
import { pageQuery } from './pagination.ts'
import { run } from './runs.ts'
import { workspace } from './workspaces.ts'

/** The one word for a deployment, as {@link deploymentWord} derives it. */
export const deploymentStatus = z.enum(deploymentWords)

export const deploymentActivity = z.object({
  deploymentId: idOf('deployment'),
  callsLastMinute: z.number().int(),
  p99Ms: z.number().nullable(),
})

/** One workspace as the console shows it; arrays are always present. */
export const workspaceSnapshot = z.object({
  workspace,
  deployments: z.array(deployment),
  recentRuns: z
    .array(run)
    .describe('The newest `runLimit` of the workspace and the newest of each deployment shown, newest first'),
  activity: z.array(deploymentActivity),
})
export type WorkspaceSnapshot = z.infer<typeof workspaceSnapshot>

/** What of an organization is looked at; without a filter all of it. */
const filters = {
  organizationId: organizationRef,
  search: z
    .string()
    .max(100)
    .optional()
    .describe("Part of a workspace's key or name, or of a deployment's name or server"),
  tier: z.string().max(40).optional(),
  workspace: z.string().max(64).optional().describe("A workspace's key, present or former"),
}

export const lifecycleEndpoints = {
  snapshot: endpoint({
    id: 'lifecycle.snapshot',
    example: { query: { organizationId: '$ORGANIZATION_ID' } },
    method: 'GET',
    path: '/api/console/lifecycle',
    tag: 'lifecycle',
    summary: 'Workspaces with their deployments and recent runs',
    description:
      'Newest workspaces first, deployments oldest first. A page holds so many workspaces, or 500 deployments: a workspace with more goes on on the next page.',
    access: { kind: 'organization', permission: 'deployments:read' },
    query: pageQuery.extend({
      ...filters,
      workspaceId: idOf('workspace').optional(),
      status: deploymentStatus
        .optional()
        .describe('Only deployments of this word, and the workspaces that have some'),
      state: z.enum(['draft', 'active', 'archived']).optional(),
      runLimit: z.coerce.number().int().min(0).max(10).default(5),
    }),
    response: z.object({
      items: z.array(workspaceSnapshot),
      nextCursor: z.string().nullable(),
      streamCursor: z.string().describe('Give it to the stream: it continues just after this snapshot'),
    }),
  }),
  counts: endpoint({
    id: 'lifecycle.counts',
    example: { query: { organizationId: '$ORGANIZATION_ID' } },
    method: 'GET',
    path: '/api/console/lifecycle/counts',
    tag: 'lifecycle',
    summary: 'How many workspaces and deployments there are, by status, and where',
    access: { kind: 'organization', permission: 'deployments:read' },
    query: z.object(filters),
    response: z.object({
      workspaces: z.number().int(),
      deployments: z.number().int(),
      byStatus: z.record(deploymentStatus, z.number().int()),
      tiers: z.array(z.string()),
      regions: z.array(z.string()),
    }),
  }),
  activity: endpoint({
    id: 'lifecycle.activity',
    example: { query: { organizationId: '$ORGANIZATION_ID' } },
    method: 'GET',
    path: '/api/console/lifecycle/activity',
    tag: 'lifecycle',
    summary: "The last minute's calls of the deployments that had any",
    access: { kind: 'organization', permission: 'deployments:read' },
    query: z.object({ organizationId: organizationRef }),
    response: z.object({ items: z.array(deploymentActivity) }),
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

import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { displayName, idOf, organizationRef, slug, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'
import { region } from './tiers.ts'

export const workspace = z.object({
  id: idOf('workspace'),
  organizationId: idOf('organization'),
  key: z.string(),
  name: z.string(),
  tier: slug,
  region,
  state: z.enum(['draft', 'active', 'archived']),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Workspace = z.infer<typeof workspace>

const inOrganization = z.object({ organizationId: organizationRef })
const oneWorkspace = inOrganization.extend({ workspaceId: idOf('workspace') })

export const workspaceEndpoints = {
  list: endpoint({
    id: 'workspaces.list',
    method: 'GET',
    path: '/api/orgs/:organizationId/workspaces',
    tag: 'workspaces',
    summary: 'The workspaces of an organization',
    access: { kind: 'organization', permission: 'workspaces:read' },
    params: inOrganization,
    query: pageQuery.extend({ state: z.enum(['draft', 'active', 'archived']).optional() }),
    response: pageOf(workspace),
  }),
  create: endpoint({
    id: 'workspaces.create',
    example: { body: { name: 'Payments', tier: 'standard' } },
    method: 'POST',
    path: '/api/orgs/:organizationId/workspaces',
    tag: 'workspaces',
    summary: 'Create a workspace in a tier and a region',
    access: { kind: 'organization', permission: 'workspaces:write' },
    params: inOrganization,
    body: z.object({
      name: displayName,
      key: slug.optional(),
      tier: slug.default('standard'),
      region: region.default('local'),
    }),
    status: 201,
    response: workspace,
    idempotent: true,
  }),
  get: endpoint({
    id: 'workspaces.get',
    method: 'GET',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId',
    tag: 'workspaces',
    summary: 'One workspace',
    access: { kind: 'organization', permission: 'workspaces:read' },
    params: oneWorkspace,
    response: workspace,
  }),
  update: endpoint({
    id: 'workspaces.update',
    example: { body: { name: 'Payments EU' } },
    method: 'PATCH',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId',
    tag: 'workspaces',
    summary: 'Rename a workspace, or change its key, tier or region',
    description:
      'The old key stays an alias. What runs in it is decided anew under the new tier. The region must be one that the tier allows.',
    access: { kind: 'organization', permission: 'workspaces:write' },
    params: oneWorkspace,
    body: z.object({
      name: displayName.optional(),
      key: slug.optional(),
      tier: slug.optional(),
      region: region.optional(),
      expectedVersion: z.number().int().optional(),
    }),
    response: workspace,
  }),
  archive: endpoint({
    id: 'workspaces.archive',
    method: 'POST',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId/archive',
    tag: 'workspaces',
    summary: 'Archive a workspace: all that runs in it stops',
    access: { kind: 'organization', permission: 'workspaces:write' },
    params: oneWorkspace,
    response: workspace,
  }),
  restore: endpoint({
    id: 'workspaces.restore',
    method: 'POST',
    path: '/api/orgs/:organizationId/workspaces/:workspaceId/restore',
    tag: 'workspaces',
    summary: 'Restore an archived workspace; what ran in it launches again',
    access: { kind: 'organization', permission: 'workspaces:write' },
    params: oneWorkspace,
    response: workspace,
  }),
}

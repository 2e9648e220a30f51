import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { installationHealth } from './health.ts'
import { idOf, organizationRef, timestamp } from './ids.ts'
import { organization } from './organizations.ts'
import { pageOf, pageQuery } from './pagination.ts'

/** An organization as operators see it: how large it is, never what is in it. */
export const organizationOverview = organization.extend({
  members: z.number().int(),
  workspaces: z.number().int().describe('Archived ones are not counted'),
  deployments: z.number().int(),
  running: z.number().int().describe('Deployments that run now'),
})
export type OrganizationOverview = z.infer<typeof organizationOverview>

export const organizationDetail = organizationOverview.extend({
  owners: z
    .array(z.object({ userId: idOf('user'), name: z.string(), email: z.string() }))
    .describe('Whom to write to'),
})

export const capabilityReport = z.object({
  name: z.string(),
  ok: z.boolean(),
  sentence: z.string(),
})

export const runner = z.object({
  id: idOf('runner'),
  host: z.string(),
  address: z.string(),
  roles: z.array(z.string()),
  version: z.string(),
  state: z.enum(['alive', 'silent']).describe('Silent: it has lost what it ran, until it is heard again'),
  startedAt: timestamp,
  lastBeatAt: timestamp,
  deployments: z.number().int().describe('Whose home it is'),
  instances: z.number().int().describe('Processes of servers that run on it'),
  capabilities: z.array(capabilityReport).describe('What its machine can enforce'),
})
export type Runner = z.infer<typeof runner>

const oneOrganization = z.object({ organizationId: organizationRef })
const operators = { kind: 'platform', role: 'operator' } as const
const reason = z.string().trim().min(1, 'must say why').max(500)

export const operatorEndpoints = {
  listOrganizations: endpoint({
    id: 'operator.list-organizations',
    method: 'GET',
    path: '/api/operator/organizations',
    tag: 'operator',
    summary: 'Every organization of the installation, newest first',
    access: operators,
    query: pageQuery.extend({
      search: z.string().trim().max(100).optional().describe('Part of a name or slug, or an id'),
      state: organization.shape.state.optional(),
      kind: z.enum(['standard', 'test']).optional(),
    }),
    response: pageOf(organizationOverview),
  }),
  getOrganization: endpoint({
    id: 'operator.get-organization',
    method: 'GET',
    path: '/api/operator/organizations/:organizationId',
    tag: 'operator',
    summary: 'One organization: its size and whom to write to',
    access: operators,
    params: oneOrganization,
    response: organizationDetail,
  }),
  suspendOrganization: endpoint({
    id: 'operator.suspend-organization',
    example: { body: { reason: 'Invoices unpaid' } },
    method: 'POST',
    path: '/api/operator/organizations/:organizationId/suspend',
    tag: 'operator',
    summary: 'Suspend an organization: its servers stop and its calls are refused at once',
    description: 'Its members still read everything. What ran comes back by itself when it is resumed.',
    access: operators,
    params: oneOrganization,
    body: z.object({ reason: reason.describe('Its members are shown it') }),
    response: organizationDetail,
  }),
  resumeOrganization: endpoint({
    id: 'operator.resume-organization',
    method: 'POST',
    path: '/api/operator/organizations/:organizationId/resume',
    tag: 'operator',
    summary: 'Resume a suspended organization; what ran comes back by itself',
    access: operators,
    params: oneOrganization,
    response: organizationDetail,
  }),
  listRunners: endpoint({
    id: 'operator.list-runners',
    method: 'GET',
    path: '/api/operator/runners',
    tag: 'operator',
    summary: 'The processes of the installation, what they run, and what their machines can enforce',
    access: operators,
    response: z.object({ items: z.array(runner) }),
  }),
  health: endpoint({
    id: 'operator.health',
    method: 'GET',
    path: '/api/operator/health',
    tag: 'operator',
    summary: 'How each part of the installation does, and what to do where one does not',
    access: operators,
    response: installationHealth,
  }),
}

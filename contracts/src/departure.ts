import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { organizationRef } from './ids.ts'
import { organization } from './organizations.ts'

const inOrganization = z.object({ organizationId: organizationRef })

/** What closing an organization would do now, in numbers and in words. */
export const closing = z.object({
  slug: z.string().describe('What has to be typed to close it'),
  deployments: z.object({ total: z.number().int(), running: z.number().int() }),
  sessions: z.number().int().describe('Open MCP sessions'),
  tokens: z.object({ service: z.number().int(), api: z.number().int() }),
  secrets: z.number().int(),
  invitations: z.number().int().describe('Pending ones'),
  plan: z.string().nullable().describe('Name of the plan that is paid for; null: it costs nothing'),
  openInvoices: z.number().int(),
  members: z.object({ owners: z.number().int(), others: z.number().int() }),
  consequences: z.array(z.string()).describe('What ends, a sentence each'),
  kept: z.array(z.string()).describe('What is kept, and for how long'),
})
export type Closing = z.infer<typeof closing>

export const departureEndpoints = {
  export: endpoint({
    id: 'organizations.export',
    method: 'GET',
    path: '/api/orgs/:organizationId/export',
    tag: 'organizations',
    summary: 'Everything of an organization as one archive (.tar.gz)',
    description:
      'JSON lines for each kind of record, the whole log with the bytes that were hashed, and a manifest with counts and SHA-256 of every file. No secret value and no token is in it. It is one consistent moment, and it is there while an organization is suspended and after it was closed.',
    access: { kind: 'organization', permission: 'organization:export' },
    params: inOrganization,
    status: 200,
    file: 'application/gzip',
  }),
  preview: endpoint({
    id: 'organizations.preview-closing',
    method: 'GET',
    path: '/api/orgs/:organizationId/closing',
    tag: 'organizations',
    summary: 'What closing the organization would end, and what is kept',
    access: { kind: 'organization', permission: 'organization:close' },
    params: inOrganization,
    response: closing,
  }),
  close: endpoint({
    id: 'organizations.close',
    example: { body: { confirm: '$CONFIRM', reason: 'We moved elsewhere' } },
    method: 'POST',
    path: '/api/orgs/:organizationId/close',
    tag: 'organizations',
    summary: 'Close an organization for good',
    description:
      'Deployments, sessions, tokens, secrets, invitations and the subscription end at once. Owners can still read and export what is kept; nobody else sees it.',
    access: { kind: 'organization', permission: 'organization:close' },
    params: inOrganization,
    body: z.object({
      confirm: z.string().max(40).describe("The organization's slug, typed by the person who closes it"),
      reason: z.string().trim().max(500).default(''),
    }),
    response: organization,
  }),
}

/** `manifest.json` of an export. */
export const exportManifest = z.object({
  format: z.literal('berth-organization-export/1'),
  berth: z.string(),
  organization: z.object({ id: z.string(), slug: z.string(), name: z.string() }),
  exportedAt: z.string(),
  exportedBy: z.string(),
  tables: z.array(
    z.object({
      name: z.string(),
      rows: z.number().int(),
      files: z.array(
        z.object({ name: z.string(), rows: z.number().int(), bytes: z.number().int(), sha256: z.string() }),
      ),
    }),
  ),
  log: z.object({ events: z.number().int(), root: z.string() }),
})
export type ExportManifest = z.infer<typeof exportManifest>

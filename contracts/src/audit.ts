import { z } from 'zod'
import { actor } from './actor.ts'
import { endpoint } from './endpoint.ts'
import { idOf, organizationRef, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'

/** One event of an organization's log, as the API and the streams show it. */
export const logEvent = z.object({
  organizationId: idOf('organization'),
  seq: z.number().int(),
  type: z.string(),
  version: z.number().int(),
  at: timestamp,
  effectiveAt: timestamp,
  actor,
  requestId: z.string().nullable(),
  payload: z.record(z.string(), z.unknown()),
  leafHash: z.string(),
})
export type LogEvent = z.infer<typeof logEvent>

const inOrganization = z.object({ organizationId: organizationRef })

export const auditEndpoints = {
  list: endpoint({
    id: 'audit.list',
    method: 'GET',
    path: '/api/orgs/:organizationId/audit',
    tag: 'audit',
    summary: "The organization's log, newest first",
    access: { kind: 'organization', permission: 'audit:read' },
    params: inOrganization,
    query: pageQuery.extend({
      type: z
        .string()
        .max(80)
        .optional()
        .describe('An event type, or its beginning followed by "*"; after "!", all others'),
      actorId: z.string().max(64).optional(),
      deploymentId: idOf('deployment').optional(),
    }),
    response: pageOf(logEvent),
  }),
  leaf: endpoint({
    id: 'audit.leaf',
    method: 'GET',
    path: '/api/orgs/:organizationId/audit/:seq/leaf',
    tag: 'audit',
    summary: 'The exact bytes that were hashed for one event, with the openings of its commitments',
    access: { kind: 'organization', permission: 'audit:read' },
    params: inOrganization.extend({ seq: z.coerce.number().int().min(1) }),
    response: z.object({
      leaf: z.string().describe('Base64'),
      leafHash: z.string(),
      openings: z.array(z.object({ field: z.string(), value: z.unknown(), salt: z.string() })),
    }),
  }),
  stream: endpoint({
    id: 'audit.stream',
    method: 'GET',
    path: '/api/stream',
    tag: 'audit',
    summary: 'All events the caller may read, as they are committed',
    description:
      'Server-sent events: `event` carries one log event; `ready` tells the position; `reset` says that the position is older than what is kept, so take a snapshot. `Last-Event-ID` (or ?cursor) resumes without loss or doubling.',
    access: { kind: 'user' },
    query: z.object({
      organizationId: organizationRef.optional().describe('Absent: every organization of the caller'),
      cursor: z.string().max(4000).optional(),
      types: z.string().max(500).optional().describe('Comma-separated event types or prefixes with "*"'),
    }),
    stream: true,
    response: logEvent,
  }),
}

import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { idOf, organizationRef, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'

export const callOutcome = z.enum(['ok', 'tool_error', 'error', 'refused', 'cancelled', 'lost'])
export type CallOutcome = z.infer<typeof callOutcome>

/** What one request through the gateway left behind. Arguments and results are never kept. */
export const callRecord = z.object({
  id: idOf('call'),
  organizationId: idOf('organization'),
  workspaceId: idOf('workspace'),
  deploymentId: idOf('deployment'),
  principalKind: z.enum(['user', 'service']),
  principalId: z.string(),
  tokenId: z.string().nullable(),
  sessionId: z.string().nullable(),
  method: z.string(),
  tool: z.string().nullable(),
  decisionId: idOf('decision').nullable(),
  outcome: callOutcome,
  errorCode: z.number().int().nullable(),
  requestBytes: z.number().int(),
  responseBytes: z.number().int(),
  latencyMs: z.number(),
  at: timestamp,
})
export type CallRecord = z.infer<typeof callRecord>

export const callEndpoints = {
  list: endpoint({
    id: 'calls.list',
    method: 'GET',
    path: '/api/orgs/:organizationId/calls',
    tag: 'calls',
    summary: 'Calls, newest first',
    access: { kind: 'organization', permission: 'calls:read' },
    params: z.object({ organizationId: organizationRef }),
    query: pageQuery.extend({
      workspaceId: idOf('workspace').optional(),
      deploymentId: idOf('deployment').optional(),
      principalId: z.string().max(64).optional(),
      tool: z.string().max(128).optional(),
      method: z.string().max(128).optional(),
      outcome: callOutcome.optional(),
    }),
    response: pageOf(callRecord),
  }),
}

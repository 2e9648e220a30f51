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

/** How much of the calls can be summed up at once. */
export const callStatsLimits = { buckets: 300, days: 31 } as const

const figures = {
  count: z.number().int(),
  outcomes: z.record(callOutcome, z.number().int()),
  p50Ms: z.number().nullable().describe('Of the calls that the server answered; null when it answered none'),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
}
const callFigures = z.object(figures)
export type CallFigures = z.infer<typeof callFigures>

export const callStatsQuery = z.object({
  from: timestamp.optional().describe('Absent: an hour before `to`'),
  to: timestamp.optional().describe('Absent: now'),
  step: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400 * callStatsLimits.days)
    .optional()
    .describe('Seconds of a bucket; absent: chosen by the length of the range'),
  tool: z.string().max(128).optional(),
  method: z.string().max(128).optional(),
  principalId: z.string().max(64).optional(),
})

/** Counts and latencies over time; the range is widened to whole buckets, and every bucket is there. */
export const callStats = z.object({
  from: timestamp,
  to: timestamp,
  stepSeconds: z.number().int(),
  total: callFigures,
  buckets: z.array(z.object({ at: timestamp, ...figures })),
  tools: z.array(z.object({ tool: z.string(), ...figures })).describe('The most called ones, at most 50'),
})
export type CallStats = z.infer<typeof callStats>

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
      from: timestamp.optional().describe('Only calls at this time or later'),
      to: timestamp.optional().describe('Only calls before this time'),
    }),
    response: pageOf(callRecord),
  }),
}

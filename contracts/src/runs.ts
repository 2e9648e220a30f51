import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { idOf, organizationRef, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'

export const runKind = z.enum([
  'launch',
  'evaluation',
  'promotion',
  'remediation',
  'rotation',
  'revision',
  'erasure',
])
export type RunKind = z.infer<typeof runKind>

export const runStatus = z.enum([
  'pending',
  'awaiting_approval',
  'running',
  'succeeded',
  'failed',
  'errored',
  'cancelled',
  'rejected',
])
export type RunStatus = z.infer<typeof runStatus>

export const runAttempt = z.object({
  attempt: z.number().int(),
  status: runStatus,
  reason: z.string().nullable(),
  observedAt: timestamp,
})

export const run = z.object({
  id: idOf('run'),
  organizationId: idOf('organization'),
  workspaceId: idOf('workspace').nullable(),
  deploymentId: idOf('deployment').nullable(),
  releaseId: idOf('release').nullable(),
  kind: runKind,
  status: runStatus,
  step: z.string().nullable().describe('What it is doing now'),
  attempt: z.number().int(),
  retryLimit: z.number().int(),
  retryLedger: z.array(runAttempt),
  reason: z.string().nullable(),
  requestedBy: z.string(),
  createdAt: timestamp,
  startedAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  durationMs: z.number().nullable(),
})
export type Run = z.infer<typeof run>

export const runEndpoints = {
  list: endpoint({
    id: 'runs.list',
    method: 'GET',
    path: '/api/orgs/:organizationId/runs',
    tag: 'runs',
    summary: 'Runs, newest first',
    access: { kind: 'organization', permission: 'deployments:read' },
    params: z.object({ organizationId: organizationRef }),
    query: pageQuery.extend({
      deploymentId: idOf('deployment').optional(),
      workspaceId: idOf('workspace').optional(),
      kind: runKind.optional(),
      status: runStatus.optional(),
    }),
    response: pageOf(run),
  }),
  get: endpoint({
    id: 'runs.get',
    method: 'GET',
    path: '/api/orgs/:organizationId/runs/:runId',
    tag: 'runs',
    summary: 'One run with its retry ledger',
    access: { kind: 'organization', permission: 'deployments:read' },
    params: z.object({ organizationId: organizationRef, runId: idOf('run') }),
    response: run,
  }),
}

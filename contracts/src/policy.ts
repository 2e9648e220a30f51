import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { pendingStatus } from './deployments.ts'
import { idOf, organizationRef, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'

export const verdict = z.enum(['pass', 'hold', 'veto'])
export type Verdict = z.infer<typeof verdict>

/** When a decision is taken. */
export const moment = z.enum(['launch', 'relaunch', 'running', 'call'])
export type Moment = z.infer<typeof moment>

export const gateVerdict = z.object({
  gate: z.string(),
  verdict,
  notes: z.array(z.string()),
  pending: pendingStatus.nullable(),
})
export type GateVerdict = z.infer<typeof gateVerdict>

export const decision = z.object({
  id: idOf('decision'),
  organizationId: idOf('organization'),
  deploymentId: idOf('deployment'),
  moment,
  allowed: z.boolean(),
  verdict,
  gates: z.array(gateVerdict),
  notes: z.array(z.string()),
  pendingStatus: pendingStatus.nullable(),
  inputsDigest: z.string(),
  policyVersion: z.string(),
  at: timestamp,
})
export type Decision = z.infer<typeof decision>

const one = z.object({ organizationId: organizationRef, decisionId: idOf('decision') })

export const policyEndpoints = {
  list: endpoint({
    id: 'policy.list-decisions',
    method: 'GET',
    path: '/api/orgs/:organizationId/decisions',
    tag: 'policy',
    summary: 'Decisions, newest first',
    access: { kind: 'organization', permission: 'policy:read' },
    params: z.object({ organizationId: organizationRef }),
    query: pageQuery.extend({
      deploymentId: idOf('deployment').optional(),
      allowed: z.enum(['true', 'false']).optional(),
    }),
    response: pageOf(decision),
  }),
  explain: endpoint({
    id: 'policy.explain',
    method: 'GET',
    path: '/api/orgs/:organizationId/decisions/:decisionId',
    tag: 'policy',
    summary: 'One decision with its inputs, explained in words gate by gate',
    access: { kind: 'organization', permission: 'policy:read' },
    params: one,
    response: decision.extend({
      inputs: z.record(z.string(), z.unknown()),
      sentences: z.array(z.string()),
    }),
  }),
  replay: endpoint({
    id: 'policy.replay',
    method: 'POST',
    path: '/api/orgs/:organizationId/decisions/:decisionId/replay',
    tag: 'policy',
    summary: 'Decide again from the stored inputs and compare',
    access: { kind: 'organization', permission: 'policy:read' },
    params: one,
    response: z.object({
      same: z.boolean(),
      inputsIntact: z.boolean(),
      gates: z.array(gateVerdict),
    }),
  }),
}

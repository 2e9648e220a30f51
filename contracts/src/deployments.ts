import { z } from 'zod'
import { serverRef } from './catalog.ts'
import { callStats, callStatsLimits, callStatsQuery } from './calls.ts'
import { endpoint } from './endpoint.ts'
import { idOf, organizationRef, slug, timestamp } from './ids.ts'
import { pageOf, pageQuery } from './pagination.ts'
import { secretName } from './secrets.ts'
import { sha256 } from './catalog.ts'
import { surfaceDifference } from './surface.ts'

export const pendingStatus = z.enum([
  'pending-attestation',
  'pending-remediation',
  'pending-key-registration',
  'pending-key-activation',
  'pending-key-rotation',
  'pending-key-revoked',
  'pending-certification',
  'pending-promotion',
  'pending-governance',
  'pending-billing',
  'pending-residency',
  'pending-capacity',
  'pending-rule',
])
export type PendingStatus = z.infer<typeof pendingStatus>

export const phase = z.enum(['absent', 'launching', 'running', 'stopping', 'stopped', 'failed'])
export type Phase = z.infer<typeof phase>
export const health = z.enum(['unknown', 'healthy', 'degraded', 'unreachable'])
export type Health = z.infer<typeof health>

/** What of its limits the machine really enforces on a running server. */
export const enforcement = z.object({
  sandbox: z.enum(['bubblewrap', 'none', 'remote']),
  memory: z.enum(['cgroup-v2', 'cgroup-v1', 'prlimit', 'none']),
  pids: z.enum(['cgroup-v2', 'cgroup-v1', 'prlimit', 'none']),
  cpu: z.enum(['cgroup-v2', 'cgroup-v1', 'prlimit', 'none']),
  network: z.enum(['closed', 'allow-list', 'open']),
  seccomp: z.boolean(),
})
export type Enforcement = z.infer<typeof enforcement>

const limit = {
  memoryMb: z.number().int().min(32).max(65536),
  pids: z.number().int().min(8).max(4096),
  cpus: z.number().min(0.1).max(64),
}
export const limits = z.object({
  memoryMb: limit.memoryMb.default(512),
  pids: limit.pids.default(128),
  cpus: limit.cpus.default(1),
})
/** Some of the limits; what is absent stays as it is, where a default would overwrite it. */
const someLimits = z.object(limit).partial()
export type Limits = z.infer<typeof limits>

export const deployment = z.object({
  id: idOf('deployment'),
  organizationId: idOf('organization'),
  workspaceId: idOf('workspace'),
  name: z.string(),
  server: z.string().describe('provider/server'),
  releaseId: idOf('release'),
  version: z.string().describe("The release's version"),
  digest: sha256.nullable(),
  config: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.string()).describe("The release's secret names → the workspace's secrets"),
  limits,
  isolation: z.enum(['session', 'principal', 'shared']),
  desired: z.enum(['running', 'stopped']),
  phase,
  health,
  hold: pendingStatus.nullable(),
  holdNotes: z.array(z.string()),
  decisionId: idOf('decision').nullable(),
  quarantined: z.boolean(),
  reason: z
    .string()
    .nullable()
    .describe('Why it is where it is, as a sentence; null when there is nothing to say'),
  restarts: z.number().int(),
  failures: z.number().int().describe('Launches or exits in a row that ended badly'),
  failureLimit: z.number().int().describe('At so many it is given up until somebody starts it'),
  nextAttemptAt: timestamp.nullable().describe('When it is tried again by itself; null: it is not'),
  enforcement: enforcement.nullable(),
  surfaceHash: sha256.nullable(),
  tools: z.number().int().nullable(),
  mcpUrl: z.string(),
  rowVersion: z.number().int().describe('Grows with every change, also of its state'),
  settingsVersion: z.number().int().describe('Grows when somebody changes its settings'),
  createdBy: z.string(),
  createdAt: timestamp,
  startedAt: timestamp.nullable(),
})
export type Deployment = z.infer<typeof deployment>

export const deploymentWords = [
  'running',
  'degraded',
  'launching',
  'held',
  'quarantined',
  'failed',
  'stopping',
  'stopped',
] as const

/** The one word a page shows for a deployment; a pure function of its separate fields. */
export function deploymentWord(
  d: Pick<Deployment, 'desired' | 'phase' | 'health' | 'hold' | 'quarantined'>,
): (typeof deploymentWords)[number] {
  if (d.quarantined) return 'quarantined'
  if (d.hold && d.desired === 'running') return 'held'
  if (d.phase === 'running')
    return d.health === 'degraded' || d.health === 'unreachable' ? 'degraded' : 'running'
  if (d.phase === 'absent') return d.desired === 'running' ? 'launching' : 'stopped'
  if (d.phase === 'stopped' && d.desired === 'running') return 'launching'
  return d.phase
}

const inOrganization = z.object({ organizationId: organizationRef })
const one = inOrganization.extend({ deploymentId: idOf('deployment') })
const bindings = z.record(z.string(), secretName)

export const launchBody = z.object({
  workspaceId: idOf('workspace'),
  server: serverRef,
  version: z.string().optional().describe('Absent: the newest admitted release'),
  name: slug.optional().describe("Absent: the server's own name, with a number if taken"),
  config: z.record(z.string(), z.unknown()).default({}),
  secrets: bindings.default({}),
  limits: someLimits.default({}),
})

const logLine = z.object({
  line: z.number().int().describe('Grows by one a line'),
  at: timestamp,
  stream: z.enum(['stderr', 'stdout', 'note']),
  text: z.string(),
})
export type LogLine = z.infer<typeof logLine>

export const toolAnswer = z.object({
  callId: idOf('call'),
  result: z.unknown().optional().describe("The tool's result exactly as the server gave it"),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
  latencyMs: z.number(),
})

const command = (id: string, path: string, summary: string, description?: string) =>
  endpoint({
    id: `deployments.${id}`,
    method: 'POST',
    path: `/api/orgs/:organizationId/deployments/:deploymentId/${path}`,
    tag: 'deployments',
    summary,
    description,
    access: { kind: 'organization', permission: 'deployments:write' },
    params: one,
    response: deployment,
  })

export const deploymentEndpoints = {
  list: endpoint({
    id: 'deployments.list',
    method: 'GET',
    path: '/api/orgs/:organizationId/deployments',
    tag: 'deployments',
    summary: 'The deployments of an organization',
    access: { kind: 'organization', permission: 'deployments:read' },
    params: inOrganization,
    query: pageQuery.extend({ workspaceId: idOf('workspace').optional(), name: slug.optional() }),
    response: pageOf(deployment),
  }),
  launch: endpoint({
    id: 'deployments.launch',
    example: { body: { workspaceId: '$WORKSPACE_ID', server: 'reference/everything' } },
    method: 'POST',
    path: '/api/orgs/:organizationId/deployments',
    tag: 'deployments',
    summary: 'Launch a server in a workspace',
    access: { kind: 'organization', permission: 'deployments:write' },
    params: inOrganization,
    body: launchBody,
    status: 202,
    response: deployment,
    idempotent: true,
  }),
  get: endpoint({
    id: 'deployments.get',
    method: 'GET',
    path: '/api/orgs/:organizationId/deployments/:deploymentId',
    tag: 'deployments',
    summary: 'One deployment',
    access: { kind: 'organization', permission: 'deployments:read' },
    params: one,
    response: deployment,
  }),
  update: endpoint({
    id: 'deployments.update',
    example: { body: { limits: { memoryMb: 256 } } },
    method: 'PATCH',
    path: '/api/orgs/:organizationId/deployments/:deploymentId',
    tag: 'deployments',
    summary: 'Change name, release, configuration, secrets or limits; it restarts with them if it runs',
    access: { kind: 'organization', permission: 'deployments:write' },
    params: one,
    body: z.object({
      name: slug.optional(),
      version: z.string().optional(),
      config: z.record(z.string(), z.unknown()).optional(),
      secrets: bindings.optional(),
      limits: someLimits.optional(),
      expectedVersion: z
        .number()
        .int()
        .optional()
        .describe(
          'The `settingsVersion` that the change rests on; refused when somebody changed them meanwhile',
        ),
    }),
    response: deployment,
  }),
  start: command('start', 'start', 'Start a stopped or failed deployment'),
  stop: command('stop', 'stop', 'Stop a deployment; open sessions end at once'),
  restart: command('restart', 'restart', 'Stop and launch again, with new processes'),
  remove: endpoint({
    id: 'deployments.remove',
    method: 'DELETE',
    path: '/api/orgs/:organizationId/deployments/:deploymentId',
    tag: 'deployments',
    summary: 'Stop and delete a deployment with the files its processes kept',
    access: { kind: 'organization', permission: 'deployments:write' },
    params: one,
  }),
  surface: endpoint({
    id: 'deployments.surface',
    method: 'GET',
    path: '/api/orgs/:organizationId/deployments/:deploymentId/surface',
    tag: 'deployments',
    summary: 'The admitted surface, the live one, and where they differ',
    access: { kind: 'organization', permission: 'deployments:read' },
    params: one,
    response: z.object({
      admittedHash: sha256.nullable(),
      liveHash: sha256.nullable(),
      differences: z.array(surfaceDifference),
      acceptedBy: z.string().nullable(),
    }),
  }),
  acceptSurface: endpoint({
    id: 'deployments.accept-surface',
    example: { body: { hash: '$HASH' } },
    method: 'POST',
    path: '/api/orgs/:organizationId/deployments/:deploymentId/surface/accept',
    tag: 'deployments',
    summary: 'Accept the surface that was observed live, by its hash; the hold ends',
    access: { kind: 'organization', permission: 'policy:write' },
    params: one,
    body: z.object({ hash: sha256 }),
    response: deployment,
  }),
  tools: endpoint({
    id: 'deployments.tools',
    method: 'GET',
    path: '/api/orgs/:organizationId/deployments/:deploymentId/tools',
    tag: 'deployments',
    summary: 'The tools of a running deployment, as the server lists them to the caller',
    access: { kind: 'organization', permission: 'tools:call' },
    params: one,
    response: z.object({ tools: z.array(z.record(z.string(), z.unknown())) }),
  }),
  call: endpoint({
    id: 'deployments.call',
    example: { body: { tool: 'echo', arguments: { message: 'hello' } } },
    method: 'POST',
    path: '/api/orgs/:organizationId/deployments/:deploymentId/tools/call',
    tag: 'deployments',
    summary: 'Call one tool through the gateway, as the caller',
    access: { kind: 'organization', permission: 'tools:call' },
    params: one,
    body: z.object({
      tool: z.string().min(1).max(128),
      arguments: z.record(z.string(), z.unknown()).default({}),
      timeoutMs: z.number().int().min(100).max(300_000).default(60_000),
    }),
    response: toolAnswer,
  }),
  callStats: endpoint({
    id: 'deployments.call-stats',
    method: 'GET',
    path: '/api/orgs/:organizationId/deployments/:deploymentId/calls/stats',
    tag: 'deployments',
    summary: 'Its calls over time: how many, how they ended, how long they took',
    description: `A range of at most ${callStatsLimits.days} days, in at most ${callStatsLimits.buckets} buckets.`,
    access: { kind: 'organization', permission: 'calls:read' },
    params: one,
    query: callStatsQuery,
    response: callStats,
  }),
  logs: endpoint({
    id: 'deployments.logs',
    method: 'GET',
    path: '/api/orgs/:organizationId/deployments/:deploymentId/logs',
    tag: 'deployments',
    summary: 'The last lines its processes wrote',
    access: { kind: 'organization', permission: 'deployments:read' },
    params: one,
    query: z.object({ tail: z.coerce.number().int().min(1).max(5000).default(200) }),
    response: z.object({ items: z.array(logLine) }),
  }),
  followLogs: endpoint({
    id: 'deployments.follow-logs',
    method: 'GET',
    path: '/api/orgs/:organizationId/deployments/:deploymentId/logs/stream',
    tag: 'deployments',
    summary: 'Lines as they are written; `Last-Event-ID` resumes',
    access: { kind: 'organization', permission: 'deployments:read' },
    params: one,
    query: z.object({ tail: z.coerce.number().int().min(0).max(5000).default(50) }),
    stream: true,
    response: logLine,
  }),
}

/** What an organization's export holds, kind by kind. Columns are named one by one: no secret gets in unnoticed. */
import { billingTables } from './billing-tables.ts'

export interface ExportedTable {
  /** The file in the archive: `<name>.jsonl`. */
  name: string
  /** The database's tables it is read from. */
  from: string[]
  about: string
  /** Its rows in their order; `$1` is the organization. */
  sql: string
}

const usedReleases = `(
  select release_id from deployments where organization_id = $1
  union select release_id from runs where organization_id = $1 and release_id is not null
  union select r.id from releases r join servers s on s.id = r.server_id join providers p on p.id = s.provider_id
  where p.organization_id = $1)`

export const exportedTables: readonly ExportedTable[] = [
  {
    name: 'organization',
    from: ['organizations'],
    about: 'The organization itself',
    sql: `select id, slug, name, time_zone as "timeZone", kind, state, state_reason as "stateReason",
      state_since as "stateSince", version, created_at as "createdAt" from organizations where id = $1`,
  },
  {
    name: 'organization-slugs',
    from: ['organization_slugs'],
    about: 'Every slug it has or had',
    sql: `select slug from organization_slugs where organization_id = $1 order by slug`,
  },
  {
    name: 'onboarding-skips',
    from: ['onboarding_skips'],
    about: 'Which of its first steps it left out',
    sql: `select step, skipped_at as "skippedAt" from onboarding_skips where organization_id = $1 order by step`,
  },
  {
    name: 'members',
    from: ['members', 'users'],
    about: 'Its people',
    sql: `select m.id, m.user_id as "userId", u.name, u.email, m.role, m.joined_at as "joinedAt"
      from members m join users u on u.id = m.user_id where m.organization_id = $1 order by m.id`,
  },
  {
    name: 'tokens',
    from: ['tokens'],
    about:
      'Service tokens, and API tokens for this organization; without the tokens themselves or their hashes',
    sql: `select id, kind, name, user_id as "userId", workspace_id as "workspaceId", scopes,
      allowed_deployments as "allowedDeployments", allowed_tools as "allowedTools", state, created_by as "createdBy",
      created_at as "createdAt", expires_at as "expiresAt", last_used_at as "lastUsedAt"
      from tokens where organization_id = $1 order by id`,
  },
  {
    name: 'tiers',
    from: ['tiers'],
    about: 'The tiers its workspaces are in, as they are now',
    sql: `select id, code, name, sandbox, allow_local as "allowLocal", regions, check_every_call as "checkEveryCall",
      version from tiers where code in (select tier from workspaces where organization_id = $1) order by code`,
  },
  {
    name: 'workspaces',
    from: ['workspaces'],
    about: 'Its workspaces',
    sql: `select id, key, name, tier, region, state, version, created_at as "createdAt"
      from workspaces where organization_id = $1 order by id`,
  },
  {
    name: 'workspace-keys',
    from: ['workspace_keys'],
    about: 'Every key a workspace has or had',
    sql: `select key, workspace_id as "workspaceId" from workspace_keys where organization_id = $1 order by key`,
  },
  {
    name: 'secrets',
    from: ['secrets'],
    about: 'The secrets of its workspaces by name and version; never their values',
    sql: `select id, workspace_id as "workspaceId", name, version, updated_at as "updatedAt", updated_by as "updatedBy"
      from secrets where organization_id = $1 order by id`,
  },
  {
    name: 'servers',
    from: ['servers', 'providers'],
    about: 'The servers it uses or publishes',
    sql: `select s.id, p.slug || '/' || s.slug as name, s.source, s.title, s.description, s.created_at as "createdAt"
      from servers s join providers p on p.id = s.provider_id
      where s.id in (select server_id from releases where id in ${usedReleases}) order by s.id`,
  },
  {
    name: 'releases',
    from: ['releases'],
    about: 'The releases it uses or publishes',
    sql: `select id, server_id as "serverId", version, state, artifact, manifest, digest, lock, observation,
      created_at as "createdAt" from releases where id in ${usedReleases} order by id`,
  },
  {
    name: 'release-surfaces',
    from: ['release_surfaces'],
    about: 'What these releases were admitted to show',
    sql: `select release_id as "releaseId", profile, hash, surface, observed_at as "observedAt"
      from release_surfaces where release_id in ${usedReleases} order by release_id, profile`,
  },
  {
    name: 'deployments',
    from: ['deployments'],
    about: 'Its deployments with their configuration, also those that were deleted; secrets by name',
    sql: `select id, workspace_id as "workspaceId", name, server_id as "serverId", release_id as "releaseId", config,
      secrets, limits, desired, phase, health, hold, hold_notes as "holdNotes", decision_id as "decisionId",
      quarantined, reason, generation, restarts, enforcement, row_version as "rowVersion",
      settings_version as "settingsVersion", created_by as "createdBy", created_at as "createdAt",
      started_at as "startedAt", deleted_at as "deletedAt" from deployments where organization_id = $1 order by id`,
  },
  {
    name: 'deployment-names',
    from: ['deployment_names'],
    about: 'Every name that leads to a deployment',
    sql: `select n.workspace_id as "workspaceId", n.name, n.deployment_id as "deploymentId"
      from deployment_names n join workspaces w on w.id = n.workspace_id
      where w.organization_id = $1 order by n.workspace_id, n.name`,
  },
  {
    name: 'trust-records',
    from: ['trust_records'],
    about: "What was observed of each deployment's files and surface",
    sql: `select deployment_id as "deploymentId", release_id as "releaseId", profile, artifact_ok as "artifactOk",
      artifact_digest as "artifactDigest", artifact_checked_at as "artifactCheckedAt",
      admitted_hash as "admittedHash", accepted_hash as "acceptedHash", accepted_surface as "acceptedSurface",
      accepted_by as "acceptedBy", live_hash as "liveHash", live_surface as "liveSurface", live_at as "liveAt", drift
      from trust_records where organization_id = $1 order by deployment_id`,
  },
  {
    name: 'decisions',
    from: ['decisions'],
    about: 'Every decision with the inputs it rests on',
    sql: `select id, deployment_id as "deploymentId", moment, allowed, verdict, gates, notes,
      pending_status as "pendingStatus", inputs, inputs_digest as "inputsDigest", policy_version as "policyVersion", at
      from decisions where organization_id = $1 order by id`,
  },
  {
    name: 'runs',
    from: ['runs'],
    about: 'Its runs',
    sql: `select id, workspace_id as "workspaceId", deployment_id as "deploymentId", release_id as "releaseId", kind,
      status, step, attempt, retry_limit as "retryLimit", reason, requested_by as "requestedBy",
      created_at as "createdAt", started_at as "startedAt", ended_at as "endedAt"
      from runs where organization_id = $1 order by id`,
  },
  {
    name: 'run-attempts',
    from: ['run_attempts'],
    about: 'The retry ledger of its runs',
    sql: `select a.run_id as "runId", a.entry, a.attempt, a.status, a.reason, a.observed_at as "observedAt"
      from run_attempts a join runs r on r.id = a.run_id where r.organization_id = $1 order by a.run_id, a.entry`,
  },
  {
    name: 'instances',
    from: ['instances'],
    about: 'The processes of its deployments, as long as they are remembered',
    sql: `select id, deployment_id as "deploymentId", runner_id as "runnerId", generation, state, enforcement,
      exit_reason as "exitReason", started_at as "startedAt", ended_at as "endedAt"
      from instances where organization_id = $1 order by id`,
  },
  {
    name: 'call-batches',
    from: ['call_batches'],
    about: 'The digests of its call records that stand in the log',
    sql: `select id, runner_id as "runnerId", count, encode(digest, 'hex') as digest, at, sealed_in as "sealedIn"
      from call_batches where organization_id = $1 order by id`,
  },
  {
    name: 'calls',
    from: ['calls'],
    about: 'Every call record that is still kept; arguments and results never were',
    sql: `select id, workspace_id as "workspaceId", deployment_id as "deploymentId",
      principal_kind as "principalKind", principal_id as "principalId", token_id as "tokenId",
      session_id as "sessionId", method, tool, decision_id as "decisionId", outcome, error_code as "errorCode",
      request_bytes as "requestBytes", response_bytes as "responseBytes", latency_us as "latencyUs", at, batch
      from calls where organization_id = $1 order by at, id`,
  },
  ...billingTables,
  {
    name: 'log',
    from: ['events', 'event_openings'],
    about:
      'The whole log: the bytes that were hashed for each event, their hash, and what its commitments open to',
    sql: `select e.seq, e.type, e.version, e.at, e.actor, replace(encode(e.leaf, 'base64'), E'\\n', '') as leaf,
      encode(e.leaf_hash, 'hex') as "leafHash", coalesce((
        select json_agg(json_build_object('field', o.field, 'value', o.value,
          'salt', replace(encode(o.salt, 'base64'), E'\\n', '')) order by o.field)
        from event_openings o where o.organization_id = e.organization_id and o.seq = e.seq), '[]') as openings
      from events e where e.organization_id = $1 order by e.seq`,
  },
]

/** Tables that say which organization a row is of, and are left out, each with the reason. */
export const leftOut: Record<string, string> = {
  data_keys: 'the key that seals its secrets never leaves Berth',
  log_heads: "the log's length stands in the manifest",
  mcp_sessions: 'open sessions, which are no records',
  test_clocks: 'the time of a test organization is none of its records',
  billing_customers: "the payment provider's own names",
  billing_webhooks: 'what a payment provider sent; what came of it stands in invoices and the log',
  billing_drifts: 'what operators look into',
  quota_leases: 'what gateways draw on for a moment; the ledger tells what was used',
  quota_requests: 'answers kept for a repeated request',
}

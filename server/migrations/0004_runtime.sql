create table deployments (
  id text primary key,
  organization_id text not null references organizations,
  workspace_id text not null references workspaces,
  name text not null,
  server_id text not null references servers,
  release_id text not null references releases,
  config jsonb not null default '{}',
  secrets jsonb not null default '{}',
  limits jsonb not null,
  desired text not null check (desired in ('running', 'stopped')),
  phase text not null default 'absent'
    check (phase in ('absent', 'launching', 'running', 'stopping', 'stopped', 'failed')),
  health text not null default 'unknown' check (health in ('unknown', 'healthy', 'degraded', 'unreachable')),
  hold text,
  hold_notes text[] not null default '{}',
  decision_id text,
  quarantined boolean not null default false,
  reason text,
  generation int not null default 1, -- what is asked for; raised by every change that needs new processes
  running_generation int, -- what runs
  failures int not null default 0, -- launches or exits in a row that ended badly
  restarts int not null default 0,
  next_attempt_at timestamptz,
  enforcement jsonb,
  runner_id text references runners on delete set null, -- its home: where its processes and sessions live
  row_version int not null default 1,
  created_by text not null,
  created_at timestamptz not null,
  started_at timestamptz,
  deleted_at timestamptz
);
create unique index deployments_by_name on deployments (workspace_id, name) where deleted_at is null;
create index deployments_by_organization on deployments (organization_id, id);
create index deployments_by_release on deployments (release_id);
create index deployments_by_runner on deployments (runner_id);

create table deployment_names (
  workspace_id text not null references workspaces,
  name text not null,
  deployment_id text not null references deployments,
  primary key (workspace_id, name)
);

-- What speaks for a deployment's bytes and surface. Facts of an earlier generation are not known of the present one.
create table trust_records (
  deployment_id text primary key references deployments,
  organization_id text not null references organizations,
  release_id text not null references releases, -- what the facts below are about
  profile text not null default 'default',
  artifact_ok boolean, -- null with a time: it could not be checked
  artifact_digest text,
  artifact_detail text,
  artifact_generation int,
  artifact_checked_at timestamptz,
  admitted_hash text,
  accepted_hash text, -- what a person accepted in place of what was admitted
  accepted_surface jsonb,
  accepted_by text,
  live_hash text,
  live_surface jsonb,
  live_generation int,
  live_at timestamptz,
  drift jsonb -- differences of the live surface from the admitted or accepted one; null: there is nothing to compare with
);

create table decisions (
  id text primary key,
  organization_id text not null references organizations,
  deployment_id text not null references deployments,
  moment text not null,
  allowed boolean not null,
  verdict text not null,
  gates jsonb not null,
  notes text[] not null,
  pending_status text,
  inputs jsonb not null,
  inputs_digest text not null,
  policy_version text not null,
  at timestamptz not null
);
create index decisions_by_organization on decisions (organization_id, id desc);
create index decisions_by_deployment on decisions (deployment_id, id desc);

create table runs (
  id text primary key,
  organization_id text not null references organizations,
  workspace_id text references workspaces,
  deployment_id text references deployments,
  release_id text references releases,
  kind text not null
    check (kind in ('launch', 'evaluation', 'promotion', 'remediation', 'rotation', 'revision', 'erasure')),
  status text not null default 'pending' check (status in
    ('pending', 'awaiting_approval', 'running', 'succeeded', 'failed', 'errored', 'cancelled', 'rejected')),
  step text,
  attempt int not null default 0,
  retry_limit int not null default 0,
  reason text,
  requested_by text not null,
  leased_by text,
  leased_until timestamptz,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz
);
create index runs_by_organization on runs (organization_id, id desc);
create index runs_by_deployment on runs (deployment_id, id desc);
create index runs_by_workspace on runs (workspace_id, id desc);
create index runs_open on runs (status) where status in ('pending', 'running');

create table run_attempts (
  run_id text not null references runs,
  entry int not null,
  attempt int not null,
  status text not null,
  reason text,
  observed_at timestamptz not null,
  primary key (run_id, entry)
);

create table instances (
  id text primary key,
  organization_id text not null references organizations,
  deployment_id text not null references deployments,
  runner_id text not null,
  generation int not null,
  isolation_key text not null,
  state text not null check (state in ('starting', 'ready', 'draining', 'gone')),
  pid int,
  enforcement jsonb,
  exit_reason text,
  started_at timestamptz not null,
  ended_at timestamptz
);
create index instances_live on instances (deployment_id) where state <> 'gone';
create index instances_by_runner on instances (runner_id) where state <> 'gone';

create table mcp_sessions (
  id text primary key,
  organization_id text not null references organizations,
  deployment_id text not null references deployments,
  principal_kind text not null,
  principal_id text not null,
  token_id text,
  protocol_version text not null,
  initialize jsonb not null,
  created_at timestamptz not null,
  seen_at timestamptz not null
);
create index mcp_sessions_by_deployment on mcp_sessions (deployment_id);
create index mcp_sessions_seen on mcp_sessions (seen_at);

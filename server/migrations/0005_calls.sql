-- One row a request through the gateway, by day. The id is given where the call ran: copying twice changes nothing.
create table calls (
  id text not null,
  organization_id text not null,
  workspace_id text not null,
  deployment_id text not null,
  principal_kind text not null,
  principal_id text not null,
  token_id text,
  session_id text,
  method text not null,
  tool text,
  decision_id text,
  outcome text not null,
  error_code int,
  request_bytes int not null,
  response_bytes int not null,
  latency_us int not null,
  at timestamptz not null,
  batch bigint not null,
  primary key (at, id)
) partition by range (at);
create index calls_by_organization on calls (organization_id, at desc, id desc);
create index calls_by_deployment on calls (deployment_id, at desc, id desc);
create index calls_by_principal on calls (organization_id, principal_id, at desc, id desc);
create table calls_default partition of calls default;

-- How far each journal file has been copied, written in one transaction with its rows.
create table call_journals (
  file text primary key,
  runner_id text not null,
  position bigint not null default 0,
  updated_at timestamptz not null
);

-- What was copied at once for one organization: SHA-256 over its records in the order of their ids.
-- `sealed_in` is the batch under which the digest went into the organization's log.
create table call_batches (
  id bigint generated always as identity primary key,
  organization_id text not null,
  runner_id text not null,
  count int not null,
  digest bytea not null,
  at timestamptz not null,
  sealed_in text
);
create index call_batches_open on call_batches (organization_id, id) where sealed_in is null;
create index call_batches_sealed on call_batches (sealed_in);

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
  primary key (at, id)
) partition by range (at);
create index calls_by_organization on calls (organization_id, id desc);
create index calls_by_deployment on calls (deployment_id, id desc);
create index calls_by_principal on calls (organization_id, principal_id, id desc);
create index calls_recent on calls (organization_id, at desc);
create table calls_default partition of calls default;

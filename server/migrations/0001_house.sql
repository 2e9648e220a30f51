-- Organizations, the per-organization log, and what every change needs.

create table organizations (
  id text primary key,
  slug text not null unique,
  name text not null,
  time_zone text not null default 'UTC',
  kind text not null default 'standard' check (kind in ('standard', 'test', 'platform')),
  state text not null default 'active' check (state in ('active', 'suspended', 'closed')),
  version int not null default 1,
  created_at timestamptz not null
);

-- Every slug an organization ever had: old ones stay aliases.
create table organization_slugs (
  slug text primary key,
  organization_id text not null references organizations
);

-- One head a log. `changed` is the transaction that moved it last: a reader that remembers the oldest
-- transaction still running at its last look finds every head that moved since, and loses none.
create table log_heads (
  organization_id text primary key references organizations,
  seq bigint not null default 0,
  retained_from bigint not null default 1,
  changed xid8 not null default pg_current_xact_id()
);
create index log_heads_changed on log_heads (changed);

create table events (
  organization_id text not null references organizations,
  seq bigint not null,
  type text not null,
  version smallint not null,
  at timestamptz not null,
  effective_at timestamptz not null,
  actor jsonb not null,
  request_id text,
  payload jsonb not null,
  leaf bytea not null,
  leaf_hash bytea not null,
  primary key (organization_id, seq)
);
create index events_by_type on events (organization_id, type, seq);
create index events_by_deployment on events (organization_id, (payload ->> 'deploymentId'), seq)
  where payload ? 'deploymentId';

-- What the commitments in a leaf open to. Erasing a row leaves the log verifiable and the text gone.
create table event_openings (
  organization_id text not null,
  seq bigint not null,
  field text not null,
  value jsonb not null,
  salt bytea not null,
  primary key (organization_id, seq, field),
  foreign key (organization_id, seq) references events
);

create table idempotency_keys (
  principal_id text not null,
  key text not null,
  request_hash bytea not null,
  response bytea, -- sealed: a reply may show a secret once
  created_at timestamptz not null,
  primary key (principal_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- One row: what is true of this installation as a whole.
create table installation (
  only_row bool primary key default true check (only_row),
  operator_claimed_by text,
  created_at timestamptz not null default now()
);
insert into installation default values;

insert into organizations (id, slug, name, kind, created_at)
  values ('org_00000000000000000000000000', 'platform', 'Platform', 'platform', now());
insert into organization_slugs values ('platform', 'org_00000000000000000000000000');
insert into log_heads (organization_id) values ('org_00000000000000000000000000');

-- The processes of this installation. One that does not renew `alive_until` has lost all it held.
create table runners (
  id text primary key,
  address text not null,
  roles text[] not null,
  host text not null,
  capabilities jsonb not null default '[]',
  started_at timestamptz not null,
  alive_until timestamptz not null
);

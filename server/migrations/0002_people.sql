-- People (the tables better-auth works on), their roles, members, and tokens.

create table users (
  id text primary key,
  name text not null,
  email text not null unique,
  email_verified boolean not null default false,
  image text,
  state text not null default 'active' check (state in ('active', 'disabled', 'deleted')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table sessions (
  id text primary key,
  user_id text not null references users on delete cascade,
  token text not null unique, -- its hash
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sessions_by_user on sessions (user_id);

create table accounts (
  id text primary key,
  user_id text not null references users on delete cascade,
  account_id text not null,
  provider_id text not null,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  password text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider_id, account_id)
);
create index accounts_by_user on accounts (user_id);

create table verifications (
  id text primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index verifications_by_identifier on verifications (identifier);

create table device_codes (
  id text primary key,
  device_code text not null unique, -- its hash
  user_code text not null unique,
  user_id text references users on delete cascade,
  client_id text,
  scope text,
  status text not null,
  expires_at timestamptz not null,
  last_polled_at timestamptz,
  polling_interval int
);

create table auth_rate_limits (
  id text primary key,
  key text not null unique,
  count int not null,
  last_request bigint not null
);

create table platform_roles (
  user_id text not null references users on delete cascade,
  role text not null check (role in ('operator', 'reviewer')),
  granted_at timestamptz not null default now(),
  primary key (user_id, role)
);

-- The first account of an installation becomes operator, under the lock on its one row.
create function claim_operator() returns trigger language plpgsql as $$
begin
  update installation set operator_claimed_by = new.id where operator_claimed_by is null;
  if found then
    insert into platform_roles (user_id, role) values (new.id, 'operator');
    insert into identity_outbox (type, payload) values ('operator.claimed', jsonb_build_object('userId', new.id));
  end if;
  return null;
end $$;

-- better-auth writes its tables itself; what it did is kept here in the same transaction and moved to the log
-- by a job, so that no sign-in or sign-up is without its event.
create table identity_outbox (
  id bigint generated always as identity primary key,
  type text not null,
  payload jsonb not null,
  at timestamptz not null default now()
);

create function note_identity() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'users' then
    insert into identity_outbox (type, payload) values
      ('user.registered', jsonb_build_object('userId', new.id, 'name', new.name, 'email', new.email));
  elsif tg_op = 'INSERT' then
    insert into identity_outbox (type, payload) values
      ('session.created', jsonb_build_object('userId', new.user_id, 'sessionId', new.id));
  else
    insert into identity_outbox (type, payload) values
      ('session.revoked', jsonb_build_object('userId', old.user_id, 'sessionId', old.id));
  end if;
  return null;
end $$;

create trigger users_noted after insert on users for each row execute function note_identity();
create trigger sessions_noted after insert or delete on sessions for each row execute function note_identity();
-- Fires after users_noted (triggers go by name): first somebody is registered, then operator.
create trigger users_operator after insert on users for each row execute function claim_operator();

create table members (
  id text primary key,
  organization_id text not null references organizations,
  user_id text not null references users on delete cascade,
  role text not null check (role in ('owner', 'admin', 'developer', 'auditor')),
  joined_at timestamptz not null,
  unique (organization_id, user_id)
);
create index members_by_user on members (user_id);

create table tokens (
  id text primary key,
  kind text not null check (kind in ('api', 'service')),
  name text not null,
  hash bytea not null unique,
  hint text not null,
  user_id text references users on delete cascade,
  organization_id text references organizations,
  workspace_id text,
  scopes text[] not null,
  allowed_deployments text[],
  allowed_tools text[],
  state text not null default 'active' check (state in ('active', 'revoked', 'expired')),
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  check ((kind = 'api') = (user_id is not null)),
  check (kind = 'api' or (organization_id is not null and workspace_id is not null))
);
create index tokens_by_user on tokens (user_id);
create index tokens_by_workspace on tokens (workspace_id);
create index tokens_expiring on tokens (expires_at) where state = 'active';

create table providers (
  id text primary key,
  slug text not null unique,
  name text not null,
  organization_id text not null references organizations,
  state text not null default 'active' check (state in ('pending', 'active', 'suspended', 'closed')),
  created_at timestamptz not null
);

-- What is bundled, and where operators' additions go; all belong to the operators' own organization.
insert into providers (id, slug, name, organization_id, created_at) values
  ('prv_00000000000000000000000001', 'reference', 'Reference servers', 'org_00000000000000000000000000', now()),
  ('prv_00000000000000000000000002', 'npm', 'npm', 'org_00000000000000000000000000', now()),
  ('prv_00000000000000000000000003', 'remote', 'Remote servers', 'org_00000000000000000000000000', now()),
  ('prv_00000000000000000000000004', 'local', 'Local servers', 'org_00000000000000000000000000', now());

create table servers (
  id text primary key,
  provider_id text not null references providers,
  slug text not null,
  source text not null, -- what its releases are versions of: npm:<package>, remote:<url>, local:<folder>
  title text not null default '',
  description text not null default '',
  created_at timestamptz not null,
  unique (provider_id, slug)
);
create index servers_by_source on servers (provider_id, source);

create table releases (
  id text primary key,
  server_id text not null references servers,
  version text not null,
  state text not null default 'admitted' check (state in ('admitted', 'yanked', 'blocked')),
  artifact jsonb not null,
  manifest jsonb not null,
  digest text, -- of the installed bytes, set once
  lock text, -- for npm: the resolved lock file that reproduces exactly these bytes
  observation text not null default 'pending' check (observation in ('pending', 'observed', 'failed')),
  observation_reason text,
  created_by text not null,
  created_at timestamptz not null,
  unique (server_id, version)
);

-- A release's bytes and identity never change once written.
create function releases_are_immutable() returns trigger language plpgsql as $$
begin
  if new.artifact <> old.artifact or new.manifest <> old.manifest or new.version <> old.version
     or new.server_id <> old.server_id
     or (old.digest is not null and new.digest is distinct from old.digest)
     or (old.lock is not null and new.lock is distinct from old.lock) then
    raise exception 'release % is immutable', old.id;
  end if;
  return new;
end $$;
create trigger releases_immutable before update on releases for each row execute function releases_are_immutable();

-- What a release shows of itself, observed in the sandbox; the first observation of a profile stands.
create table release_surfaces (
  release_id text not null references releases,
  profile text not null,
  hash text not null,
  surface jsonb not null,
  observed_at timestamptz not null,
  primary key (release_id, profile)
);

create table tiers (
  id text primary key,
  code text not null unique,
  name text not null,
  sandbox text not null check (sandbox in ('required', 'preferred')),
  allow_local boolean not null default false,
  regions text[] not null default '{}',
  check_every_call boolean not null default false,
  version int not null default 1,
  created_at timestamptz not null
);
insert into tiers (id, code, name, sandbox, allow_local, check_every_call, created_at) values
  ('tir_00000000000000000000000001', 'community', 'Community', 'preferred', true, false, now()),
  ('tir_00000000000000000000000002', 'standard', 'Standard', 'required', false, false, now()),
  ('tir_00000000000000000000000003', 'regulated', 'Regulated', 'required', false, true, now());

create table workspaces (
  id text primary key,
  organization_id text not null references organizations,
  key text not null,
  name text not null,
  tier text not null references tiers (code),
  region text not null,
  state text not null default 'active' check (state in ('draft', 'active', 'archived')),
  version int not null default 1,
  created_at timestamptz not null,
  unique (organization_id, key),
  unique (id, organization_id)
);

-- Every key a workspace ever had: old ones stay aliases.
create table workspace_keys (
  organization_id text not null references organizations,
  key text not null,
  workspace_id text not null references workspaces,
  primary key (organization_id, key)
);

alter table tokens add foreign key (workspace_id, organization_id) references workspaces (id, organization_id);

-- Each organization's secrets are sealed with its own data key, itself sealed with the installation's key.
create table data_keys (
  organization_id text primary key references organizations,
  sealed bytea not null,
  created_at timestamptz not null
);

create table secrets (
  id text primary key,
  organization_id text not null,
  workspace_id text not null,
  name text not null,
  sealed bytea not null,
  version int not null default 1,
  updated_at timestamptz not null,
  updated_by text not null,
  unique (workspace_id, name),
  foreign key (workspace_id, organization_id) references workspaces (id, organization_id)
);

-- Plans, subscriptions, invoices, quotas, invitations.

create table plans (
  slug text primary key,
  created_at timestamptz not null
);

-- Published versions; nothing of one ever changes.
create table plan_versions (
  id text primary key,
  plan text not null references plans,
  version int not null,
  name text not null,
  description text not null,
  price bigint not null check (price >= 0), -- minor units
  currency text not null,
  per text not null check (per in ('organization', 'seat')),
  interval text not null check (interval in ('month', 'year')),
  trial_days int not null check (trial_days >= 0),
  due_days int not null check (due_days >= 0),
  grace_days int check (grace_days >= 0),
  fallback text references plans,
  grants jsonb not null, -- [{key, limit, reset, mode}]
  public bool not null,
  published_at timestamptz not null,
  unique (plan, version)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is never changed', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger plan_versions_immutable before update or delete on plan_versions
  for each row execute function refuse_change();

-- A test organization's own time; it stands still until it is moved forward.
create table test_clocks (
  organization_id text primary key references organizations,
  now timestamptz not null
);

create table subscriptions (
  id text primary key,
  organization_id text not null references organizations,
  plan_version_id text not null references plan_versions,
  state text not null check (state in ('incomplete', 'trialing', 'active', 'past_due', 'suspended', 'canceled')),
  seats int check (seats > 0),
  provider text not null default 'manual',
  provider_ref text, -- the provider's own id of it
  time_zone text not null,
  anchor timestamptz not null, -- period n begins at anchor + n intervals, by the calendar of time_zone
  period int not null default 0,
  period_start timestamptz not null,
  period_end timestamptz not null,
  trial_ends_at timestamptz,
  past_due_since timestamptz,
  grace_ends_at timestamptz,
  warned_days int, -- the last of 7, 3, 1 that was warned of
  cancel_at_period_end bool not null default false,
  scheduled_plan_version_id text references plan_versions,
  scheduled_seats int check (scheduled_seats > 0),
  over_limit_until timestamptz,
  -- When the clock has something to do next; null: never.
  due_at timestamptz,
  version int not null default 1,
  started_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'canceled') = (ended_at is not null)),
  check (period_end > period_start)
);
create unique index subscriptions_live on subscriptions (organization_id) where ended_at is null;
create unique index subscriptions_of_provider on subscriptions (provider, provider_ref) where provider_ref is not null;
create index subscriptions_due on subscriptions (due_at) where due_at is not null;

-- One trial an organization and plan.
create table trials (
  organization_id text not null references organizations,
  plan text not null references plans,
  started_at timestamptz not null,
  primary key (organization_id, plan)
);

create table invoice_numbers (
  only_row bool primary key default true check (only_row),
  last bigint not null default 0
);
insert into invoice_numbers default values;

create table invoices (
  id text primary key,
  organization_id text not null references organizations,
  subscription_id text not null references subscriptions,
  -- What it is for, so that none is made twice: e.g. `period:3`, `change:7`.
  purpose text not null,
  number bigint unique,
  state text not null check (state in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  currency text not null,
  total bigint not null,
  paid bigint not null default 0,
  provider_ref text,
  reference text,
  issued_at timestamptz,
  due_at timestamptz,
  paid_at timestamptz,
  created_at timestamptz not null,
  unique (subscription_id, purpose),
  check ((number is null) = (state = 'draft') or state = 'void'),
  check (paid between 0 and greatest(total, 0))
);
create index invoices_by_organization on invoices (organization_id, created_at desc, id desc);
create unique index invoices_of_provider on invoices (provider_ref) where provider_ref is not null;

create table invoice_lines (
  invoice_id text not null references invoices,
  place int not null,
  kind text not null check (kind in ('plan', 'proration', 'unused', 'credit')),
  description text not null,
  quantity bigint not null,
  unit_amount bigint not null,
  amount bigint not null,
  period_start timestamptz,
  period_end timestamptz,
  primary key (invoice_id, place)
);

-- What is kept for an organization; its balance is the sum. Append-only.
create table credits (
  id bigint generated always as identity primary key,
  organization_id text not null references organizations,
  currency text not null,
  amount bigint not null,
  invoice_id text references invoices,
  reason text not null,
  at timestamptz not null
);
create index credits_by_organization on credits (organization_id, id);

-- Quotas. The ledger is the truth; a balance is the fold of its entries and is locked to change it.
create table quota_balances (
  organization_id text not null references organizations,
  key text not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  used bigint not null default 0 check (used >= 0),
  held bigint not null default 0 check (held >= 0),
  primary key (organization_id, key, window_start)
);

create table quota_ledger (
  id bigint generated always as identity primary key,
  organization_id text not null,
  key text not null,
  window_start timestamptz not null,
  kind text not null check (kind in ('consume', 'hold', 'confirm', 'release', 'expire', 'lease', 'settle')),
  used bigint not null,
  held bigint not null,
  hold_id text,
  at timestamptz not null
);
create index quota_ledger_by_window on quota_ledger (organization_id, key, window_start, id);
create trigger quota_ledger_immutable before update or delete on quota_ledger
  for each row execute function refuse_change();

-- What an idempotency key did, for as long as its window's ledger is kept.
create table quota_requests (
  organization_id text not null,
  key text not null,
  request_hash bytea not null,
  outcome jsonb not null,
  at timestamptz not null,
  primary key (organization_id, key)
);

-- Reserved quota. Ends once.
create table quota_holds (
  id text primary key,
  organization_id text not null references organizations,
  items jsonb not null, -- [{key, windowStart, quantity}]: just where it was taken from
  state text not null check (state in ('held', 'confirmed', 'released', 'expired')),
  expires_at timestamptz not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  check ((state = 'held') = (ended_at is null))
);
create index quota_holds_open on quota_holds (expires_at) where state = 'held';

-- Quota of calls that one gateway process draws on without asking. Counts as held until it is settled.
create table quota_leases (
  id text primary key,
  organization_id text not null references organizations,
  key text not null,
  window_start timestamptz not null,
  runner_id text not null,
  epoch bigint not null,
  quantity bigint not null check (quantity > 0),
  drawn bigint, -- what was used of it, once settled
  expires_at timestamptz not null,
  created_at timestamptz not null,
  settled_at timestamptz,
  check ((drawn is null) = (settled_at is null)),
  check (drawn is null or drawn between 0 and quantity)
);
create index quota_leases_open on quota_leases (organization_id, key) where settled_at is null;

create table invitations (
  id text primary key,
  organization_id text not null references organizations,
  email text not null, -- lower case
  role text not null,
  hash bytea not null unique,
  state text not null check (state in ('pending', 'accepted', 'declined', 'revoked', 'expired')),
  invited_by text references users on delete set null,
  mailed bool not null,
  created_at timestamptz not null,
  sent_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz
);
create unique index invitations_pending on invitations (organization_id, email) where state = 'pending';
create index invitations_expiring on invitations (expires_at) where state = 'pending';

-- The plans every installation begins with. Version 1 of free has no limits: it is for organizations that were here before
-- there were plans; newer ones get version 2.
insert into plans (slug, created_at) values ('free', now()), ('team', now()), ('business', now());
insert into plan_versions values
  ('plv_00000000000000000000000001', 'free', 1, 'Free', 'For organizations that were here before there were plans.',
    0, 'EUR', 'organization', 'month', 0, 0, null, null, '[
      {"key": "runtime.concurrent_servers", "limit": null, "reset": null, "mode": "hard"},
      {"key": "gateway.tool_calls", "limit": null, "reset": "month", "mode": "hard"},
      {"key": "seats", "limit": null, "reset": null, "mode": "hard"},
      {"key": "workspaces", "limit": null, "reset": null, "mode": "hard"},
      {"key": "byok", "limit": 0, "reset": null, "mode": "hard"},
      {"key": "sso", "limit": 0, "reset": null, "mode": "hard"}]', false, now()),
  ('plv_00000000000000000000000002', 'free', 2, 'Free', 'To try Berth, and for small things.',
    0, 'EUR', 'organization', 'month', 0, 0, null, null, '[
      {"key": "runtime.concurrent_servers", "limit": 5, "reset": null, "mode": "hard"},
      {"key": "gateway.tool_calls", "limit": 10000, "reset": "month", "mode": "hard"},
      {"key": "seats", "limit": 3, "reset": null, "mode": "hard"},
      {"key": "workspaces", "limit": 3, "reset": null, "mode": "hard"},
      {"key": "byok", "limit": 0, "reset": null, "mode": "hard"},
      {"key": "sso", "limit": 0, "reset": null, "mode": "hard"}]', true, now()),
  ('plv_00000000000000000000000003', 'team', 1, 'Team', 'For a team that relies on its servers.',
    4900, 'EUR', 'organization', 'month', 14, 14, null, 'free', '[
      {"key": "runtime.concurrent_servers", "limit": 25, "reset": null, "mode": "hard"},
      {"key": "gateway.tool_calls", "limit": 250000, "reset": "month", "mode": "soft"},
      {"key": "seats", "limit": 10, "reset": null, "mode": "hard"},
      {"key": "workspaces", "limit": 20, "reset": null, "mode": "hard"},
      {"key": "byok", "limit": 0, "reset": null, "mode": "hard"},
      {"key": "sso", "limit": 0, "reset": null, "mode": "hard"}]', true, now()),
  ('plv_00000000000000000000000004', 'business', 1, 'Business', 'For organizations that have to answer for what runs.',
    3900, 'EUR', 'seat', 'month', 30, 30, null, 'free', '[
      {"key": "runtime.concurrent_servers", "limit": null, "reset": null, "mode": "hard"},
      {"key": "gateway.tool_calls", "limit": 5000000, "reset": "month", "mode": "soft"},
      {"key": "seats", "limit": null, "reset": null, "mode": "hard"},
      {"key": "workspaces", "limit": null, "reset": null, "mode": "hard"},
      {"key": "byok", "limit": 0, "reset": null, "mode": "hard"},
      {"key": "sso", "limit": 0, "reset": null, "mode": "hard"}]', true, now());

-- No organization is ever without a subscription: the first one carries the organization's own id.
create function begin_subscription() returns trigger language plpgsql as $$
begin
  if new.kind = 'platform' then return null; end if;
  insert into subscriptions (id, organization_id, plan_version_id, state, time_zone, anchor, period_start, period_end, due_at, started_at)
  select 'sub_' || substr(new.id, 5), new.id, v.id, 'active', new.time_zone, new.created_at, new.created_at, e.period_end, e.period_end, new.created_at
  from (select id from plan_versions where plan = 'free' order by version desc limit 1) v,
    lateral (select ((new.created_at at time zone new.time_zone) + interval '1 month') at time zone new.time_zone as period_end) e;
  return null;
end $$;
create trigger organizations_subscribed after insert on organizations
  for each row execute function begin_subscription();

insert into subscriptions (id, organization_id, plan_version_id, state, time_zone, anchor, period_start, period_end, due_at, started_at)
select 'sub_' || substr(o.id, 5), o.id, 'plv_00000000000000000000000001', 'active', o.time_zone, o.created_at, o.created_at, e.period_end, e.period_end, o.created_at
from organizations o,
  lateral (select ((o.created_at at time zone o.time_zone) + interval '1 month') at time zone o.time_zone as period_end) e
where o.kind <> 'platform';

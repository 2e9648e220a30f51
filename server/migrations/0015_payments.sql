-- Payments through a provider: its customers, its events, where it differs from what is here.

-- A subscription that waits for its first payment is not live: the organization keeps the one it has until it is paid.
drop index subscriptions_live;
create unique index subscriptions_live on subscriptions (organization_id) where state not in ('incomplete', 'canceled');
create unique index subscriptions_incomplete on subscriptions (organization_id) where state = 'incomplete';

-- Who collects an invoice, and where it is paid; the last means of payment there that it was tried with, and how often
-- that failed. A draft's provider_ref is its checkout.
alter table invoices
  add column provider text not null default 'manual',
  add column pay_url text,
  add column tried_with text,
  add column failed_tries int not null default 0;

-- What a payment provider calls an organization, and what is known of it there.
create table billing_customers (
  organization_id text not null references organizations,
  provider text not null,
  customer_ref text, -- null: not known there yet
  payment_method text, -- in words, like "visa ending in 4242"; null: there is none
  -- When it was last compared whole, and when that is due again; null: only when something happens.
  synced_at timestamptz,
  sync_due_at timestamptz,
  attempts int not null default 0,
  last_error text,
  primary key (organization_id, provider),
  unique (provider, customer_ref)
);
create index billing_customers_due on billing_customers (sync_due_at) where sync_due_at is not null;

-- Every event of a provider, as it came: its signature was checked. Unique by the provider's own id.
create table billing_webhooks (
  id text primary key,
  provider text not null,
  event_id text not null,
  type text not null,
  body bytea, -- null: it was done long ago
  state text not null check (state in ('received', 'processed', 'ignored', 'dead')),
  organization_id text references organizations, -- once it is known whose it is
  attempts int not null default 0,
  last_error text,
  received_at timestamptz not null,
  next_try_at timestamptz, -- null: it is not tried any more
  processed_at timestamptz,
  unique (provider, event_id),
  check ((state = 'received') = (next_try_at is not null))
);
create index billing_webhooks_open on billing_webhooks (next_try_at) where state = 'received';
create index billing_webhooks_dead_first on billing_webhooks ((state = 'dead') desc, id desc);
create index billing_webhooks_done on billing_webhooks (processed_at) where body is not null and processed_at is not null;

-- Where a provider differs from what is here and takes a person, until it no longer does.
create table billing_drifts (
  provider text not null,
  identity text not null, -- of the thing, stable over runs: e.g. `invoice/inv_…/amount`
  organization_id text references organizations,
  what text not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  resolved_at timestamptz,
  settled_reason text, -- what was done about it, in the words of whoever settled it; null: it went away by itself
  primary key (provider, identity)
);
create index billing_drifts_open on billing_drifts (first_seen_at desc) where resolved_at is null;

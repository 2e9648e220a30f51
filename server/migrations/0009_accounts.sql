-- The second factor, one-time links, and the outbox of e-mail.

create table second_factors (
  user_id text primary key references users on delete cascade,
  secret bytea, -- sealed; null: lost with the key it was sealed with, so that recovery codes alone are left
  created_at timestamptz not null,
  confirmed_at timestamptz, -- null: begun, and not asked for yet
  last_step bigint not null default 0, -- the last time step whose code was taken: none is taken twice
  failures int not null default 0, -- wrong codes in a row
  locked_until timestamptz
);

create table recovery_codes (
  user_id text not null references second_factors on delete cascade,
  hash bytea not null,
  primary key (user_id, hash)
);

-- Links that set a new password or confirm an address.
create table account_links (
  hash bytea primary key,
  user_id text not null references users on delete cascade,
  purpose text not null check (purpose in ('reset', 'email')),
  email text, -- the address that the link confirms
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  check ((purpose = 'email') = (email is not null))
);
create index account_links_by_user on account_links (user_id, purpose);

create table mails (
  id text primary key,
  recipient text not null,
  kind text not null,
  subject text not null,
  content bytea, -- sealed; gone once it was sent, or its time is over
  state text not null check (state in ('queued', 'sent', 'failed', 'unsent')),
  attempts int not null default 0,
  last_error text,
  created_at timestamptz not null,
  good_until timestamptz, -- when what it says is no longer true
  sent_at timestamptz
);
create index mails_by_recipient on mails (recipient);

-- What is erased with an account is found by these.
create index events_about_user on events (organization_id, (payload ->> 'userId'), seq) where type like 'user.%';
create index events_about_token on events (organization_id, (payload ->> 'tokenId'), seq)
  where type = 'token.created';

-- What an organization said it leaves out of its first steps; all else about them follows from what is there.
create table onboarding_skips (
  organization_id text not null references organizations,
  step text not null check (step in ('plan', 'invite', 'server')),
  skipped_at timestamptz not null,
  primary key (organization_id, step)
);

-- Made where e-mail is sent: nothing but its own account is open to it until its address is verified. Accounts that were
-- here before are not held to it.
alter table users add column must_verify boolean not null default false;

-- Sent to the account's own address: whoever uses the link has that mailbox.
alter table account_links add column mailed boolean not null default false;

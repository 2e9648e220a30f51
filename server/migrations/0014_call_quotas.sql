-- Tool calls are counted from their records, batch by batch; leases only hold quota for those that are not counted yet.
alter table call_batches
  add column billable int not null default 0,
  add column counted bool not null default false;
create index call_batches_uncounted on call_batches (organization_id, id) where billable > 0 and not counted;

-- A lease ends with its runner, or when that runner gives it back and says how many of its calls count.
alter table quota_leases drop column drawn, drop column epoch, drop column expires_at;
alter table quota_leases
  add column billed bigint check (billed between 0 and quantity), -- null while calls may still draw on it
  add column counted bigint not null default 0,
  add check (counted between 0 and coalesce(billed, quantity));
create index quota_leases_of_runner on quota_leases (runner_id) where settled_at is null;

-- Who holds quota, for people to see, and what of it was used where that was less than all.
alter table quota_holds
  add column actor jsonb, -- null: held before this was kept
  add column used jsonb; -- [{key, quantity}]; null: all of it if it was confirmed, else nothing

-- What is held first, then the newest.
create index quota_holds_listed on quota_holds (organization_id, (state = 'held'), id);

-- Why an organization is suspended or closed, as its members are told, and since when.
alter table organizations
  add column state_reason text,
  add column state_since timestamptz;

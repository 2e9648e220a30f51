-- Which Berth a process is, and when it was last heard.
alter table runners
  add column version text not null default '',
  add column beat_at timestamptz not null default now();

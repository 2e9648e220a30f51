-- Raised by changes of the settings alone, so that two people's edits can be told apart from a state that moves on.
alter table deployments add column settings_version int not null default 1;

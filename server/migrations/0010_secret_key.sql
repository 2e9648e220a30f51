-- Which secret key the sealed values belong to, told by a value derived from it; while it is changed, also the next one.
alter table installation
  add column key_check text,
  add column next_key_check text;

-- Null: lost with the key. The secret keeps its name, and has to be set anew.
alter table secrets alter column sealed drop not null;

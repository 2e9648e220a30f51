-- The one writer of the log; a function, so that a change needs one round trip for it and each connection plans its
-- statements once.
--
-- Gives events their places in the logs of their organizations. The caller sorts them by organization: heads are locked
-- once each, in ascending order, so that two transactions never wait for each other in a circle. An event's number
-- completes its leaf: `head`, the number in decimal digits, `tail`. `openings` is, for each event, an array of
-- {field, value, salt} with the salt in hexadecimal digits. Returns the organizations that have no log.
create function append_events(
  at timestamptz, actor jsonb, request_id text,
  organizations text[], types text[], versions smallint[], effective timestamptz[], payloads jsonb[], heads text[],
  tails text[], openings jsonb[]
) returns text[] language plpgsql as $$
#variable_conflict use_variable
declare
  organization text;
  missing text[] := '{}';
  number bigint;
  leaf bytea;
begin
  for i in 1 .. cardinality(organizations) loop
    if organization is distinct from organizations[i] then
      organization := organizations[i];
      update log_heads h set seq = h.seq + cardinality(array_positions(organizations, organization)),
        changed = pg_current_xact_id()
      where h.organization_id = organization
      returning h.seq - cardinality(array_positions(organizations, organization)) into number;
      if number is null then missing := missing || organization; end if;
    end if;
    continue when number is null;
    number := number + 1;
    leaf := convert_to(heads[i] || number || tails[i], 'UTF8');
    insert into events (organization_id, seq, type, version, at, effective_at, actor, request_id, payload, leaf, leaf_hash)
    values (organization, number, types[i], versions[i], at, effective[i], actor, request_id, payloads[i], leaf,
      sha256('\x00'::bytea || leaf));
    if openings[i] <> '[]'::jsonb then
      insert into event_openings (organization_id, seq, field, value, salt)
      select organization, number, o ->> 'field', o -> 'value', decode(o ->> 'salt', 'hex')
      from jsonb_array_elements(openings[i]) as o;
    end if;
  end loop;
  return missing;
end $$;

-- A head stands for its organization, and nobody else writes these tables: looking both up again for every event costs
-- more than the event.
alter table events drop constraint events_organization_id_fkey;
alter table event_openings drop constraint event_openings_organization_id_seq_fkey;

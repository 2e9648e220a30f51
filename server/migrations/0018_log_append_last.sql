-- The statement that gives events their places is the last of its transaction and sent together with COMMIT: nobody could
-- look at an answer before. An organization without a log fails it.
drop function append_events;

-- Gives events their places in the logs of their organizations. The caller sorts them by organization: heads are locked
-- once each, in ascending order, so that two transactions never wait for each other in a circle. An event's number
-- completes its leaf: `head`, the number in decimal digits, `tail`. `openings` is, for each event, an array of
-- {field, value, salt} with the salt in hexadecimal digits.
create function append_events(
  at timestamptz, actor jsonb, request_id text,
  organizations text[], types text[], versions smallint[], effective timestamptz[], payloads jsonb[], heads text[],
  tails text[], openings jsonb[]
) returns void language plpgsql as $$
#variable_conflict use_variable
declare
  organization text;
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
      if number is null then raise exception 'no log for %', organization; end if;
    end if;
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
end $$;

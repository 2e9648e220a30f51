-- Uses of quota in one statement: what is decided and what is written are one round trip, and one transaction.

-- Balances, held until the transaction ends; those that are not there yet are made, as what their ledger comes to. All are
-- made before any is held, and both in one order, so that nobody waits for another in a circle. What has no start is left
-- out.
create function lock_quota_balances(organizations text[], keys text[], starts timestamptz[], ends timestamptz[])
returns setof quota_balances language plpgsql as $$
begin
  insert into quota_balances (organization_id, key, window_start, window_end, used, held)
  select g.organization, g.key, g.window_start, g.window_end,
    coalesce((select sum(l.used) from quota_ledger l
      where l.organization_id = g.organization and l.key = g.key and l.window_start = g.window_start), 0),
    coalesce((select sum(l.held) from quota_ledger l
      where l.organization_id = g.organization and l.key = g.key and l.window_start = g.window_start), 0)
  from unnest(organizations, keys, starts, ends) as g (organization, key, window_start, window_end)
  where g.window_start is not null and not exists (
    select from quota_balances b
    where b.organization_id = g.organization and b.key = g.key and b.window_start = g.window_start)
  order by 1, 2, 3
  on conflict do nothing;
  return query
    select b.* from quota_balances b
    join unnest(organizations, keys, starts) as g (organization, key, window_start)
      on b.organization_id = g.organization and b.key = g.key and b.window_start = g.window_start
    order by b.organization_id, b.key, b.window_start
    for update of b;
end $$;

-- Decides requests in their order, each all or nothing, and writes what they use.
--
-- A place is a key of an organization: its window (`starts` is null where it is not metered, and `taken` says how much is
-- taken), the limit (null: none), whether that is soft, whether it is refused whatever is wanted, and the organization's
-- time. An item names its request, its place and a quantity; items are in the order of their requests. A request may
-- have a key (and then a hash of what it wants), under which its outcome is kept together with `frames`.
--
-- Returns for each request what it came to ('used', 'denied', 'before': the outcome is that of before, 'conflict': its key
-- was used for another one), for each item how much is used and held after it, and the items that cross a limit.
create function use_quota(
  at timestamptz,
  organizations text[], keys text[], starts timestamptz[], ends timestamptz[], limits bigint[], soft bool[],
  refused bool[], taken bigint[], times timestamptz[],
  item_requests int[], item_places int[], quantities bigint[],
  request_organizations text[], request_keys text[], request_hashes bytea[], frames jsonb[]
) returns jsonb language plpgsql as $$
#variable_conflict use_variable
declare
  most constant bigint := 9007199254740991;
  used bigint[] := taken;
  held bigint[] := array_fill(0::bigint, array[cardinality(organizations)]);
  balance record;
  request quota_requests;
  place int;
  first int := 1;
  last int := 0;
  allowed bool;
  results text[] := '{}';
  outcomes jsonb[] := array_fill(null::jsonb, array[cardinality(request_organizations)]);
  item_used bigint[] := array_fill(0::bigint, array[cardinality(quantities)]);
  item_held bigint[] := item_used;
  entries int[] := '{}';
  crossing int[] := '{}';
begin
  -- Waits for whoever claims one of the keys right now.
  if array_remove(request_keys, null) <> '{}' then
    insert into quota_requests (organization_id, key, request_hash, outcome, at)
    select distinct on (g.organization, g.key) g.organization, g.key, g.hash, 'null'::jsonb, at
    from unnest(request_organizations, request_keys, request_hashes)
      with ordinality as g (organization, key, hash, n)
    where g.key is not null
    order by g.organization, g.key, g.n
    on conflict do nothing;
  end if;

  for balance in
    select g.n, b.used, b.held
    from lock_quota_balances(organizations, keys, starts, ends) b
    join unnest(organizations, keys, starts) with ordinality as g (organization, key, window_start, n)
      on b.organization_id = g.organization and b.key = g.key and b.window_start = g.window_start
  loop
    used[balance.n] := balance.used;
    held[balance.n] := balance.held;
  end loop;

  for r in 1 .. cardinality(request_organizations) loop
    first := last + 1;
    while item_requests[last + 1] = r loop
      last := last + 1;
    end loop;

    if request_keys[r] is not null then
      select q.* into strict request from quota_requests q
      where q.organization_id = request_organizations[r] and q.key = request_keys[r];
      if request.request_hash <> request_hashes[r] then
        results[r] := 'conflict';
        continue;
      elsif request.outcome <> 'null'::jsonb then
        results[r] := 'before';
        outcomes[r] := request.outcome;
        continue;
      end if;
    end if;

    allowed := true;
    for i in first .. last loop
      place := item_places[i];
      allowed := allowed and not refused[place] and used[place] + held[place] + quantities[i] <= most
        and (limits[place] is null or soft[place] or used[place] + held[place] + quantities[i] <= limits[place]);
    end loop;
    for i in first .. last loop
      place := item_places[i];
      if allowed and starts[place] is not null then
        if (case when soft[place] then used[place] <= limits[place] and used[place] + quantities[i] > limits[place]
            else used[place] < limits[place] and used[place] + quantities[i] >= limits[place] end) then
          crossing := crossing || i;
        end if;
        used[place] := used[place] + quantities[i];
        entries := entries || i;
      end if;
      item_used[i] := used[place];
      item_held[i] := held[place];
    end loop;
    results[r] := case when allowed then 'used' else 'denied' end;

    if request_keys[r] is not null then
      update quota_requests q set outcome = jsonb_build_object('result', results[r], 'frames', frames[r],
        'used', to_jsonb(item_used[first:last]), 'held', to_jsonb(item_held[first:last]))
      where q.organization_id = request_organizations[r] and q.key = request_keys[r];
    end if;
  end loop;

  if entries <> '{}' then
    insert into quota_ledger (organization_id, key, window_start, kind, used, held, at)
    select organizations[item_places[e.i]], keys[item_places[e.i]], starts[item_places[e.i]], 'consume', quantities[e.i],
      0, times[item_places[e.i]]
    from unnest(entries) with ordinality as e (i, n) order by e.n;

    update quota_balances b set used = g.used
    from unnest(organizations, keys, starts, used) as g (organization, key, window_start, used)
    where b.organization_id = g.organization and b.key = g.key and b.window_start = g.window_start
      and b.used <> g.used;
  end if;

  return jsonb_build_object('results', results, 'outcomes', to_jsonb(outcomes), 'used', item_used, 'held', item_held,
    'crossing', crossing);
end $$;

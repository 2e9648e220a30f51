-- Uses of quota in one statement: what is decided and what is written are one round trip, and one transaction.

-- A balance, held until the transaction ends; one that is not there yet is made, as what its ledger comes to. Who holds
-- several takes them in one order (of organization, key and window), so that nobody waits for another in a circle.
create function lock_quota_balance(organization text, key text, starts timestamptz, ends timestamptz)
returns quota_balances language plpgsql as $$
#variable_conflict use_variable
declare
  balance quota_balances;
begin
  for tries in 1 .. 2 loop
    select b.* into balance from quota_balances b
    where b.organization_id = organization and b.key = key and b.window_start = starts
    for update;
    exit when found;
    insert into quota_balances (organization_id, key, window_start, window_end, used, held)
    select organization, key, starts, ends, coalesce(sum(l.used), 0), coalesce(sum(l.held), 0)
    from quota_ledger l
    where l.organization_id = organization and l.key = key and l.window_start = starts
    on conflict do nothing;
  end loop;
  return balance;
end $$;

-- Decides requests in their order, each all or nothing, and writes what they use.
--
-- A place is a key of an organization, in the order in which balances are held: its window (`starts` is null where it is
-- not metered, and `taken` says how much is taken), the limit (null: none), whether that is soft, whether it is refused whatever is wanted, and the organization's
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
  balance quota_balances;
  before bigint[];
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

  -- Single rows by their keys: a join with arrays is planned anew each time, which takes longer than all of this.
  for p in 1 .. cardinality(organizations) loop
    continue when starts[p] is null;
    balance := lock_quota_balance(organizations[p], keys[p], starts[p], ends[p]);
    used[p] := balance.used;
    held[p] := balance.held;
  end loop;
  before := used;

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
  end if;
  for p in 1 .. cardinality(organizations) loop
    continue when used[p] = before[p];
    update quota_balances b set used = used[p]
    where b.organization_id = organizations[p] and b.key = keys[p] and b.window_start = starts[p];
  end loop;

  return jsonb_build_object('results', results, 'outcomes', to_jsonb(outcomes), 'used', item_used, 'held', item_held,
    'crossing', crossing);
end $$;

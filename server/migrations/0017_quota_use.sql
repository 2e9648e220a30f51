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

-- Decides requests of an organization in their order, each all or nothing, and writes what they use, at the organization's
-- time `at`.
--
-- A place is one of the keys, in the order in which balances are held: its window (`starts` is null where it is not metered,
-- and `taken` says how much is taken), the limit (null: none), whether that is soft, and whether it is refused whatever is
-- wanted. An item names its request, its place and a quantity; items are in the order of their requests.
--
-- Returns for each request whether it is allowed, for each item how much is used and held after it, and the items that
-- cross a limit.
create function use_quota(
  organization text, at timestamptz,
  keys text[], starts timestamptz[], ends timestamptz[], limits bigint[], soft bool[], refused bool[], taken bigint[],
  requests int, item_requests int[], item_places int[], quantities bigint[]
) returns jsonb language plpgsql as $$
#variable_conflict use_variable
declare
  most constant bigint := 9007199254740991;
  used bigint[] := taken;
  held bigint[] := array_fill(0::bigint, array[cardinality(keys)]);
  balance quota_balances;
  before bigint[];
  place int;
  first int := 1;
  last int := 0;
  allowed bool;
  results bool[] := '{}';
  item_used bigint[] := array_fill(0::bigint, array[cardinality(quantities)]);
  item_held bigint[] := item_used;
  entries int[] := '{}';
  crossing int[] := '{}';
begin
  -- Single rows by their keys: a join with arrays is planned anew each time, which takes longer than all of this.
  for p in 1 .. cardinality(keys) loop
    continue when starts[p] is null;
    balance := lock_quota_balance(organization, keys[p], starts[p], ends[p]);
    used[p] := balance.used;
    held[p] := balance.held;
  end loop;
  before := used;

  for r in 1 .. requests loop
    first := last + 1;
    while item_requests[last + 1] = r loop
      last := last + 1;
    end loop;
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
    results[r] := allowed;
  end loop;

  if entries <> '{}' then
    insert into quota_ledger (organization_id, key, window_start, kind, used, held, at)
    select organization, keys[item_places[e.i]], starts[item_places[e.i]], 'consume', quantities[e.i], 0, at
    from unnest(entries) with ordinality as e (i, n) order by e.n;
  end if;
  for p in 1 .. cardinality(keys) loop
    continue when used[p] = before[p];
    update quota_balances b set used = used[p]
    where b.organization_id = organization and b.key = keys[p] and b.window_start = starts[p];
  end loop;

  return jsonb_build_object('allowed', results, 'used', item_used, 'held', item_held, 'crossing', crossing);
end $$;

/** What a year came to, organization by organization, with ids and numbers in the place of which others were given. */
import { sql } from 'kysely'
import type { Database } from '../../../platform/db/database.ts'
import { numberOf } from '../../invoices/store.ts'

type Row = Record<string, unknown>

/** What is an organization's own, in an order that follows from what happened. */
export interface Kept {
  /** In the order of the log; a stable sort by their times leaves it as it is. */
  events: Row[]
  subscriptions: Row[]
  invoices: Row[]
  credits: Row[]
  trials: Row[]
  ledger: Row[]
  balances: Row[]
  holds: Row[]
  requests: Row[]
}

/** Each organization's rows. Left out is only what depends on the wall clock or on which process was first. */
export async function keptOf(db: Database, organizationIds: readonly string[]): Promise<Kept[]> {
  const select = async (query: string) => {
    const { rows } = await sql<{ of: string; row: Row }>`${sql.raw(query)}`.execute(db)
    const groups = Map.groupBy(rows, ({ of }) => of)
    return (id: string): Row[] => (groups.get(id) ?? []).map(({ row }) => row)
  }
  const columns = (table: string, without: string[], order: string) =>
    select(`select organization_id as of, to_jsonb(t) - '{${['organization_id', ...without].join()}}'::text[] as row
      from ${table} t order by ${order}`)
  const [events, subscriptions, invoices, credits, trials, ledger, balances, holds, requests] =
    await Promise.all([
      select(`select organization_id as of, jsonb_build_object('type', type, 'at', effective_at,
          'payload', payload - case when type like 'invoice.%' then '{reference,reason}'::text[] else '{}' end) as row
        from events where type ~ '^(subscription|invoice|quota)\\.' order by seq`),
      columns('subscriptions', [], 'started_at, ended_at nulls last'),
      select(`select i.organization_id as of, to_jsonb(i) - '{organization_id}'::text[] || jsonb_build_object('lines', (
          select jsonb_agg(to_jsonb(l) - 'invoice_id' order by l.place) from invoice_lines l where l.invoice_id = i.id)) as row
        from invoices i order by i.number`),
      columns('credits', ['id'], 'id'),
      columns('trials', [], 'started_at, plan'),
      // Batches of calls of one instant are counted in any order.
      columns('quota_ledger', ['id'], 'at, key, window_start, kind, used, held, id'),
      columns('quota_balances', [], 'key, window_start'),
      columns('quota_holds', ['created_at', 'ended_at', 'expires_at'], 'created_at, id'),
      columns('quota_requests', ['at'], 'key'),
    ])
  return organizationIds.map((id) =>
    renamed(id, {
      events: events(id),
      subscriptions: subscriptions(id),
      invoices: invoices(id),
      credits: credits(id),
      trials: trials(id),
      ledger: ledger(id),
      balances: balances(id),
      holds: holds(id),
      requests: requests(id),
    }),
  )
}

/** Ids by the order of their first mention, and numbers of invoices by the order in which the organization got them. */
function renamed(organizationId: string, kept: Kept): Kept {
  const names = new Map<string, string>([
    [`sub_${organizationId.slice(4)}`, 'sub_first'],
    ...kept.invoices.map(
      ({ series, number }, place) =>
        [numberOf(String(series), Number(number)), `number-${place + 1}`] as const,
    ),
  ])
  const named = JSON.parse(
    JSON.stringify(kept).replaceAll(
      /"((?:sub|inv|hld)_[0-9a-z]{26}|(?:TEST-)?\d{6,})"/g,
      (_, found: string) => {
        if (!names.has(found))
          names.set(found, /^(?:TEST-)?\d/.test(found) ? found : `${found.slice(0, 3)}_${names.size}`)
        return `"${names.get(found)}"`
      },
    ),
  ) as Kept
  return {
    ...named,
    // Several may begin and end at one instant.
    subscriptions: named.subscriptions.toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1)),
    invoices: named.invoices.map((row, place) => ({ ...row, number: place + 1 })),
  }
}

/** What is wrong with the money and the numbers of a year, in words; nothing is. */
export async function faultsOf(db: Database): Promise<string[]> {
  const { rows } = await sql<{ fault: string }>`
    select 'the lines of invoice ' || i.id || ' are not its total' as fault from invoices i
      where total <> (select sum(amount) from invoice_lines l where l.invoice_id = i.id)
    union all select 'invoice ' || id || ' is paid in part, or beyond its total' from invoices
      where paid <> case when state = 'paid' then total else 0 end or total < 0
    union all select 'the credit of invoice ' || i.id || ' is not what its lines say' from invoices i
      where (select coalesce(sum(amount), 0) from credits c where c.invoice_id = i.id) <> case when state = 'void' then 0
        else (select coalesce(sum(amount), 0) from invoice_lines l where l.invoice_id = i.id and kind = 'credit') end
    union all select 'credit of ' || organization_id || ' went below nothing' from (
        select organization_id, sum(amount) over (partition by organization_id, currency order by id) as kept from credits) c
      where kept < 0 group by organization_id
    union all select 'numbers of invoices have a gap in the series ' || n.series
      from invoice_numbers n left join invoices i on i.series = n.series
      group by n.series, n.last having n.last <> count(i.id) or n.last <> coalesce(max(i.number), 0)
    union all select 'the log of ' || organization_id || ' has a gap' from events
      group by organization_id having count(*) <> max(seq)
    union all select organization_id || ' has ' || count(*) || ' live subscriptions' from subscriptions
      where ended_at is null group by organization_id having count(*) <> 1`.execute(db)
  return rows.map(({ fault }) => fault)
}

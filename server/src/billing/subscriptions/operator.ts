/** What operators do with subscriptions. */
import { sql } from 'kysely'
import type { SubscriptionState } from '@berth/contracts'
import { createOrganization } from '../../organizations/service.ts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { afterCursor, cutPage } from '../../platform/page.ts'
import { Refusal } from '../../platform/problem.ts'
import { demandClockTime } from '../clock.ts'
import { periodOf } from '../time/periods.ts'
import { take } from './change.ts'
import { anchorOf, named, type Terms } from './model.ts'
import { lockSubscription, saveSubscription } from './store.ts'

interface Filter {
  state?: SubscriptionState | undefined
  plan?: string | undefined
  search?: string | undefined
  cursor?: string | undefined
  limit: number
}

interface Row {
  id: string
  slug: string
  name: string
  kind: string
  subscriptionId: string
  plan: string
  planVersion: number
  state: SubscriptionState
  periodEnd: Date
  graceEndsAt: Date | null
  owed: { currency: string; amount: string }[]
}

/** Organizations with their live subscriptions, newest first. */
export async function pageOfBilled(db: Queryable, filter: Filter) {
  const { state, plan, search, cursor, limit } = filter
  const before = afterCursor(cursor)
  const pattern = search && `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const { rows } = await sql<Row>`
    select o.id, o.slug, o.name, o.kind, s.id as "subscriptionId", v.plan, v.version as "planVersion", s.state,
      s.period_end as "periodEnd", s.grace_ends_at as "graceEndsAt",
      (select coalesce(jsonb_agg(jsonb_build_object('currency', b.currency, 'amount', b.amount) order by b.currency), '[]')
        from (select i.currency, sum(i.total)::text as amount from invoices i
          where i.organization_id = o.id and i.state = 'open' group by i.currency) b) as owed
    from subscriptions s join organizations o on o.id = s.organization_id
      join plan_versions v on v.id = s.plan_version_id
    where s.state not in ('incomplete', 'canceled')
      ${state ? sql`and s.state = ${state}` : sql``}
      ${plan ? sql`and v.plan = ${plan}` : sql``}
      ${pattern ? sql`and (o.name ilike ${pattern} or o.slug ilike ${pattern} or o.id = ${search})` : sql``}
      ${before ? sql`and o.id < ${before}` : sql``}
    order by o.id desc limit ${limit + 1}`.execute(db)
  return cutPage(
    rows,
    limit,
    (row) => row.id,
    ({ id, slug, name, kind, periodEnd, graceEndsAt, ...row }) => ({
      ...row,
      organization: { id, slug, name, kind },
      periodEnd: periodEnd.toISOString(),
      graceEndsAt: graceEndsAt?.toISOString() ?? null,
    }),
  )
}

/** Lets an organization be over its limits until a time; null ends that. */
export async function allowOverLimit(
  tx: Tx,
  organizationId: string,
  { until, reason }: { until: string | null; reason: string },
  terms: Terms,
): Promise<void> {
  const { one, now } = await take(tx, organizationId, terms)
  const overLimitUntil = until === null ? null : new Date(until)
  if (overLimitUntil !== null && overLimitUntil <= now) {
    const message = `must be after ${now.toISOString()}; null ends it`
    throw new Refusal('invalid_input', `until: ${message}.`, { errors: [{ path: 'until', message }] })
  }
  const said = { ...named(one), until: overLimitUntil?.toISOString() ?? null, reason }
  tx.emit(organizationId, 'subscription.over_limit_allowed', said, now)
  await saveSubscription(tx, { ...one, overLimitUntil })
}

/** Creates an organization that lives by a clock of its own, for ever; nothing of it is ever paid for real. */
export async function createTestOrganization(
  tx: Tx,
  given: { name: string; timeZone: string; now?: string | undefined; ownerId: string },
): Promise<{ organizationId: string; slug: string; now: string }> {
  const { name, timeZone, ownerId } = given
  const now = given.now === undefined ? tx.now : new Date(given.now)
  demandClockTime(now, 'now')
  const { id, slug } = await createOrganization(tx, { name, timeZone, ownerId })
  await tx.db.updateTable('organizations').set({ kind: 'test' }).where('id', '=', id).execute()
  await tx.db.insertInto('testClocks').values({ organizationId: id, now }).execute()
  const born = await lockSubscription(tx, id)
  const { start, end } = periodOf(anchorOf({ ...born, anchor: now }, born.plan), 0)
  await saveSubscription(tx, { ...born, anchor: now, periodStart: start, periodEnd: end, startedAt: now })
  return { organizationId: id, slug, now: now.toISOString() }
}

/** What an export holds of subscriptions, quotas, invoices and invitations. Amounts are in minor units. */
import type { ExportedTable } from './tables.ts'

export const billingTables: readonly ExportedTable[] = [
  {
    name: 'plan-versions',
    from: ['plan_versions'],
    about: 'The plans it is or was on, as they were published',
    sql: `select id, plan, version, name, description, price, currency, per, interval, trial_days as "trialDays",
      due_days as "dueDays", grace_days as "graceDays", fallback, grants, published_at as "publishedAt"
      from plan_versions where id in (
        select plan_version_id from subscriptions where organization_id = $1
        union select scheduled_plan_version_id from subscriptions where organization_id = $1) order by id`,
  },
  {
    name: 'subscriptions',
    from: ['subscriptions'],
    about: 'Its subscriptions, the present one and those before',
    sql: `select id, plan_version_id as "planVersionId", state, seats, provider, provider_ref as "providerRef",
      time_zone as "timeZone", anchor, period, period_start as "periodStart", period_end as "periodEnd",
      trial_ends_at as "trialEndsAt", past_due_since as "pastDueSince", grace_ends_at as "graceEndsAt",
      cancel_at_period_end as "cancelAtPeriodEnd", scheduled_plan_version_id as "scheduledPlanVersionId",
      scheduled_seats as "scheduledSeats", over_limit_until as "overLimitUntil", started_at as "startedAt",
      ended_at as "endedAt" from subscriptions where organization_id = $1 order by started_at, id`,
  },
  {
    name: 'trials',
    from: ['trials'],
    about: 'The trials it had',
    sql: `select plan, started_at as "startedAt" from trials where organization_id = $1 order by plan`,
  },
  {
    name: 'invoices',
    from: ['invoices', 'invoice_lines'],
    about: 'Its invoices with their lines',
    sql: `select i.id, i.subscription_id as "subscriptionId", i.purpose, i.series, i.number, i.state, i.currency, i.total, i.paid,
      i.reference, i.issued_at as "issuedAt", i.due_at as "dueAt", i.paid_at as "paidAt", i.created_at as "createdAt",
      coalesce((select json_agg(json_build_object('kind', l.kind, 'description', l.description,
        'quantity', l.quantity, 'unitAmount', l.unit_amount, 'amount', l.amount, 'periodStart', l.period_start,
        'periodEnd', l.period_end) order by l.place) from invoice_lines l where l.invoice_id = i.id), '[]') as lines
      from invoices i where i.organization_id = $1 order by i.created_at, i.id`,
  },
  {
    name: 'credits',
    from: ['credits'],
    about: 'What was kept for it, entry by entry',
    sql: `select id, currency, amount, invoice_id as "invoiceId", reason, at
      from credits where organization_id = $1 order by id`,
  },
  {
    name: 'quota-balances',
    from: ['quota_balances'],
    about: 'How much of each quota was used in each window',
    sql: `select key, window_start as "windowStart", window_end as "windowEnd", used, held
      from quota_balances where organization_id = $1 order by key, window_start`,
  },
  {
    name: 'quota-ledger',
    from: ['quota_ledger'],
    about: 'Every movement of a quota that is still kept',
    sql: `select id, key, window_start as "windowStart", kind, used, held, hold_id as "holdId", at
      from quota_ledger where organization_id = $1 order by id`,
  },
  {
    name: 'quota-holds',
    from: ['quota_holds'],
    about: 'Quota that was reserved',
    sql: `select id, items, used, state, actor, expires_at as "expiresAt", created_at as "createdAt", ended_at as "endedAt"
      from quota_holds where organization_id = $1 order by id`,
  },
  {
    name: 'invitations',
    from: ['invitations'],
    about: 'Who was invited, without the invitations themselves',
    sql: `select id, email, role, state, invited_by as "invitedBy", created_at as "createdAt", sent_at as "sentAt",
      expires_at as "expiresAt", ended_at as "endedAt" from invitations where organization_id = $1 order by id`,
  },
]

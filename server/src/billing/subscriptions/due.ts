/** What the clock does next to a subscription. Pure: late workers find the same steps at the same times. */
import type { Held } from './model.ts'

/** Days before the end of a trial or of the grace at which is warned. */
export const warningDays = [7, 3, 1] as const

export type Due = { at: Date } & (
  | { what: 'warn'; days: number }
  | { what: 'overdue' }
  | { what: 'lapse' }
  | { what: 'trial-end' }
  | { what: 'expire' }
  | { what: 'period-end' }
)

const hourMs = 3600_000
const dayMs = 24 * hourMs

/** When a checkout is given up; what is paid for a period is paid within it. */
export const checkoutEnd = ({ startedAt, periodEnd }: Pick<Held, 'startedAt' | 'periodEnd'>): Date =>
  new Date(Math.min(startedAt.getTime() + 23 * hourMs, periodEnd.getTime()))

/** When it can be paid no more: a little before it is given up, so that what was paid in the last minute is waited for. */
export const checkoutCloses = (one: Pick<Held, 'startedAt' | 'periodEnd'>): Date =>
  new Date(checkoutEnd(one).getTime() - hourMs / 2)

/** The next step and when it falls due; null: never. `unpaidSince`: when the oldest unpaid invoice is or was due. */
export function nextDue(one: Held, unpaidSince: Date | null): Due | null {
  return candidates(one, unpaidSince).reduce<Due | null>(
    (first, next) => (first === null || next.at < first.at ? next : first),
    null,
  )
}

/** Of those at the same instant the first one wins: what lapses is not billed again. */
function candidates(one: Held, unpaidSince: Date | null): Due[] {
  switch (one.state) {
    case 'trialing':
      return [...warning(one, one.periodStart, one.trialEndsAt!), { what: 'trial-end', at: one.trialEndsAt! }]
    case 'active':
      return [
        ...(unpaidSince ? [{ what: 'overdue', at: unpaidSince } as const] : []),
        { what: 'period-end', at: one.periodEnd },
      ]
    case 'past_due':
      return [
        ...warning(one, one.pastDueSince!, one.graceEndsAt!),
        { what: 'lapse', at: one.graceEndsAt! },
        { what: 'period-end', at: one.periodEnd },
      ]
    case 'incomplete':
      return [{ what: 'expire', at: checkoutEnd(one) }]
    case 'suspended':
    case 'canceled':
  }
  return []
}

function warning({ warnedDays }: Held, since: Date, end: Date): Due[] {
  const open = warningDays
    .filter((days) => warnedDays === null || days < warnedDays)
    .map((days) => ({ what: 'warn' as const, days, at: new Date(end.getTime() - days * dayMs) }))
    .find(({ at }) => at > since)
  return open ? [open] : []
}

/** What follows by itself, in order, as sentences. */
export function aheadOf(one: Held, unpaidSince: Date | null): { at: Date; what: string }[] {
  const { plan, scheduled } = one
  const list: { at: Date; what: string }[] = []
  const renewal = () => {
    if (one.cancelAtPeriodEnd) return `${plan.name} ends.`
    const after = scheduled?.plan ?? plan
    if (scheduled && scheduled.plan.id !== plan.id) return `It changes to ${after.name}.`
    if (scheduled) return `It goes on with ${scheduled.seats} ${scheduled.seats === 1 ? 'seat' : 'seats'}.`
    return after.price > 0n ? `${after.name} renews, and an invoice is issued.` : 'The next period begins.'
  }
  if (one.state === 'trialing') {
    const ends = one.cancelAtPeriodEnd || scheduled
    list.push({
      at: one.trialEndsAt!,
      what: `The trial ends. ${ends ? renewal() : `${plan.name} is paid for from then on.`}`,
    })
  }
  if (one.state === 'active' || one.state === 'past_due') list.push({ at: one.periodEnd, what: renewal() })
  if (one.state === 'active' && unpaidSince)
    list.push({ at: unpaidSince, what: 'The open invoice is due; unpaid, it is overdue from then on.' })
  if (one.state === 'past_due') {
    const end = plan.fallback
      ? `the organization falls back to the plan ${plan.fallback}`
      : 'the organization is suspended'
    list.push({
      at: one.graceEndsAt!,
      what: `The grace period ends: unless the invoice is paid by then, ${end}.`,
    })
  }
  return list.toSorted((a, b) => a.at.getTime() - b.at.getTime())
}

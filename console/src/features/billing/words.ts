import {
  entitlementKeys,
  entitlements,
  type EntitlementKey,
  formatMoney,
  type Grant,
  type InvoiceState,
  type PlanVersion,
  type QuotaHold,
  type QuotaHoldState,
  type SubscriptionState,
} from '@berth/contracts'
import type { Mark } from '../../ui/StatusMark.tsx'

export const subscriptionMarks: Record<SubscriptionState, Mark> = {
  incomplete: { tone: 'wait', shape: 'progress', word: 'incomplete' },
  trialing: { tone: 'accent', shape: 'dot', word: 'on trial' },
  active: { tone: 'good', shape: 'dot', word: 'active' },
  past_due: { tone: 'wait', shape: 'warning', word: 'past due' },
  suspended: { tone: 'bad', shape: 'square', word: 'suspended' },
  canceled: { tone: 'idle', shape: 'square', word: 'canceled' },
}

export const invoiceMarks: Record<InvoiceState, Mark> = {
  draft: { tone: 'idle', shape: 'progress', word: 'draft' },
  open: { tone: 'wait', shape: 'diamond', word: 'open' },
  paid: { tone: 'good', shape: 'check', word: 'paid' },
  void: { tone: 'idle', shape: 'square', word: 'void' },
  uncollectible: { tone: 'bad', shape: 'cross', word: 'written off' },
}

export const holdMarks: Record<QuotaHoldState, Mark> = {
  held: { tone: 'wait', shape: 'diamond', word: 'held' },
  confirmed: { tone: 'good', shape: 'check', word: 'confirmed' },
  released: { tone: 'idle', shape: 'square', word: 'released' },
  expired: { tone: 'idle', shape: 'square', word: 'expired' },
}

/** What is to be paid, in every currency that it is to be paid in. */
export const owedWords = (owed: { amount: string; currency: string }[]): string =>
  owed.map(({ amount, currency }) => formatMoney(amount, currency)).join(' and ')

/** What a plan costs: `€49.00 a month`, `€39.00 a seat and month`, `free of charge`. */
export function priceOf({ price, currency, per, interval }: PlanVersion): string {
  if (BigInt(price) === 0n) return 'free of charge'
  return `${formatMoney(price, currency)} a ${per === 'seat' ? 'seat and ' : ''}${interval}`
}

export const isKnown = (key: string): key is EntitlementKey => key in entitlements

export const titleOf = (key: string): string => (isKnown(key) ? entitlements[key].title : key)

const singles: Record<string, string> = { people: 'person' }

/** How many of what: `25 servers`, `1 person`. */
export const counted = (count: number, unit: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? (singles[unit] ?? unit.replace(/s$/, '')) : unit}`

/** What a hold holds: `10 calls`; confirmed with less, `7 of 10 calls`. */
export const heldOf = ({ state, items }: Pick<QuotaHold, 'state' | 'items'>): string =>
  items
    .map(({ key, quantity, used }) => {
      const whole = counted(quantity, isKnown(key) ? entitlements[key].unit : '')
      return state === 'confirmed' && used !== quantity ? `${used?.toLocaleString('en')} of ${whole}` : whole
    })
    .join(', ')

/** The keys in the order in which they are shown everywhere. */
export const placeOf = (key: string): number => (isKnown(key) ? entitlementKeys.indexOf(key) : Infinity)

/** What a plan grants of one key: `25 servers`, `250,000 calls a month`, `included`; seats as its price has them. */
export function grantOf({ key, limit, reset, mode }: Grant, per: PlanVersion['per']): string {
  const { kind, unit } = entitlements[key]
  if (limit === 0) return 'not included'
  if (kind === 'boolean') return 'included'
  if (key === 'seats' && per === 'seat' && limit === null) return 'as many as you pay for'
  if (limit === null) return 'as many as you like'
  const often = reset ? ` a ${reset}` : ''
  const soft = kind === 'metered' && mode === 'soft' ? '; more are let through and marked' : ''
  return `${counted(limit, unit)}${often}${soft}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatIn(timeZone: string, time: boolean): Intl.DateTimeFormat {
  const key = `${timeZone} ${time}`
  const format =
    formats.get(key) ??
    new Intl.DateTimeFormat('en-GB', {
      dateStyle: 'medium',
      ...(time ? { timeStyle: 'short' as const } : {}),
      timeZone,
    })
  formats.set(key, format)
  return format
}

/** The day by the calendar of a zone: `23 Nov 2026`. */
export const dayOf = (at: string, timeZone: string): string => formatIn(timeZone, false).format(new Date(at))

/** The moment in a zone, which is named. */
export const momentOf = (at: string, timeZone: string): string =>
  `${formatIn(timeZone, true).format(new Date(at))} ${timeZone}`

/** How far away a moment is: `in 5 d`, `2 h ago`, `now`. Milliseconds. */
export function distanceOf(at: number, now: number): string {
  const away = Math.abs(at - now)
  const hours = Math.floor(away / 3_600_000)
  if (away < 60_000) return 'now'
  const span =
    hours >= 24
      ? `${Math.floor(hours / 24)} d`
      : hours > 0
        ? `${hours} h`
        : `${Math.floor(away / 60_000)} min`
  return at > now ? `in ${span}` : `${span} ago`
}

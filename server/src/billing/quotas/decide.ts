/** May so much be used? Pure, and in the order in which it is asked. */
import {
  entitlementKeys,
  entitlements,
  maxQuantity,
  type BillingQuotaOutcome,
  type EntitlementKey,
} from '@berth/contracts'
import { Refusal } from '../../platform/problem.ts'
import { noAccess } from '../access.ts'
import { limitOf, windowIn, type Entitled } from './entitled.ts'
import { placeOf, type Balance, type Place } from './ledger.ts'

export interface Wanted {
  key: string
  quantity: number
}

/** What of one key is used and held now. */
export interface Stand {
  used: number
  held: number
}

/** What of keys is used: metered ones by their balances, the others by what stands. */
export type Stands = (key: string) => Stand

/** The window of a metered key that the plan grants; null: it is not metered, or not granted. */
export function placeFor(entitled: Entitled, key: string): Place | null {
  const grant = entitled.grants.find((one) => one.key === key)
  if (!grant?.reset || kindOf(key) !== 'metered') return null
  return { key, window: windowIn(entitled, grant.reset) }
}

export const kindOf = (key: string) =>
  Object.hasOwn(entitlements, key) ? entitlements[key as EntitlementKey].kind : null

/** Why a key cannot be counted by use, with those that can; null: it can. */
export function whyUnmetered(key: string): string | null {
  const kind = kindOf(key)
  if (kind === 'metered') return null
  const metered = entitlementKeys.filter((one) => kindOf(one) === 'metered').join(', ')
  return `"${key}" ${kind === null ? 'is no entitlement' : 'is not counted by use'}. Those that are: ${metered}.`
}

/** Quantities of one key added up, in the order of their keys. Throws `invalid_input` for what is no quantity. */
export function addUp(items: readonly Wanted[]): Wanted[] {
  const sums = new Map<string, number>()
  for (const { key, quantity } of items) {
    const sum = (sums.get(key) ?? 0) + quantity
    if (!Number.isInteger(quantity) || quantity < 1 || sum > maxQuantity) {
      throw new Refusal(
        'invalid_input',
        `The quantity of ${JSON.stringify(key)} must be a whole number from 1 to ${maxQuantity}.`,
      )
    }
    sums.set(key, sum)
  }
  return [...sums].map(([key, quantity]) => ({ key, quantity })).toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

export interface Answer {
  allowed: boolean
  items: BillingQuotaOutcome[]
}

/** How a key of an organization is granted now: all that a decision needs but how much there is of it. */
export interface Frame {
  key: string
  /** Why nothing of it may be used, whatever is wanted. */
  refusal: string | null
  /** Null: as much as you like. */
  limit: number | null
  soft: boolean
  metered: boolean
  window: { start: string; end: string } | null
}

export function frameOf(entitled: Entitled | null, key: string): Frame {
  const place = entitled && placeFor(entitled, key)
  const window = place && {
    start: place.window.start.toISOString(),
    end: place.window.end.toISOString(),
  }
  const frame = { key, soft: false, metered: place !== null, window }
  const standing = entitled?.standing ?? 'missing'
  if (standing === 'missing' || standing === 'suspended')
    return { ...frame, limit: 0, refusal: noAccess[standing].note }
  const grant = entitled!.grants.find((one) => one.key === key)
  const limit = limitOf(entitled!, key)
  if (!grant || limit === undefined || kindOf(key) === null)
    return { ...frame, limit: 0, refusal: `billing:entitlement-missing:${key}` }
  return { ...frame, limit, soft: grant.mode === 'soft' && kindOf(key) === 'metered', refusal: null }
}

/** Whether all of it may be used, and how each key stands. `use_quota` of the database decides the same. */
export function decide(entitled: Entitled | null, wanted: readonly Wanted[], stands: Stands): Answer {
  const items = wanted.map(({ key, quantity }) => {
    const [frame, stand] = [frameOf(entitled, key), stands(key)]
    return outcomeOf(frame, stand, fits(frame, quantity, stand))
  })
  return { allowed: items.every(({ allowed }) => allowed), items }
}

export function fits({ refusal, limit, soft }: Frame, quantity: number, { used, held }: Stand): boolean {
  const sum = used + held + quantity
  return refusal === null && sum <= maxQuantity && (limit === null || soft || sum <= limit)
}

export function outcomeOf(frame: Frame, { used, held }: Stand, allowed: boolean): BillingQuotaOutcome {
  const { key, limit, metered, window, refusal } = frame
  return {
    allowed,
    entitlementKey: key,
    limit,
    used,
    held,
    remaining: limit === null ? null : Math.max(0, limit - used - held),
    overage: metered && refusal === null && limit !== null ? Math.max(0, used - limit) : 0,
    window,
    notes: allowed ? [] : [refusal ?? `billing:quota-exceeded:${key}`],
  }
}

/** Stands of balances that are read; what has none was not used. */
export function standsOf(
  entitled: Entitled | null,
  balances: ReadonlyMap<string, Balance>,
  others: ReadonlyMap<string, number>,
): Stands {
  return (key) => {
    const place = entitled && placeFor(entitled, key)
    const balance = place && balances.get(placeOf(key, place.window.start))
    if (balance) return balance
    return { used: others.get(key) ?? 0, held: 0 }
  }
}

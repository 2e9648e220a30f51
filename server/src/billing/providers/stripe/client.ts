import { Stripe } from 'stripe'
import { minorDigits } from '@berth/contracts'
import type { StripeConfig } from '../../../platform/config.ts'

/** The types of the package are those of this version, and answers are asked for in it, whatever the account is on. */
const apiVersion = '2026-10-28.endive'

/** `retries`: how often a request is sent again by itself, with the same idempotency key. */
export function openStripe({ secretKey, api }: StripeConfig, retries = 2): Stripe {
  const address = api === null ? null : new URL(api)
  return new Stripe(secretKey, {
    apiVersion,
    appInfo: { name: 'Berth' },
    maxNetworkRetries: retries,
    timeout: 20_000,
    telemetry: false,
    ...(address && {
      protocol: address.protocol === 'http:' ? ('http' as const) : ('https' as const),
      host: address.hostname,
      ...(address.port && { port: address.port }),
    }),
  })
}

const noDecimals = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '))
const threeDecimals = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND'])

/** Two, unless Stripe says otherwise: also of currencies that are written without, such as HUF. */
const decimalsAtStripe = (currency: string): number =>
  noDecimals.has(currency) ? 0 : threeDecimals.has(currency) ? 3 : 2

/** An amount of minor units as Stripe counts it. */
export const stripeAmount = (amount: bigint, currency: string): number =>
  Number(amount * 10n ** BigInt(Math.max(0, decimalsAtStripe(currency) - minorDigits(currency))))

/** What it is called at Stripe, wherever it stands: ids, or whole objects where they were asked for. */
export const idOf = (given: string | { id: string } | null | undefined): string | null =>
  typeof given === 'string' ? given : (given?.id ?? null)

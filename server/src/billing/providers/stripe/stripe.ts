/** Stripe: it collects what Berth's invoices say. Plans, periods and seats are none of its business. */
import type { IncomingHttpHeaders } from 'node:http'
import type { StripeConfig } from '../../../platform/config.ts'
import type { Platform } from '../../../platform/platform.ts'
import { Refusal } from '../../../platform/problem.ts'
import { checkoutCloses } from '../../subscriptions/due.ts'
import type { Terms } from '../../subscriptions/model.ts'
import { findIncomplete } from '../../subscriptions/store.ts'
import { findCustomer, organizationOfCustomer } from '../customers.ts'
import type { Collector, Handled, InboxEvent, VerifiedEvent } from '../provider.ts'
import { reconcileOne } from '../reconcile.ts'
import { reportCharges } from './charges.ts'
import { bringCheckouts, refusalIdentity } from './checkouts.ts'
import { idOf, openStripe } from './client.ts'
import { compare, name, origin, type Comparison, type Shared } from './comparison.ts'
import { bringCustomer, bringDetails, keepMethod } from './customer.ts'
import { bringInvoices } from './invoices.ts'
import { createPortal } from './portal.ts'
import { createTurns } from './turns.ts'

type Ref = string | { id: string } | null

/** What an event is about, as far as it says whose it is. */
interface Told {
  object?: string
  id?: string
  customer?: Ref
  charge?: Ref
}

export interface StripeOptions {
  settings: StripeConfig
  /** The page of an organization's subscription, to which people come back. */
  page(organizationId: string): string
  /** How often a request is sent again by itself. */
  retries?: number
}

export function createStripe(platform: Platform, terms: Terms, options: StripeOptions): Collector {
  const { settings, page, retries } = options
  const stripe = openStripe(settings, retries)
  const shared: Shared = { stripe, platform, terms, page }
  const inTurn = createTurns(platform.db)
  const portalOf = createPortal(shared)

  /** One comparison of an organization at a time: what it writes follows from what it just fetched. */
  const comparing = <T>(organizationId: string, dryRun: boolean, work: (one: Comparison) => Promise<T>) =>
    inTurn(`billing/${name}/${organizationId}`, () => work(compare(shared, organizationId, dryRun)))

  const collector: Collector = {
    name,
    verify: async (body, headers) => verified(settings.webhookSecret, body, headers),
    handle: (event) => handle(event),
    sync: (organizationId, { dryRun = false } = {}) =>
      comparing(organizationId, dryRun, async (comparison) => {
        if (!(await findCustomer(platform.db, organizationId, name))) return []
        const customer = await bringCustomer(comparison)
        if (!customer) await keepMethod(comparison, null)
        else {
          const current = await bringCheckouts(comparison, customer)
          await bringInvoices(comparison, current)
          await reportCharges(comparison, current)
          await bringDetails(comparison, current)
          await keepMethod(comparison, current)
        }
        return comparison.found
      }),
    checkout: (invoiceId) => checkout(invoiceId),
    portal: (organizationId) =>
      comparing(organizationId, false, async (comparison) => {
        const customer = await bringCustomer(comparison)
        if (!customer)
          throw new Refusal(
            'invalid_state',
            'Its customer was deleted at Stripe. The next checkout makes another.',
          )
        return portalOf(customer)
      }),
  }

  async function handle({ body }: InboxEvent): Promise<Handled> {
    const ref = await customerOf(JSON.parse(body.toString()))
    const organizationId = ref && (await organizationOfCustomer(platform.db, name, ref))
    if (!organizationId) return { outcome: 'ignored', organizationId: null }
    await reconcileOne(platform, collector, organizationId, { origin })
    return { outcome: 'processed', organizationId }
  }

  /** Which customer an event is of; whatever it tells, what holds is fetched. */
  async function customerOf(event: unknown): Promise<string | null> {
    const object = (event as { data?: { object?: Told } }).data?.object
    if (!object) return null
    if (object.object === 'customer') return object.id ?? null
    // A dispute names what was charged alone.
    const charge = object.object === 'dispute' ? idOf(object.charge) : null
    return idOf(charge === null ? object.customer : (await stripe.charges.retrieve(charge)).customer)
  }

  async function checkout(invoiceId: string) {
    const { organizationId } = await platform.db
      .selectFrom('invoices')
      .select('organizationId')
      .where('id', '=', invoiceId)
      .executeTakeFirstOrThrow()
    const found = await comparing(organizationId, false, async (comparison) => {
      const customer = await bringCustomer(comparison, { renew: true })
      if (customer) {
        await bringDetails(comparison, customer)
        await bringCheckouts(comparison, customer)
      }
      return comparison.found
    })
    const refused = found.find(({ identity }) => identity === refusalIdentity(invoiceId))
    if (refused) throw new Refusal('invalid_state', refused.what)
    const { payUrl, subscriptionId } = await platform.db
      .selectFrom('invoices')
      .select(['payUrl', 'subscriptionId'])
      .where('id', '=', invoiceId)
      .executeTakeFirstOrThrow()
    const waiting = await findIncomplete(platform.db, organizationId)
    if (payUrl === null || waiting?.id !== subscriptionId)
      throw new Refusal(
        'invalid_state',
        'The change of plan waits no more: it is done, or was given up meanwhile.',
      )
    return { url: payUrl, expiresAt: checkoutCloses(waiting) }
  }

  /** Throws `unauthenticated`, `invalid_input`. */
  async function verified(
    secret: string,
    body: Buffer,
    headers: IncomingHttpHeaders,
  ): Promise<VerifiedEvent> {
    const signature = headers['stripe-signature']
    if (typeof signature !== 'string')
      throw new Refusal('unauthenticated', 'Stripe-Signature: is missing. Events are taken only from Stripe.')
    try {
      const { id, type } = await stripe.webhooks.constructEventAsync(body, signature, secret)
      if (typeof id === 'string' && typeof type === 'string') return { eventId: id, type }
    } catch (error) {
      if ((error as { type?: string }).type === 'StripeSignatureVerificationError')
        throw new Refusal(
          'unauthenticated',
          'Stripe-Signature: does not fit the body, was made with another secret than BERTH_STRIPE_WEBHOOK_SECRET, or is more than five minutes old.',
        )
      if (!(error instanceof SyntaxError)) throw error
    }
    throw new Refusal('invalid_input', 'The body must be an event of Stripe.')
  }

  return collector
}

/** Stripe's own pages for cards and receipts. */
import type { Stripe } from 'stripe'
import type { Shared } from './comparison.ts'

/** What may be done there; plans are changed in Berth, and names and addresses come from there. */
const features = {
  customer_update: { enabled: false },
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true },
  subscription_cancel: { enabled: false },
  subscription_update: { enabled: false },
} satisfies Stripe.BillingPortal.ConfigurationCreateParams.Features

/** Raised where what may be done there changes: then a new configuration is made. */
const edition = '1'

export function createPortal({ stripe, page }: Pick<Shared, 'stripe' | 'page'>) {
  let known: Promise<string> | null = null

  async function configuration(): Promise<string> {
    for await (const one of stripe.billingPortal.configurations.list({ active: true, limit: 100 }))
      if (one.metadata?.['berth'] === edition) return one.id
    const made = await stripe.billingPortal.configurations.create(
      { features, metadata: { berth: edition } },
      { idempotencyKey: `berth/portal/${edition}` },
    )
    return made.id
  }

  return async function portalOf({ id: customer, metadata }: Stripe.Customer): Promise<{ url: string }> {
    known ??= configuration()
    const configured = await known.catch((error: unknown) => {
      known = null
      throw error
    })
    const { url } = await stripe.billingPortal.sessions.create({
      customer,
      configuration: configured,
      return_url: page(metadata['organization'] ?? ''),
    })
    return { url }
  }
}

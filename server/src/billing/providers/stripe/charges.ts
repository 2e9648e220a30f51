/** What happened at Stripe to money that had come: it takes a person to say what follows. */
import type { Stripe } from 'stripe'
import type { Comparison } from './comparison.ts'

export async function reportCharges(
  { stripe, report }: Comparison,
  { id: customer }: Stripe.Customer,
): Promise<void> {
  for await (const charge of stripe.charges.list({ customer, limit: 100 })) {
    const { id, amount_refunded: back, amount, disputed } = charge
    const words = `${amount} (in minor units of ${charge.currency.toUpperCase()}, charge ${id})`
    if (back > 0)
      report(
        `charge/${id}/refunded`,
        `Of ${words}, ${back} was given back at Stripe. Say here what follows: change or cancel the plan, or leave it.`,
      )
    if (disputed) report(`charge/${id}/disputed`, `The payment of ${words} is disputed. Answer it at Stripe.`)
  }
}

/** What a fake Stripe offers to tests. */
import type { Params } from './shapes.ts'

// What stands in it is Stripe's, and as loosely typed as it comes over the wire.
// oxlint-disable-next-line typescript/no-explicit-any
export type Thing = any

export interface Card {
  last4?: string
  /** What it answers to a payment; null: it pays. */
  fails?: 'expired_card' | 'card_declined' | null
}

export interface World {
  seed: string
  run(route: string, asked: { path: string; params: Params }): Thing
  things(object: string): Thing[]
  thing(id: string): Thing
  /** Somebody pays at a checkout, or leaves a card there. */
  payCheckout(sessionId: string, card?: Card): void
  expireCheckout(sessionId: string): void
  /** Somebody pays an invoice on its page. */
  payOnPage(invoiceId: string): void
  /** Somebody changes the card on Stripe's own pages. */
  changeCard(customerId: string, card?: Card): void
  /** What the card that is kept answers from now on. */
  cardAnswers(customerId: string, fails: Card['fails']): void
  /** Stripe tries an open invoice again, as it does by itself. */
  retry(invoiceId: string): void
  refund(paymentIntent: string, amount: number): void
  dispute(paymentIntent: string): void
  deleteCustomer(id: string): void
  /** Something that people or other programs do there. */
  change(id: string, values: Thing): void
  /** Searches find what was made only from now on. */
  searchLags: { now: boolean }
}

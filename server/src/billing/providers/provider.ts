/** What Berth asks of whoever collects payments. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Drift } from '@berth/contracts'

/** An event whose signature holds. */
export interface VerifiedEvent {
  /** The provider's own id of it. */
  eventId: string
  type: string
}

export interface InboxEvent extends VerifiedEvent {
  body: Buffer
  receivedAt: Date
}

/** What became of an event: `ignored` ones are none of ours, or of a type that says nothing here. */
export interface Handled {
  outcome: 'processed' | 'ignored'
  organizationId: string | null
}

/** One that sends events to `/api/webhooks/billing/<name>`. */
export interface EventSource {
  name: string
  /** Checks the signature over the body as it came. Throws `unauthenticated` where it does not hold, `invalid_input`. */
  verify(body: Buffer, headers: IncomingHttpHeaders): Promise<VerifiedEvent>
  /**
   * Does what an event asks for; safe to repeat, in whatever order events come. Throws where it has to be tried again; a
   * refusal of what was sent (below 500) is final.
   */
  handle(event: InboxEvent): Promise<Handled>
}

/** One that collects invoices. Berth's invoices are the truth; what it has is made to follow them. */
export interface Collector extends EventSource {
  /**
   * Compares an organization with what the provider has of it: makes, pays, voids there what is missing, takes over here
   * what was paid there, and tells the rest. `dryRun`: changes nothing anywhere, and `repaired` says what would be.
   */
  sync(organizationId: string, options?: { dryRun?: boolean }): Promise<Drift[]>
  /** Where a draft is paid. Made once for each; asked again, it is the same one. */
  checkout(invoiceId: string): Promise<{ url: string; expiresAt: Date }>
  /** The provider's pages for the organization's cards and receipts. */
  portal(organizationId: string): Promise<{ url: string }>
}

/** Deliveries of the generic provider, as somebody who has the secret makes them. */
import { randomUUID } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import type { Database } from '../../../platform/db/database.ts'
import { keepEvent } from '../inbox.ts'

export const secret = `whsec_${Buffer.from('a secret that is long enough.').toString('base64')}`

export interface Delivery {
  body: string | Buffer
  headers: Record<string, string>
}

/** A delivery that is signed; of another time, or with another secret, if that is said. */
export function signed(
  body: string,
  { id = randomUUID(), at = new Date(), by = secret }: { id?: string; at?: Date; by?: string } = {},
): Delivery {
  return {
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(by).sign(id, at, body),
    },
  }
}

export const eventOf = (type: string, data: unknown): string => JSON.stringify({ type, data })

export const deliver = (url: string, { body, headers }: Delivery, provider = 'standard') =>
  fetch(`${url}/api/webhooks/billing/${provider}`, { method: 'POST', headers, body: Buffer.from(body) })

/** Puts an event into the inbox as if it had been delivered. */
export async function receive(
  db: Database,
  body: string,
  {
    eventId = randomUUID(),
    provider = 'standard',
    at = new Date(),
  }: { eventId?: string; provider?: string; at?: Date } = {},
): Promise<string> {
  const { type } = JSON.parse(body) as { type: string }
  await keepEvent(db, provider, { eventId, type }, { body: Buffer.from(body), at })
  return eventId
}

export const inboxOf = (db: Database) => db.selectFrom('billingWebhooks').selectAll().orderBy('id').execute()

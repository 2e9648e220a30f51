/** The generic provider: whatever can sign as Standard Webhooks has it tells of payments and of use. */
import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { z } from 'zod'
import { invoiceRef, maxQuantity, organizationRef, timestamp } from '@berth/contracts'
import { findOrganizationId } from '../../organizations/service.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'
import { settleUsage } from '../quotas/settle.ts'
import type { Terms } from '../subscriptions/model.ts'
import { recordPayment } from './payment.ts'
import type { EventSource, Handled, VerifiedEvent } from './provider.ts'

const name = 'standard'
const origin = { actor: systemActor(`billing.${name}`), requestId: null }

const word = z
  .string()
  .min(1)
  .max(200)
  // oxlint-disable-next-line no-control-regex -- control characters are just what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters')

const envelope = z.object({ type: word, data: z.unknown() })

const amountFault = 'must be minor units as a whole number, such as 1900 or "1900"'

const isAmount = (amount: string | number) =>
  /^[1-9]\d{0,17}$/.test(String(amount)) && (typeof amount === 'string' || Number.isSafeInteger(amount))

const payment = z.object({
  invoice: invoiceRef,
  amount: z
    .union([z.string(), z.number()], amountFault)
    .refine(isAmount, amountFault)
    .transform((amount) => BigInt(amount)),
  currency: z
    .string()
    .regex(/^[A-Za-z]{3}$/, 'must be three letters, such as EUR')
    .toUpperCase(),
  reference: word,
})

const usage = z.object({
  id: word,
  organization: organizationRef,
  key: word,
  quantity: z
    .number(`must be a whole number from 1 to ${maxQuantity}`)
    .int(`must be a whole number from 1 to ${maxQuantity}`)
    .min(1, `must be a whole number from 1 to ${maxQuantity}`),
  at: timestamp.transform((at) => new Date(at)),
})

export function standardSource(platform: Platform, terms: Terms, secret: string): EventSource {
  const webhook = new Webhook(secret)
  return {
    name,
    verify: async (body, headers) => verified(webhook, body, headers),
    handle: async (event) => {
      const { type, data } = envelope.parse(JSON.parse(event.body.toString()))
      if (type === 'payment.recorded') return recordOne(platform, terms, parsed(payment, data))
      if (type === 'usage.recorded') return settleOne(platform, parsed(usage, data))
      return { outcome: 'ignored', organizationId: null }
    },
  }
}

function verified(webhook: Webhook, body: Buffer, headers: IncomingHttpHeaders): VerifiedEvent {
  // The signature is one over text: bytes that are none would all be read as the same.
  if (!isUtf8(body)) throw new Refusal('invalid_input', 'The body is not UTF-8.')
  const given = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]))
  try {
    webhook.verify(body, given, { jsonParse: false })
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error
    throw new Refusal('unauthenticated', sentences[error.message] ?? `${error.message}.`)
  }
  const eventId = given['webhook-id']!
  if (!/^[\x21-\x7e]{1,200}$/.test(eventId))
    throw new Refusal('invalid_input', 'webhook-id: must be 1 to 200 characters without spaces.')
  return { eventId, type: typeOf(body) }
}

/** What the library says, in words for whoever sends. */
const sentences: Record<string, string> = {
  'Missing required headers':
    'Send the headers webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks.',
  'Invalid Signature Headers': 'webhook-timestamp: must be the seconds since 1970.',
  'Message timestamp too old':
    'webhook-timestamp: is more than five minutes ago. Sign each delivery anew, also when it is sent again.',
  'Message timestamp too new': 'webhook-timestamp: is more than five minutes ahead of the clock here.',
  'No matching signature found':
    'The signature does not fit the body, or was made with another secret than BERTH_BILLING_WEBHOOK_SECRET.',
}

function typeOf(body: Buffer): string {
  try {
    return envelope.parse(JSON.parse(body.toString())).type
  } catch {
    throw new Refusal('invalid_input', 'The body must be a JSON object with `type` and `data`.')
  }
}

/** Throws `invalid_input` with every fault, which no other try mends. */
function parsed<T>(schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data)
  if (result.success) return result.data
  const faults = result.error.issues.map(
    ({ path, message }) => `data${path.map((at) => `.${String(at)}`).join('')}: ${message}`,
  )
  throw new Refusal('invalid_input', faults.join('; '))
}

async function recordOne(platform: Platform, terms: Terms, told: z.output<typeof payment>): Promise<Handled> {
  const organizationId = await platform.mutate(origin, (tx) => recordPayment(tx, name, told, terms))
  return { outcome: 'processed', organizationId }
}

async function settleOne(platform: Platform, told: z.output<typeof usage>): Promise<Handled> {
  const { organization, id: usageId, ...use } = told
  const organizationId = await findOrganizationId(platform.db, organization)
  if (!organizationId)
    throw new Refusal('not_found', `data.organization: there is no organization "${organization}".`)
  await platform.mutate(origin, (tx) => settleUsage(tx, organizationId, { ...use, usageId, provider: name }))
  return { outcome: 'processed', organizationId }
}

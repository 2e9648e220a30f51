/** The inbox: every event of a payment provider as it came, once. */
import { sql, type Selectable } from 'kysely'
import { platformOrganizationId, refusalOf, webhookMachine, type Webhook } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { BillingWebhooks } from '../../platform/db/schema.generated.ts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/mutate.ts'
import { afterCursor, cutPage } from '../../platform/page.ts'
import { notFound, Refusal } from '../../platform/problem.ts'
import type { VerifiedEvent } from './provider.ts'

export type Received = Selectable<BillingWebhooks>

/** Keeps an event whose signature holds; false: it is there already. */
export async function keepEvent(
  db: Queryable,
  provider: string,
  { eventId, type }: VerifiedEvent,
  { body, at }: { body: Buffer; at: Date },
): Promise<boolean> {
  const id = newId('webhook')
  const kept = await db
    .insertInto('billingWebhooks')
    .values({ id, provider, eventId, type, body, state: 'received', receivedAt: at, nextTryAt: at })
    .onConflict((clash) => clash.columns(['provider', 'eventId']).doNothing())
    .executeTakeFirst()
  return kept.numInsertedOrUpdatedRows === 1n
}

const toWebhook = (row: Omit<Received, 'body'>): Webhook => ({
  id: row.id,
  provider: row.provider,
  eventId: row.eventId,
  type: row.type,
  state: row.state as Webhook['state'],
  organizationId: row.organizationId,
  attempts: row.attempts,
  lastError: row.lastError,
  receivedAt: row.receivedAt.toISOString(),
  nextTryAt: row.nextTryAt?.toISOString() ?? null,
  processedAt: row.processedAt?.toISOString() ?? null,
})

const shown = [
  'id',
  'provider',
  'eventId',
  'type',
  'state',
  'organizationId',
  'attempts',
  'lastError',
  'receivedAt',
  'nextTryAt',
  'processedAt',
] as const

interface Filter {
  state?: Webhook['state'] | undefined
  cursor?: string | undefined
  limit: number
}

const isDead = sql<boolean>`state = 'dead'`

/** What is dead first, then the newest: ids that are made later sort later. */
export async function pageOfWebhooks(db: Queryable, { state, cursor, limit }: Filter) {
  let query = db.selectFrom('billingWebhooks').select(shown)
  if (state) query = query.where('state', '=', state)
  const after = afterCursor(cursor)
  if (after !== null) {
    const [dead, id = ''] = after.split(' ')
    query = query.where(sql<boolean>`(state = 'dead', id) < (${dead === 'dead'}, ${id})`)
  }
  const rows = await query
    .orderBy(isDead, 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  return cutPage(rows, limit, (row) => `${row.state === 'dead' ? 'dead' : 'other'} ${row.id}`, toWebhook)
}

/** Lets a dead one be tried again, as if it had just come. Throws `not_found`, `invalid_state`. */
export async function retryWebhook(tx: Tx, id: string): Promise<Webhook> {
  const row = await tx.db
    .selectFrom('billingWebhooks')
    .select(shown)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw notFound('webhook')
  const refusal = refusalOf(webhookMachine, row.state as Webhook['state'], 'retry')
  if (refusal) throw new Refusal('invalid_state', refusal)
  const change = { state: 'received', attempts: 0, nextTryAt: tx.now, processedAt: null }
  await tx.db.updateTable('billingWebhooks').set(change).where('id', '=', id).execute()
  tx.emit(platformOrganizationId, 'webhook.retried', {
    webhookId: id,
    provider: row.provider,
    type: row.type,
  })
  return toWebhook({ ...row, ...change })
}

const keptDays = 90

/** Drops what was said in events that were done long ago. That they came stays, so that none is done twice. */
export async function dropOldBodies(db: Queryable, now: Date): Promise<void> {
  await db
    .updateTable('billingWebhooks')
    .set({ body: null })
    .where('processedAt', '<', new Date(now.getTime() - keptDays * 86_400_000))
    .where('body', 'is not', null)
    .execute()
}

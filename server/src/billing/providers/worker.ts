/** Deals with what came: each event by one process, again after a failure, until it is done or given up. */
import { sql } from 'kysely'
import { platformOrganizationId } from '@berth/contracts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import { Refusal } from '../../platform/problem.ts'
import { repeat } from '../../platform/repeat.ts'
import { dropOldBodies, type Received } from './inbox.ts'
import type { EventSource, Handled } from './provider.ts'

export type Sources = ReadonlyMap<string, EventSource>

/** With pauses that grow from half a minute on: the last is some 21 hours after the first. */
const tries = 8
const firstPauseMs = 30_000
const growth = 3.5

/** How long one has an event before it counts as lost, and another one takes it. */
const leaseMs = 5 * 60_000
/** As many events as one process deals with at once. */
const lanes = 8
const pollMs = 1000
const sweepMs = 3600_000

const origin = { actor: systemActor('billing'), requestId: null }

/** Takes the event that has been due longest; null: none is. */
async function claim({ db, clock }: Platform, leasedMs = leaseMs): Promise<Received | null> {
  const now = clock.now()
  const { rows } = await sql<Received>`
    update billing_webhooks set attempts = attempts + 1, next_try_at = ${new Date(now.getTime() + leasedMs)}
    where id = (
      select id from billing_webhooks where state = 'received' and next_try_at <= ${now}
      order by next_try_at, id limit 1 for update skip locked)
    returning *`.execute(db)
  return rows[0] ?? null
}

async function deal(platform: Platform, sources: Sources, event: Received): Promise<void> {
  try {
    if (event.attempts > tries)
      throw new Refusal('unavailable', `Whoever dealt with it was gone before it was done, ${tries} times.`)
    const handled = await handle(sources, event)
    await finish(platform, event, handled)
  } catch (error) {
    await fail(platform, event, error as Error)
  }
}

async function handle(sources: Sources, event: Received): Promise<Handled> {
  const source = sources.get(event.provider)
  if (!source) throw new Error(`No payment provider "${event.provider}" is set up any more.`)
  const { eventId, type, body, receivedAt } = event
  return source.handle({ eventId, type, body: body!, receivedAt })
}

async function finish(platform: Platform, event: Received, { outcome, organizationId }: Handled) {
  const at = platform.clock.now()
  const change = { state: outcome, organizationId, nextTryAt: null, processedAt: at, lastError: null }
  await own(platform, event).set(change).execute()
}

/** What it refuses, another try does not mend; everything else may pass. */
const isFinal = (error: Error): boolean =>
  error instanceof Refusal && error.status < 500 && error.code !== 'rate_limited'

async function fail(platform: Platform, event: Received, error: Error): Promise<void> {
  const { id, provider, type, attempts } = event
  const lastError = error.message.replaceAll('\0', '').slice(0, 500)
  platform.logger.warn(
    { err: lastError, webhook: id, provider, type, attempts },
    'a webhook was not dealt with',
  )
  if (!isFinal(error) && attempts < tries) {
    const nextTryAt = new Date(platform.clock.now().getTime() + pauseAfter(attempts))
    await own(platform, event).set({ lastError, nextTryAt }).execute()
    return
  }
  await platform.mutate(origin, async (tx) => {
    const { numUpdatedRows } = await own({ db: tx.db }, event)
      .set({ state: 'dead', lastError, nextTryAt: null })
      .executeTakeFirst()
    if (numUpdatedRows === 1n)
      tx.emit(platformOrganizationId, 'webhook.dead', { webhookId: id, provider, type, reason: lastError })
  })
}

/** Growing pauses, no two alike, so that what failed together does not come back together. */
export const pauseAfter = (attempts: number): number =>
  firstPauseMs * growth ** (attempts - 1) * (0.8 + 0.4 * Math.random())

/** The row, as long as nobody else has taken it meanwhile. */
const own = ({ db }: Pick<Platform, 'db'>, { id, attempts }: Received) =>
  db
    .updateTable('billingWebhooks')
    .where('id', '=', id)
    .where('state', '=', 'received')
    .where('attempts', '=', attempts)

/** Deals with everything that is due now. */
export async function drainInbox(platform: Platform, sources: Sources): Promise<void> {
  for (let event = await claim(platform); event; event = await claim(platform))
    await deal(platform, sources, event)
}

export interface InboxWorker {
  /** Something came. */
  wake(): void
  stop(): Promise<void>
}

/**
 * Several at once, so that one that waits for its provider does not hold up the others. `leasedMs`: another patience with
 * those that are gone.
 */
export function startInbox(platform: Platform, sources: Sources, leasedMs = leaseMs): InboxWorker {
  const { db, clock, logger } = platform
  const running = new Set<Promise<void>>()
  let [woken, stopped] = [false, false]

  async function lane(first: Received): Promise<void> {
    try {
      for (
        let event: Received | null = first;
        event;
        event = stopped ? null : await claim(platform, leasedMs)
      )
        await deal(platform, sources, event)
    } catch (error) {
      // The database is away: what was taken comes back when its time is over.
      logger.warn({ err: (error as Error).message }, 'the inbox of payment providers stands still')
    }
  }

  const filling = repeat({ name: 'billing.inbox', everyMs: pollMs, logger }, async () => {
    woken = false
    while (running.size < lanes) {
      const event = await claim(platform, leasedMs)
      if (!event) return
      const work = lane(event).finally(() => running.delete(work))
      running.add(work)
    }
  })
  const sweeping = repeat({ name: 'billing.inbox-sweep', everyMs: sweepMs, logger }, () =>
    dropOldBodies(db, clock.now()),
  )
  return {
    wake: () => {
      if (woken || stopped) return
      woken = true
      void filling.now()
    },
    stop: async () => {
      stopped = true
      await Promise.all([filling.stop(), sweeping.stop()])
      await Promise.all(running)
    },
  }
}

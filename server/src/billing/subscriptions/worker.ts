import { sql } from 'kysely'
import { nowOf } from '../clock.ts'
import { systemActor, type Platform } from '../../platform/platform.ts'
import type { Tx } from '../../platform/mutate.ts'
import { repeat, type Repeated } from '../../platform/repeat.ts'
import { nextDue } from './due.ts'
import type { Terms } from './model.ts'
import { takeStep } from './steps.ts'
import { unpaidSince, withPlans } from './store.ts'

const origin = { actor: systemActor('billing'), requestId: null }

/** Does everything that fell due. Safe to run in several processes at once: each step is taken by one of them. */
export async function runDue(platform: Platform, terms: Terms): Promise<void> {
  for (const id of await dueSubscriptions(platform)) {
    try {
      while (await platform.mutate(origin, (tx) => stepOf(tx, id, terms)));
    } catch (error) {
      // One that cannot go on does not hold up the others; it is tried again at the next turn.
      platform.logger.error({ err: (error as Error).message, subscription: id }, 'a renewal failed')
    }
  }
}

async function dueSubscriptions({ db, clock }: Platform): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select s.id from subscriptions s left join test_clocks c on c.organization_id = s.organization_id
    where s.due_at <= coalesce(c.now, ${clock.now()}) order by s.due_at, s.id limit 1000`.execute(db)
  return rows.map(({ id }) => id)
}

/** Takes the next step of a subscription, if one is due and nobody else takes it; whether one was taken. */
async function stepOf(tx: Tx, id: string, terms: Terms): Promise<boolean> {
  const rows = await tx.db
    .selectFrom('subscriptions')
    .selectAll()
    .where('id', '=', id)
    .where('endedAt', 'is', null)
    .forUpdate()
    .skipLocked()
    .execute()
  const [one] = await withPlans(tx.db, rows)
  if (!one) return false
  const due = nextDue(one, await unpaidSince(tx.db, id))
  if (!due || due.at > (await nowOf(tx, one.organizationId))) return false
  await takeStep(tx, one, due, terms)
  return true
}

/** Looks every five seconds for what fell due. */
export function startRenewing(platform: Platform, terms: Terms): Repeated {
  return repeat({ name: 'billing.renew', everyMs: 5000, logger: platform.logger }, () =>
    runDue(platform, terms),
  )
}

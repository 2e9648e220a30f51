/** Where a payment provider differs from what is here, kept until it no longer does or somebody dealt with it. */
import { platformOrganizationId, type Drift } from '@berth/contracts'
import type { Queryable } from '../../platform/db/database.ts'
import type { Tx } from '../../platform/mutate.ts'
import { afterCursor, cutPage, timeIn } from '../../platform/page.ts'
import { notFound } from '../../platform/problem.ts'

type Difference = Omit<Drift, 'repaired'>

/** Keeps a difference. One that somebody dealt with stays away unless it changed. */
export async function noteDrift(tx: Tx, difference: Difference): Promise<void> {
  const { provider, identity, organizationId, what } = difference
  const made = await tx.db
    .insertInto('billingDrifts')
    .values({ ...difference, firstSeenAt: tx.now, lastSeenAt: tx.now })
    .onConflict((clash) => clash.doNothing())
    .returning('identity')
    .executeTakeFirst()
  const said = { provider, identity, organizationId, what }
  if (made) return tx.emit(platformOrganizationId, 'drift.found', said)
  const known = await one(tx.db, difference).selectAll().forUpdate().executeTakeFirstOrThrow()
  const stays = known.resolvedAt !== null && known.settledReason !== null && known.what === what
  const anew = known.resolvedAt !== null && !stays
  await tx.db
    .updateTable('billingDrifts')
    .set({
      what,
      lastSeenAt: tx.now,
      ...(anew ? { firstSeenAt: tx.now, resolvedAt: null, settledReason: null } : {}),
    })
    .where('provider', '=', provider)
    .where('identity', '=', identity)
    .execute()
  if (anew) tx.emit(platformOrganizationId, 'drift.found', said)
}

/** Keeps what a whole comparison of an organization found; what it did not find any more is resolved. */
export async function keepDrifts(
  tx: Tx,
  provider: string,
  organizationId: string,
  found: readonly Drift[],
): Promise<void> {
  const open = found.filter(({ repaired }) => !repaired)
  for (const { identity, what } of open) await noteDrift(tx, { provider, identity, organizationId, what })
  const resolved = await tx.db
    .updateTable('billingDrifts')
    .set({ resolvedAt: tx.now })
    .where('provider', '=', provider)
    .where('organizationId', '=', organizationId)
    .where('resolvedAt', 'is', null)
    .where('identity', 'not in', [...open.map(({ identity }) => identity), ''])
    .returning('identity')
    .execute()
  for (const { identity } of resolved)
    tx.emit(platformOrganizationId, 'drift.resolved', { provider, identity, organizationId })
}

/** Records that somebody dealt with a difference. Throws `not_found`. */
export async function settleDrift(
  tx: Tx,
  { provider, identity, reason }: { provider: string; identity: string; reason: string },
): Promise<void> {
  const settled = await tx.db
    .updateTable('billingDrifts')
    .set({ resolvedAt: tx.now, settledReason: reason })
    .where('provider', '=', provider)
    .where('identity', '=', identity)
    .where('resolvedAt', 'is', null)
    .returning('organizationId')
    .executeTakeFirst()
  if (!settled) throw notFound('open difference')
  tx.emit(platformOrganizationId, 'drift.settled', { provider, identity, ...settled, reason })
}

/** The open ones, newest first. */
export async function pageOfDrifts(
  db: Queryable,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
) {
  let query = db.selectFrom('billingDrifts').selectAll().where('resolvedAt', 'is', null)
  const after = afterCursor(cursor)
  if (after !== null) {
    const [at, provider = '', ...rest] = after.split(' ')
    query = query.where((eb) =>
      eb(
        eb.refTuple('firstSeenAt', 'provider', 'identity'),
        '<',
        eb.tuple(timeIn(at), provider, rest.join(' ')),
      ),
    )
  }
  const rows = await query
    .orderBy('firstSeenAt', 'desc')
    .orderBy('provider', 'desc')
    .orderBy('identity', 'desc')
    .limit(limit + 1)
    .execute()
  return cutPage(
    rows,
    limit,
    (row) => `${row.firstSeenAt.toISOString()} ${row.provider} ${row.identity}`,
    ({ provider, identity, organizationId, what, firstSeenAt, lastSeenAt }) => ({
      provider,
      identity,
      organizationId,
      what,
      firstSeenAt: firstSeenAt.toISOString(),
      lastSeenAt: lastSeenAt.toISOString(),
    }),
  )
}

const one = (db: Queryable, { provider, identity }: Pick<Difference, 'provider' | 'identity'>) =>
  db.selectFrom('billingDrifts').where('provider', '=', provider).where('identity', '=', identity)

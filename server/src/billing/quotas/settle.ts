/** Use that happened elsewhere: it is counted once, in its own window, whatever the limit is. */
import { maxQuantity } from '@berth/contracts'
import { sha256 } from '../../platform/crypto.ts'
import { canonical } from '../../platform/log/leaf.ts'
import type { Tx } from '../../platform/mutate.ts'
import { Refusal } from '../../platform/problem.ts'
import { windowOf } from '../time/windows.ts'
import { whyUnmetered } from './decide.ts'
import { findEntitled, limitOf, type Entitled } from './entitled.ts'
import { lockBalances, move, type Balance } from './ledger.ts'
import { sayCrossing } from './use.ts'

interface Usage {
  /** Who tells of it, and what they call it. */
  provider: string
  usageId: string
  key: string
  quantity: number
  at: Date
}

const lateDays = 35
const aheadMinutes = 5

/**
 * Counts use that a provider tells of, once. It happened, so no limit keeps it out: what is over is marked. Throws
 * `invalid_input`, `invalid_state`, and `idempotency_conflict` where the same id came with other use.
 */
export async function settleUsage(tx: Tx, organizationId: string, usage: Usage): Promise<void> {
  const { provider, usageId, key, quantity, at } = usage
  if (!(await claimUsage(tx, organizationId, usage))) return
  const unmetered = whyUnmetered(key)
  if (unmetered) throw new Refusal('invalid_input', `data.key: ${unmetered}`)
  const entitled = await findEntitled(tx.db, organizationId, tx.now)
  if (!entitled) throw new Refusal('invalid_state', 'The organization has no subscription to count it in.')
  refuseOutOfTime(at, entitled.now)
  const reset = entitled.grants.find((grant) => grant.key === key)?.reset ?? 'month'
  const window = windowOf(entitled.anchor, reset, at)
  const [balance] = (await lockBalances(tx, organizationId, [{ key, window }])).values()
  if (balance!.used + balance!.held + quantity > maxQuantity)
    throw new Refusal(
      'invalid_input',
      `data.quantity: more than ${maxQuantity} cannot be counted in a window.`,
    )
  const granted = limitOf(entitled, key)
  const limit = granted === undefined ? 0 : granted
  const over = limit === null ? 0 : Math.min(quantity, Math.max(0, balance!.used + quantity - limit))
  sayCrossing(tx, organizationId, entitled, balance!, quantity)
  sayOverHard(tx, organizationId, entitled, balance!, quantity)
  await move(
    tx,
    organizationId,
    [{ key, windowStart: balance!.windowStart, kind: 'settle', used: quantity, held: 0 }],
    entitled.now,
  )
  const said = { provider, usageId, key, quantity, at: at.toISOString(), start: window.start.toISOString() }
  tx.emit(organizationId, 'usage.recorded', { ...said, over }, at)
}

/** Whether it is told of for the first time. Waits for whoever tells the same right now. */
async function claimUsage(tx: Tx, organizationId: string, usage: Usage): Promise<boolean> {
  const { provider, usageId, key: entitlement, quantity, at } = usage
  const key = `usage ${provider} ${usageId}`
  const requestHash = sha256(canonical({ key: entitlement, quantity, at: at.toISOString() }))
  const claimed = await tx.db
    .insertInto('quotaRequests')
    .values({ organizationId, key, requestHash, outcome: JSON.stringify('settled'), at: tx.now })
    .onConflict((clash) => clash.doNothing())
    .returning('key')
    .executeTakeFirst()
  if (claimed) return true
  const before = await tx.db
    .selectFrom('quotaRequests')
    .select('requestHash')
    .where('organizationId', '=', organizationId)
    .where('key', '=', key)
    .executeTakeFirstOrThrow()
  if (before.requestHash.equals(requestHash)) return false
  throw new Refusal(
    'idempotency_conflict',
    `data.id: "${usageId}" was counted before with another key, quantity or time. Give each use an id of its own.`,
  )
}

function refuseOutOfTime(at: Date, now: Date): void {
  const minutes = (at.getTime() - now.getTime()) / 60_000
  if (minutes > aheadMinutes)
    throw new Refusal(
      'invalid_input',
      `data.at: ${at.toISOString()} is more than ${aheadMinutes} minutes ahead of ${now.toISOString()}.`,
    )
  if (minutes < -lateDays * 24 * 60)
    throw new Refusal(
      'invalid_input',
      `data.at: ${at.toISOString()} is more than ${lateDays} days ago, and its window is closed.`,
    )
}

/** Only use that happened elsewhere gets over a hard limit: that is said once a window, too. */
function sayOverHard(
  tx: Tx,
  organizationId: string,
  entitled: Entitled,
  { key, used, windowStart, windowEnd }: Balance,
  quantity: number,
): void {
  const grant = entitled.grants.find((one) => one.key === key)
  if (!grant || grant.limit === null || grant.mode === 'soft') return
  const { limit } = grant
  if (used > limit || used + quantity <= limit) return
  const window = { start: windowStart.toISOString(), end: windowEnd.toISOString() }
  tx.emit(organizationId, 'quota.overage_began', { key, limit, ...window }, entitled.now)
}

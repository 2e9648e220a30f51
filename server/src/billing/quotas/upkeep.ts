/** What is done to quotas by and by. */
import type { Platform } from '../../platform/platform.ts'
import { repeat, type Repeated } from '../../platform/repeat.ts'
import { countCalls } from './counting.ts'
import { expireHolds } from './holds.ts'
import { settleDeadRunners, sweepLeases } from './leases.ts'
import { findDifferences } from './ledger.ts'

const countMs = 250
const expireMs = 1000
const settleMs = 5000
const foldMs = 3600_000

/** Counts calls, ends holds whose time is over, settles what runners that are gone held, and adds the ledger up again to see that every balance is what its entries come to. */
export function startQuotaUpkeep(platform: Platform): Repeated[] {
  const { db, logger } = platform
  return [
    repeat({ name: 'quotas.count', everyMs: countMs, logger }, () => countCalls(platform)),
    repeat({ name: 'quotas.expire', everyMs: expireMs, logger }, () => expireHolds(platform)),
    repeat({ name: 'quotas.settle', everyMs: settleMs, logger }, () => settleDeadRunners(platform)),
    repeat({ name: 'quotas.fold', everyMs: foldMs, logger }, async () => {
      await sweepLeases(platform)
      for (const difference of await findDifferences(db))
        logger.error(difference, 'a balance of quota is not the sum of its ledger')
    }),
  ]
}

/** What is done to quotas by and by. */
import type { Platform } from '../../platform/platform.ts'
import { repeat, type Repeated } from '../../platform/repeat.ts'
import { expireHolds } from './holds.ts'
import { findDifferences } from './ledger.ts'

const expireMs = 1000
const foldMs = 3600_000

/** Ends holds whose time is over, and adds the ledger up again to see that every balance is what its entries come to. */
export function startQuotaUpkeep(platform: Platform): Repeated[] {
  const { db, logger } = platform
  return [
    repeat({ name: 'quotas.expire', everyMs: expireMs, logger }, () => expireHolds(platform)),
    repeat({ name: 'quotas.fold', everyMs: foldMs, logger }, async () => {
      for (const difference of await findDifferences(db))
        logger.error(difference, 'a balance of quota is not the sum of its ledger')
    }),
  ]
}

/**
 * A process of its own that does what billing's worker does, without pause, and what it is asked to on behalf of
 * organizations. It is there to be killed.
 */
import { createNotifications } from '../../../notifications/service.ts'
import { readConfig } from '../../../platform/config.ts'
import { createLogger } from '../../../platform/logger.ts'
import { openPlatform } from '../../../platform/platform.ts'
import { countCalls } from '../../quotas/counting.ts'
import { expireHolds } from '../../quotas/holds.ts'
import type { Terms } from '../../subscriptions/model.ts'
import { tellBy } from '../../subscriptions/notices.ts'
import { runDue } from '../../subscriptions/worker.ts'
import { perform, type Act, type Reply } from './acts.ts'

export interface Asked {
  id: string
  key: string
  act: Act
}

export type Said = { ready: true } | { key: string; reply: Reply } | { key: string; error: string }

const say = (said: Said) => process.send!(said)
const databaseUrl = process.env['DATABASE_URL']!
const platform = await openPlatform({
  config: readConfig({ BERTH_DATA_DIR: process.env['BERTH_DATA_DIR'] }),
  databaseUrl,
  directUrl: databaseUrl,
  jobNames: [],
  logger: createLogger('error'),
})
const terms: Terms = {
  graceDays: platform.config.billingGraceDays,
  provider: 'manual',
  tell: tellBy(createNotifications(platform), (id) => `https://berth.example.com/console/billing/${id}`),
}
process.on('message', ({ id, key, act }: Asked) => {
  perform(platform, terms, { id, key, act }).then(
    (reply) => say({ key, reply }),
    (error: Error) => say({ key, error: error.stack ?? error.message }),
  )
})
process.on('disconnect', () => process.exit())
say({ ready: true })
for (;;) {
  await Promise.all([runDue(platform, terms), countCalls(platform), expireHolds(platform)])
  await new Promise((resolve) => setTimeout(resolve, 50))
}

/** A process that deals with what is in the inbox until it is killed: `node inbox-process.ts <database> <data directory>`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../../platform/config.ts'
import { createLogger } from '../../../platform/logger.ts'
import { openPlatform } from '../../../platform/platform.ts'
import { testTerms } from '../../subscriptions/test-kit.ts'
import type { EventSource } from '../provider.ts'
import { standardSource } from '../standard.ts'
import { startInbox } from '../worker.ts'
import { secret } from './deliveries.ts'

const [url = '', dataDir = ''] = process.argv.slice(2)
const platform = await openPlatform({
  config: readConfig({ BERTH_DATA_DIR: dataDir }),
  databaseUrl: url,
  directUrl: url,
  jobNames: [],
  logger: createLogger('silent'),
})
const standard = standardSource(platform, testTerms, secret)
const hesitant: EventSource = {
  ...standard,
  handle: async (event) => {
    await sleep(Math.random() * 20)
    const handled = await standard.handle(event)
    // So that it is often killed when it is done and has not yet said so.
    await sleep(Math.random() * 60)
    return handled
  },
}
startInbox(platform, new Map([[hesitant.name, hesitant]]), 500).wake()
process.stdout.write('ready\n')

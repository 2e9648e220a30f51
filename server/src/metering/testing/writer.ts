/** A process that notes calls as fast as it can and says each id once it is noted, until it is killed. */
import { createLogger } from '../../platform/logger.ts'
import { newId } from '../../platform/ids.ts'
import { createJournal } from '../journal.ts'
import { callBy } from './calls.ts'

const [dir, runnerId, organizationId] = process.argv.slice(2) as [string, string, string]
const journal = createJournal({ dir, runnerId, logger: createLogger('silent'), rotateBytes: 20_000 })

function some(): void {
  for (let i = 0; i < 20; i++) {
    const record = callBy(organizationId, { id: newId('call') })
    const say = () => process.stdout.write(`${record.id}\n`)
    if (i % 2 === 0) journal.appendSoon(record, (noted) => noted && say())
    else {
      journal.append(record)
      say()
    }
  }
  setTimeout(some, 1)
}

some()

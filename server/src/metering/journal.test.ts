import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newId } from '../platform/ids.ts'
import { createLogger } from '../platform/logger.ts'
import { createJournal, type Journal } from './journal.ts'
import { callBy } from './testing/calls.ts'

let dir: string
let journal: Journal
const organizationId = newId('organization')

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'berth-journal-'))
  journal = createJournal({
    dir,
    runnerId: newId('runner'),
    logger: createLogger('silent'),
    rotateBytes: 10_000,
  })
})
afterEach(() => {
  journal.close()
  rmSync(dir, { recursive: true, force: true })
})

const noted = () =>
  journal
    .files()
    .flatMap(({ name }) => readFileSync(path.join(dir, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => (JSON.parse(line) as string[])[0])

test('calls that end together are all in the file before the first of them hears so, in their order', async () => {
  const records = Array.from({ length: 20 }, () => callBy(organizationId))
  const seen: unknown[] = []
  for (const record of records)
    journal.appendSoon(record, (kept) => seen.push([kept, seen.length, noted().length]))
  expect(seen).toEqual([])
  await turn()
  expect(seen).toEqual(records.map((_, at) => [true, at, 20]))
  expect(noted()).toEqual(records.map(({ id }) => id))
})

test('more than a file takes goes on in the next one, and none is lost', async () => {
  const records = Array.from({ length: 200 }, () => callBy(organizationId))
  for (const [at, record] of records.entries()) {
    journal.appendSoon(record, () => {})
    if (at % 15 === 0) await turn()
  }
  await turn()
  expect(journal.files().length).toBeGreaterThan(1)
  expect(noted()).toEqual(records.map(({ id }) => id))
})

test('what waits when the journal is closed is still noted; what comes later is not, and hears so', () => {
  const [before, after] = [callBy(organizationId), callBy(organizationId)]
  const heard: boolean[] = []
  journal.appendSoon(before, (kept) => heard.push(kept))
  journal.close()
  journal.appendSoon(after, (kept) => heard.push(kept))
  expect(heard).toEqual([true, false])
  expect(noted()).toEqual([before.id])
})

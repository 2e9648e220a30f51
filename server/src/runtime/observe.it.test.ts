import { mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { platformOrganizationId } from '@berth/contracts'
import { newId } from '../platform/ids.ts'
import { openTestPlatform, type TestPlatform } from '../platform/testing/index.ts'
import { removeLostObservations } from './observe.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())

/** A run that somebody has taken until then, with the files of its observation. */
async function observation(leasedUntil: Date): Promise<string> {
  const id = newId('run')
  await platform.db
    .insertInto('runs')
    .values({
      id,
      organizationId: platformOrganizationId,
      kind: 'evaluation',
      status: 'running',
      requestedBy: 'test',
      leasedBy: 'somebody',
      leasedUntil,
      createdAt: new Date(),
    })
    .execute()
  await mkdir(path.join(platform.dataDir, 'state', `observe-${id}`, 'data'), { recursive: true })
  return `observe-${id}`
}

test('files of observations that nobody is at work on are removed, and no others', async () => {
  const atWork = await observation(new Date(Date.now() + 3600_000))
  await observation(new Date(Date.now() - 1000))
  await mkdir(path.join(platform.dataDir, 'state/observe-run_unknown'))
  await mkdir(path.join(platform.dataDir, 'state/dep_1'))
  await removeLostObservations(platform)
  const left = await readdir(path.join(platform.dataDir, 'state'))
  expect(left.toSorted((a, b) => a.localeCompare(b))).toEqual(['dep_1', atWork])
})

import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sha256, sha256Hex } from '../platform/crypto.ts'
import { newId } from '../platform/ids.ts'
import { readEvents } from '../platform/log/read.ts'
import { openTestPlatform, seedOrganization, type TestPlatform } from '../platform/testing/index.ts'
import { lineOf } from './journal.ts'
import { dropCallsBefore, makePartitions } from './partitions.ts'
import {
  createActivity,
  createJournal,
  listCalls,
  startCopier,
  type Copier,
  type Journal,
  type JournalRecord,
} from './service.ts'
import { callBy } from './testing/calls.ts'

let platform: TestPlatform
let dir: string
let organizationId: string
let journal: Journal
let copier: Copier

beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform.close())

beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'berth-calls-'))
  organizationId = await seedOrganization(platform.db)
  const { logger } = platform
  journal = createJournal({ dir, runnerId: newId('runner'), logger, rotateBytes: 10_000 })
  copier = await startCopier(platform, { journal, dir })
})
afterEach(async () => {
  await copier.stop()
  rmSync(dir, { recursive: true, force: true })
})

const stored = () => listCalls(platform.db, { organizationId, before: null, limit: 100_000 })
const idsOf = async () => (await stored()).map((call) => call.id).sort()
const note = (given: Partial<JournalRecord> = {}) => {
  const record = callBy(organizationId, given)
  journal.append(record)
  return record
}

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let left = 40; ; left--) {
    try {
      return await check()
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

describe('a call', () => {
  test('is in the file when its append returns, and in the list within a moment', async () => {
    const record = note({ errorCode: -32001, outcome: 'refused', latencyUs: 1234.4, tool: null })
    const [name] = readdirSync(dir)
    expect(readFileSync(path.join(dir, name!), 'utf8')).toBe(`${lineOf(record)}\n`)
    const { latencyUs: _, ...rest } = record
    await eventually(async () => {
      expect(await stored()).toEqual([{ ...rest, latencyMs: 1.234, at: new Date(record.at).toISOString() }])
    })
  })

  test('with any name and size is stored', async () => {
    const names = ['\u0000\ud800"\\\n\u2028', 'é😀', 'x'.repeat(100_000)]
    for (const tool of names) note({ tool, method: tool, latencyUs: 1e12, responseBytes: 1e12 })
    await copier.catchUp()
    const tools = new Set((await stored()).map((call) => call.tool))
    expect(tools).toEqual(new Set(['x'.repeat(256), 'é😀', '\ufffd\ufffd"\\\n\u2028']))
  })

  test('is not noted when the file cannot be written: the caller hears of it', () => {
    journal.close()
    expect(() => note()).toThrow('the journal of calls is closed')
  })
})

describe('copying', () => {
  test('stores each record once over many files and chunks, and removes what is copied', async () => {
    const noted: string[] = []
    for (let i = 0; i < 3000; i++) noted.push(note().id)
    await copier.catchUp()
    expect(await idsOf()).toEqual(noted.sort())
    expect(readdirSync(dir)).toHaveLength(1)
  })

  test('by two processes at once doubles nothing', async () => {
    const strangers = createJournal({ dir, runnerId: newId('runner'), logger: platform.logger })
    const noted: string[] = []
    for (let i = 0; i < 500; i++) {
      const record = callBy(organizationId)
      strangers.append(record)
      noted.push(record.id)
    }
    strangers.close()
    const beside = await startCopier(platform, { journal: null, dir })
    await Promise.all([copier.catchUp(), beside.catchUp(), copier.catchUp(), beside.catchUp()])
    await beside.stop()
    expect(await idsOf()).toEqual(noted.sort())
  })

  test('a second time, as after a restored backup, changes nothing', async () => {
    const records = [note(), note()]
    await copier.catchUp()
    await platform.db.updateTable('callJournals').set({ position: 0 }).execute()
    note()
    await copier.catchUp()
    expect(await stored()).toHaveLength(records.length + 1)
  })

  test('passes over what a power loss left unreadable, and nothing else', async () => {
    const first = note()
    const name = journal.files().at(-1)!.name
    appendFileSync(path.join(dir, name), `${'\0'.repeat(50)}\n["cal_x", 1]\n[]\nnull\n\n{"half": \n`)
    const second = note()
    await copier.catchUp()
    expect(await idsOf()).toEqual([first.id, second.id].sort())
  })

  test('waits for the rest of a line that is half written', async () => {
    const name = journal.files().at(-1)!.name
    const late = callBy(organizationId)
    const line = `${lineOf(late)}\n`
    appendFileSync(path.join(dir, name), line.slice(0, 40))
    await copier.catchUp()
    expect(await stored()).toEqual([])
    appendFileSync(path.join(dir, name), line.slice(40))
    const next = note()
    await copier.catchUp()
    expect(await idsOf()).toEqual([late.id, next.id].sort())
  })
})

test('kill -9 of the process that serves calls loses and doubles none that it acknowledged', async () => {
  const runnerId = newId('runner')
  const script = path.join(import.meta.dirname, 'testing/writer.ts')
  const child = spawn(process.execPath, [script, dir, runnerId, organizationId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString()
    if (said.length > 20_000) child.kill('SIGKILL')
  })
  await new Promise((resolve) => child.on('close', resolve))
  const acknowledged = said.split('\n').slice(0, -1)
  expect(acknowledged.length).toBeGreaterThan(500)
  await copier.catchUp()
  const ids = await idsOf()
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toEqual(expect.arrayContaining(acknowledged))
  expect(readdirSync(dir).filter((name) => name.startsWith(runnerId))).toEqual([])
})

describe('the log', () => {
  test('carries a digest that the stored calls lead to, for each organization its own', async () => {
    const other = await seedOrganization(platform.db)
    for (let i = 0; i < 30; i++) note(i % 3 === 0 ? { organizationId: other } : {})
    await copier.catchUp()
    for (const [id, count] of [
      [organizationId, 20],
      [other, 10],
    ] as const) {
      const [event, ...more] = await readEvents(platform.db, id, 0)
      expect(more).toEqual([])
      expect(event).toMatchObject({ type: 'calls.recorded', payload: { runnerId: journal.runnerId, count } })
      expect(await digestFromCalls(id, event!.payload['batch'] as string)).toBe(event!.payload['digest'])
    }
  })

  test('says nothing where nothing was called', async () => {
    await copier.catchUp()
    expect(await readEvents(platform.db, organizationId, 0)).toEqual([])
  })

  async function digestFromCalls(id: string, sealedIn: string): Promise<string> {
    const batches = await platform.db
      .selectFrom('callBatches')
      .selectAll()
      .where('sealedIn', '=', sealedIn)
      .orderBy('id')
      .execute()
    const digests: Buffer[] = []
    for (const batch of batches) {
      const rows = await platform.db
        .selectFrom('calls')
        .selectAll()
        .where('organizationId', '=', id)
        .where('batch', '=', batch.id)
        .execute()
      const records = rows.map((row) => ({ ...row, at: row.at.getTime() }) as unknown as JournalRecord)
      const inOrder = records.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      digests.push(sha256(Buffer.concat(inOrder.map((record) => sha256(lineOf(record))))))
    }
    return sha256Hex(Buffer.concat(digests))
  }
})

describe('the list', () => {
  test('gives pages newest first, without gap or overlap, of one organization', async () => {
    const now = Date.now()
    for (let i = 0; i < 25; i++) note({ at: now - (i % 5) * 1000 })
    journal.append(callBy(await seedOrganization(platform.db)))
    await copier.catchUp()
    const all = await stored()
    expect(all).toHaveLength(25)
    const times = all.map((call) => call.at)
    expect(times).toEqual(times.toSorted().toReversed())
    const paged: string[] = []
    for (let before: { at: Date; id: string } | null = null; ;) {
      const page = await listCalls(platform.db, { organizationId, before, limit: 7 })
      if (page.length === 0) break
      paged.push(...page.map((call) => call.id))
      before = { at: new Date(page.at(-1)!.at), id: page.at(-1)!.id }
    }
    expect(paged).toEqual(all.map((call) => call.id))
  })

  test('shows a token bound to a workspace or to deployments their calls only', async () => {
    const mine = note()
    note({ workspaceId: newId('workspace'), deploymentId: newId('deployment') })
    await copier.catchUp()
    const { workspaceId, deploymentId } = mine
    const within = async (reach: { workspaceId: string | null; deploymentIds: string[] | null }) =>
      (await listCalls(platform.db, { organizationId, reach, before: null, limit: 10 })).map(
        (call) => call.id,
      )
    expect(await within({ workspaceId, deploymentIds: null })).toEqual([mine.id])
    expect(await within({ workspaceId: null, deploymentIds: [deploymentId] })).toEqual([mine.id])
    expect(await within({ workspaceId, deploymentIds: [] })).toEqual([])
  })

  test('tells the calls of the last minute and their 99th percentile', async () => {
    const deploymentId = newId('deployment')
    for (let i = 1; i <= 100; i++) note({ deploymentId, latencyUs: i * 1000 })
    note({ deploymentId, at: Date.now() - 61_000 })
    await copier.catchUp()
    const active = await createActivity(platform)(organizationId)
    const found = active.find((one) => one.deploymentId === deploymentId)
    expect(found).toMatchObject({ deploymentId, callsLastMinute: 100 })
    expect(found!.p99Ms).toBeCloseTo(99.01, 1)
  })
})

test('days have partitions of their own, and go when their time is over', async () => {
  const day = 24 * 3600_000
  const now = new Date()
  const old = new Date(now.getTime() - 100 * day)
  await makePartitions(platform.db, old)
  note({ at: old.getTime() })
  note({ at: old.getTime() - 10 * day })
  const recent = [note({ at: now.getTime() - 20 * day }), note()]
  await copier.catchUp()
  expect(await stored()).toHaveLength(4)
  await dropCallsBefore(platform.db, new Date(now.getTime() - 90 * day))
  expect(await idsOf()).toEqual(recent.map((call) => call.id).sort())
  await makePartitions(platform.db, now)
})

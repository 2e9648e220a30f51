import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { platformOrganizationId } from '@berth/contracts'
import { movableClock, openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { Refusal } from '../../platform/problem.ts'
import { dropOldBodies, pageOfWebhooks, retryWebhook } from './inbox.ts'
import type { EventSource, InboxEvent } from './provider.ts'
import { eventOf, inboxOf, receive } from './testing/deliveries.ts'
import { drainInbox, pauseAfter, startInbox, type InboxWorker, type Sources } from './worker.ts'

const clock = movableClock()
let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform({ clock })
})
afterAll(() => platform?.close())

/** What was dealt with, in order; whoever deals with it is told what to do by its type. */
let dealt: string[]
let hold: Promise<void>
const deeds: Record<string, (event: InboxEvent) => void | Promise<void>> = {
  fine: () => {},
  broken: () => {
    throw new Error('The provider does not answer.\0')
  },
  refused: () => {
    throw new Refusal('invalid_input', 'data.quantity: is negative.')
  },
  busy: () => {
    throw new Refusal('unavailable', 'Try again in a moment.')
  },
  slow: () => hold,
}
const source: EventSource = {
  name: 'standard',
  verify: async () => ({ eventId: '', type: '' }),
  handle: async (event) => {
    dealt.push(event.eventId)
    const deed = deeds[event.type]
    await deed?.(event)
    return { outcome: deed ? 'processed' : 'ignored', organizationId: null }
  },
}
const sources: Sources = new Map([[source.name, source]])

let worker: InboxWorker | null
beforeEach(async () => {
  dealt = []
  worker = null
  await platform.db.deleteFrom('billingWebhooks').execute()
})
afterEach(() => worker?.stop())

const drain = () => drainInbox(platform, sources)
const come = (type: string, eventId: string = randomUUID()) =>
  receive(platform.db, eventOf(type, {}), { eventId, at: clock.now() })
const rowOf = async (eventId: string) => (await inboxOf(platform.db)).find((row) => row.eventId === eventId)!
const told = async (type: string) =>
  (
    await platform.db
      .selectFrom('events')
      .select('payload')
      .where('organizationId', '=', platformOrganizationId)
      .where('type', '=', type)
      .execute()
  ).map(({ payload }) => payload as { webhookId: string })

async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let n = 0; n < 600; n++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`not within half a minute: ${what}`)
}

test('what says something is dealt with once, and what says nothing is kept', async () => {
  const [fine, unknown] = [await come('fine'), await come('of.no.concern')]
  await drain()
  await drain()
  expect(dealt.toSorted()).toEqual([fine, unknown].toSorted())
  expect(await rowOf(fine)).toMatchObject({
    state: 'processed',
    attempts: 1,
    nextTryAt: null,
    lastError: null,
  })
  expect(await rowOf(unknown)).toMatchObject({ state: 'ignored', type: 'of.no.concern' })
  expect((await rowOf(unknown)).body).not.toBeNull()
})

describe('what fails', () => {
  test('is tried again with growing pauses over about a day, then it is dead and the log says why', async () => {
    const eventId = await come('broken')
    const began = clock.now().getTime()
    let last = 0
    for (let n = 1; n < 8; n++) {
      await drain()
      const row = await rowOf(eventId)
      expect(row).toMatchObject({
        state: 'received',
        attempts: n,
        lastError: 'The provider does not answer.',
      })
      const pause = row.nextTryAt!.getTime() - clock.now().getTime()
      expect(pause).toBeGreaterThan(last)
      last = pause
      clock.advance(pause - 1)
      await drain()
      expect((await rowOf(eventId)).attempts).toBe(n)
      clock.advance(1)
    }
    await drain()
    const hours = (clock.now().getTime() - began) / 3600_000
    expect(hours).toBeGreaterThan(14)
    expect(hours).toBeLessThan(30)
    const { id } = await rowOf(eventId)
    expect(await rowOf(eventId)).toMatchObject({ state: 'dead', attempts: 8, nextTryAt: null })
    expect((await told('webhook.dead')).filter(({ webhookId }) => webhookId === id)).toHaveLength(1)
    clock.advance(7 * 24 * 3600_000)
    await drain()
    expect(dealt).toHaveLength(8)
  })

  test('does not hold up the others', async () => {
    await come('broken')
    const after = await Promise.all(Array.from({ length: 5 }, () => come('fine')))
    await drain()
    for (const eventId of after) expect(await rowOf(eventId)).toMatchObject({ state: 'processed' })
  })

  test('is dead at once where another try would not mend it, and is tried again where it may pass', async () => {
    const [refused, busy] = [await come('refused'), await come('busy')]
    await drain()
    expect(await rowOf(refused)).toMatchObject({ state: 'dead', lastError: 'data.quantity: is negative.' })
    expect(await rowOf(busy)).toMatchObject({ state: 'received', lastError: 'Try again in a moment.' })
  })

  test('is as good as new once an operator lets it be tried again; nothing else can be', async () => {
    const [eventId, done] = [await come('refused', 'evt_retry'), await come('fine')]
    await drain()
    const { id } = await rowOf(eventId)
    await platform.db.updateTable('billingWebhooks').set({ type: 'fine' }).where('id', '=', id).execute()
    const again = await platform.change((tx) => retryWebhook(tx, id))
    expect(again).toMatchObject({ state: 'received', attempts: 0 })
    await drain()
    expect(await rowOf(eventId)).toMatchObject({ state: 'processed', lastError: null })
    expect((await told('webhook.retried')).map(({ webhookId }) => webhookId)).toContain(id)
    const finished = (await rowOf(done)).id
    await expect(platform.change((tx) => retryWebhook(tx, finished))).rejects.toMatchObject({
      code: 'invalid_state',
    })
  })

  test('waits where its provider is not set up any more', async () => {
    const eventId = await receive(platform.db, eventOf('fine', {}), { provider: 'gone', at: clock.now() })
    await drain()
    expect(await rowOf(eventId)).toMatchObject({ state: 'received', attempts: 1 })
  })
})

test('pauses of what failed together differ', () => {
  expect(new Set(Array.from({ length: 20 }, () => pauseAfter(3))).size).toBeGreaterThan(10)
})

describe('who took an event and is gone', () => {
  const take = () =>
    platform.db
      .updateTable('billingWebhooks')
      .set((eb) => ({
        attempts: eb('attempts', '+', 1),
        nextTryAt: new Date(clock.now().getTime() + 300_000),
      }))
      .execute()

  test('leaves it to the next one once its time is over, not sooner', async () => {
    const eventId = await come('fine')
    await take()
    await drain()
    expect(dealt).toEqual([])
    clock.advance(300_000)
    await drain()
    expect(await rowOf(eventId)).toMatchObject({ state: 'processed', attempts: 2 })
  })

  test('every time is given up: an event that kills its process does not do so for ever', async () => {
    const eventId = await come('fine')
    for (let n = 0; n < 8; n++) {
      await take()
      clock.advance(300_000)
    }
    await drain()
    expect(dealt).toEqual([])
    expect(await rowOf(eventId)).toMatchObject({ state: 'dead', attempts: 9 })
  })

  test('and comes back late changes nothing of what the next one did', async () => {
    let release = () => {}
    hold = new Promise((resolve) => (release = resolve))
    const eventId = await come('slow')
    const late = drain()
    await eventually('it is under way', () => dealt.length === 1)
    clock.advance(300_000)
    const { type: _, ...row } = await rowOf(eventId)
    await platform.db
      .updateTable('billingWebhooks')
      .set({ type: 'refused' })
      .where('id', '=', row.id)
      .execute()
    await drain()
    expect(await rowOf(eventId)).toMatchObject({ state: 'dead', attempts: 2 })
    release()
    await late
    expect(await rowOf(eventId)).toMatchObject({ state: 'dead', attempts: 2 })
  })
})

test('an event that takes long does not hold up those that come after it', async () => {
  let release = () => {}
  hold = new Promise((resolve) => (release = resolve))
  const slow = await come('slow')
  worker = startInbox(platform, sources)
  worker.wake()
  await eventually('the slow one is under way', () => dealt.includes(slow))
  const quick = await come('fine')
  worker.wake()
  await eventually('the other one is done', async () => (await rowOf(quick)).state === 'processed')
  expect(await rowOf(slow)).toMatchObject({ state: 'received' })
  release()
  await worker.stop()
  expect(await rowOf(slow)).toMatchObject({ state: 'processed' })
})

test('what was said is dropped after 90 days where it was dealt with; that it came is kept', async () => {
  const [fine, dead] = [await come('fine'), await come('refused')]
  await drain()
  clock.advance(89 * 86_400_000)
  await dropOldBodies(platform.db, clock.now())
  expect((await rowOf(fine)).body).not.toBeNull()
  clock.advance(2 * 86_400_000)
  await dropOldBodies(platform.db, clock.now())
  expect(await rowOf(fine)).toMatchObject({ state: 'processed', body: null })
  expect((await rowOf(dead)).body).not.toBeNull()
  await come('fine', fine)
  expect(await inboxOf(platform.db)).toHaveLength(2)
})

test('the list begins with what is dead, then goes from the newest on, page by page', async () => {
  const ids: string[] = []
  for (const type of ['refused', 'fine', 'refused', 'fine', 'fine']) {
    ids.push(await come(type))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await drain()
  const listed: string[] = []
  let cursor: string | undefined
  do {
    const page = await pageOfWebhooks(platform.db, { limit: 2, cursor })
    listed.push(...page.items.map(({ eventId }) => eventId))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(listed).toEqual([2, 0, 4, 3, 1].map((n) => ids[n]))
  const { items } = await pageOfWebhooks(platform.db, { limit: 10, state: 'dead' })
  expect(items.map(({ eventId }) => eventId)).toEqual([ids[2], ids[0]])
})

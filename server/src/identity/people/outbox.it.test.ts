import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { sql } from 'kysely'
import { platformOrganizationId } from '@berth/contracts'
import { newId } from '../../platform/ids.ts'
import { mutate } from '../../platform/mutate.ts'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { startTimekeeping } from '../reactions.ts'
import { drainOutbox, endSessions } from './outbox.ts'

let platform: TestPlatform
let second: TestPlatform

beforeAll(async () => {
  platform = await openTestPlatform()
  second = await openTestPlatform({ beside: platform })
})
afterAll(async () => {
  await second.close()
  await platform.close()
})
beforeEach(async () => {
  await drainOutbox(platform)
})

async function insertPerson(): Promise<string> {
  const id = newId('user')
  await platform.db
    .insertInto('users')
    .values({ id, name: 'A', email: `${id}@example.com` })
    .execute()
  return id
}

async function insertSession(userId: string): Promise<string> {
  const id = newId('session')
  const expiresAt = new Date(Date.now() + 3600_000)
  await platform.db.insertInto('sessions').values({ id, userId, token: id, expiresAt }).execute()
  return id
}

function eventsOf(userId: string) {
  return platform.db
    .selectFrom('events')
    .select(['type', 'payload', 'actor'])
    .where('organizationId', '=', platformOrganizationId)
    .where(sql<string>`payload ->> 'userId'`, '=', userId)
    .orderBy('seq')
    .execute()
}

test('every sign-in has its event exactly once, with several processes draining at once', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, insertPerson))
  const sessions = await Promise.all(Array.from({ length: 60 }, (_, n) => insertSession(people[n % 5]!)))
  await Promise.all(Array.from({ length: 8 }, (_, n) => drainOutbox(n % 2 ? platform : second)))
  const events = (await Promise.all(people.map(eventsOf))).flat()
  const created = events.filter((event) => event.type === 'session.created')
  const ids = created.map((event) => (event.payload as { sessionId: string }).sessionId)
  expect(ids.toSorted()).toEqual(sessions.toSorted())
  expect(events.filter((event) => event.type === 'user.registered')).toHaveLength(5)
  expect(await platform.db.selectFrom('identityOutbox').selectAll().execute()).toEqual([])
})

test('a crash between the outbox and the log loses nothing and doubles nothing', async () => {
  const person = await insertPerson()
  await insertSession(person)
  const dying: typeof platform.mutate = (origin, work) =>
    mutate(platform.mutateContext, origin, async (tx) => {
      await work(tx)
      throw new Error('the process died before the commit')
    })
  await expect(drainOutbox({ ...platform, mutate: dying })).rejects.toThrow('died')
  expect(await eventsOf(person)).toEqual([])
  await drainOutbox(second)
  expect((await eventsOf(person)).map((event) => event.type)).toEqual(
    expect.arrayContaining(['user.registered', 'session.created']),
  )
  await drainOutbox(platform)
  expect((await eventsOf(person)).filter((event) => event.type === 'session.created')).toHaveLength(1)
})

test('what a process left behind reaches the log by itself', async () => {
  const person = await insertPerson()
  const timekeeping = startTimekeeping(second, async () => {})
  try {
    await expect.poll(() => eventsOf(person), { timeout: 10_000 }).toHaveLength(1)
  } finally {
    await timekeeping.stop()
  }
})

test('the person is the actor of what they did, who ended a session of what they did', async () => {
  const person = await insertPerson()
  const session = await insertSession(person)
  await drainOutbox(platform)
  const ended = await platform.change((tx) => endSessions(tx, person, { only: session }))
  await drainOutbox(platform)
  expect(ended).toBe(1)
  expect(await eventsOf(person)).toMatchObject([
    { type: 'user.registered', actor: { kind: 'user', id: person } },
    { type: 'session.created', actor: { kind: 'user', id: person } },
    { type: 'session.revoked', actor: { kind: 'system', id: 'test' }, payload: { sessionId: session } },
  ])
})

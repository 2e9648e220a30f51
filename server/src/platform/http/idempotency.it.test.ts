import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { movableClock, signUp, startTestServer, type TestPerson, type TestServer } from '../testing/index.ts'
import { sweepIdempotencyKeys } from './idempotency.ts'

const clock = movableClock(new Date())
let servers: TestServer[]
let person: TestPerson

beforeAll(async () => {
  const first = await startTestServer({ clock })
  servers = [first, await startTestServer({ clock, beside: first })]
  person = await signUp(first)
})
afterAll(async () => {
  for (const server of servers.toReversed()) await server.close()
})

async function post(
  key: string,
  body: unknown,
  server = servers[0]!,
  path = '/api/orgs',
  token = person.token,
) {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  })
  const replayed = response.headers.get('idempotency-replayed') === 'true'
  return { status: response.status, replayed, body: (await response.json()) as Record<string, unknown> }
}

const named = async (name: string) =>
  (
    await servers[0]!.berth.platform.db
      .selectFrom('organizations')
      .select('id')
      .where('name', '=', name)
      .execute()
  ).length

describe('an idempotency key', () => {
  test('makes one thing of many requests at once, on two processes, and all get the same answer', async () => {
    const [key, name] = [randomUUID(), 'Raced']
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => post(key, { name }, servers[n % 2])),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await named(name)).toBe(1)
  })

  test('is refused for another request', async () => {
    const key = randomUUID()
    await post(key, { name: 'First' })
    const other = await post(key, { name: 'Second' })
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } })
    expect(await named('Second')).toBe(0)
  })

  test('is free again after a request that was refused', async () => {
    const key = randomUUID()
    expect((await post(key, { name: '' })).status).toBe(400)
    expect((await post(key, { name: 'Taken', slug: 'platform' })).status).toBe(409)
    expect(await post(key, { name: 'Allowed' })).toMatchObject({ status: 201, replayed: false })
  })

  test('of one person says nothing to another', async () => {
    const key = randomUUID()
    const mine = await post(key, { name: 'Mine' })
    const other = await signUp(servers[0]!)
    const theirs = await post(key, { name: 'Mine' }, servers[1], '/api/orgs', other.token)
    expect(theirs).toMatchObject({ status: 201, replayed: false })
    expect(theirs.body['id']).not.toBe(mine.body['id'])
  })

  test('holds for a day, whether or not old ones were removed', async () => {
    const [key, name] = [randomUUID(), 'Daily']
    const first = await post(key, { name })
    clock.advance(23 * 3600_000)
    expect((await post(key, { name })).body['id']).toBe(first.body['id'])
    clock.advance(2 * 3600_000)
    const later = await post(key, { name: 'Daily again' })
    expect(later).toMatchObject({ status: 201, replayed: false })
    expect((await post(key, { name: 'Daily again' })).body['id']).toBe(later.body['id'])
    clock.advance(25 * 3600_000)
    const { db } = servers[0]!.berth.platform
    await sweepIdempotencyKeys(db, clock.now())
    expect(await db.selectFrom('idempotencyKeys').select('key').execute()).toEqual([])
  })

  test.each(['', 'a b', 'é', 'x'.repeat(201)])('must be visible ASCII and short: %j is not', async (key) => {
    expect(await post(key, { name: 'Never' })).toMatchObject({ status: 400, body: { code: 'invalid_input' } })
    expect(await named('Never')).toBe(0)
  })

  test('keeps the answer only sealed: a token shown once is not readable in the database', async () => {
    const key = randomUUID()
    const body = { name: 'ci', scopes: ['organization:read'] }
    const made = await post(key, body, servers[0], '/api/me/tokens')
    expect(made.status).toBe(201)
    const again = await post(key, body, servers[1], '/api/me/tokens')
    expect(again).toMatchObject({ replayed: true, body: made.body })
    const secret = Object.values(made.body).find(
      (value) => typeof value === 'string' && value.length > 40,
    ) as string
    const { db } = servers[0]!.berth.platform
    const row = await db
      .selectFrom('idempotencyKeys')
      .select('response')
      .where('key', '=', key)
      .executeTakeFirstOrThrow()
    expect(row.response!.toString('latin1')).not.toContain(secret)
  })
})

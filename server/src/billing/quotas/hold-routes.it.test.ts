import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, type QuotaHold } from '@berth/contracts'
import {
  movableClock,
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../platform/testing/index.ts'
import { subscribeTo } from '../test-kit.ts'

const key = 'gateway.tool_calls'
/** Nobody sweeps: without a worker, nothing but a request comes to a hold. */
let server: TestServer
let owner: TestPerson
const clock = movableClock(new Date())

beforeAll(async () => {
  server = await startTestServer({ roles: ['api'], clock })
  owner = await signUp(server)
})
afterAll(() => server?.close())

let made = 0
/** An organization that may use ten calls. */
async function organization(): Promise<{ organizationId: string }> {
  const { id } = await owner.client.call(api.organizations.create, { body: { name: `Holder ${++made}` } })
  await subscribeTo(server.berth.platform.db, id, [{ key, limit: 10, mode: 'hard', reset: 'month' }])
  return { organizationId: id }
}

type Params = Awaited<ReturnType<typeof organization>>

const reserve = (params: Params, quantity: number, expiresInSeconds = 900) =>
  owner.client.call(api.holds.reserve, { params, body: { items: [{ key, quantity }], expiresInSeconds } })
const held = async (params: Params, quantity: number, expiresInSeconds?: number): Promise<QuotaHold> =>
  (await reserve(params, quantity, expiresInSeconds)).hold!
const confirm = (params: Params, { id: holdId }: QuotaHold, quantity?: number) =>
  owner.client.call(api.holds.confirm, {
    params: { ...params, holdId },
    body: quantity === undefined ? {} : { items: [{ key, quantity }] },
  })
const release = (params: Params, { id: holdId }: QuotaHold) =>
  owner.client.call(api.holds.release, { params: { ...params, holdId } })

async function standing(params: Params) {
  const { items } = await owner.client.call(api.quotas.usage, { params })
  const { used, held: reserved, remaining } = items.find(({ entitlementKey }) => entitlementKey === key)!
  return { used, held: reserved, remaining }
}

async function told(params: Params) {
  const { items } = await owner.client.call(api.audit.list, { params, query: { type: 'quota.*' } })
  return items.toReversed()
}

test('what is reserved is nobody else’s, and what is not used of it goes back in the same step, told in the log', async () => {
  const params = await organization()
  const { allowed, items, hold } = await reserve(params, 7, 60)
  const { start, end } = items[0]!.window!
  expect({ allowed, ...items[0] }).toMatchObject({ allowed: true, used: 0, held: 7, remaining: 3 })
  expect(hold).toMatchObject({
    state: 'held',
    items: [{ key, quantity: 7, used: null, window: { start, end } }],
    by: { kind: 'user', id: owner.userId },
    endedAt: null,
  })
  expect(Date.parse(hold!.expiresAt) - Date.parse(hold!.createdAt)).toBe(60_000)
  expect(await reserve(params, 4)).toMatchObject({
    allowed: false,
    hold: null,
    items: [{ held: 7, notes: [`billing:quota-exceeded:${key}`] }],
  })
  const confirmed = await confirm(params, hold!, 5)
  expect(confirmed).toMatchObject({ state: 'confirmed', items: [{ quantity: 7, used: 5 }] })
  expect(confirmed.endedAt).not.toBeNull()
  expect(await standing(params)).toEqual({ used: 5, held: 0, remaining: 5 })
  const said = { holdId: hold!.id, items: [{ key, quantity: 7, start }] }
  const events = await told(params)
  expect(events.map(({ type, payload }) => ({ type, ...payload }))).toEqual([
    { type: 'quota.held', ...said, expiresAt: hold!.expiresAt },
    {
      type: 'quota.confirmed',
      ...said,
      items: [{ key, quantity: 5, start }],
      returned: [{ key, quantity: 2, start }],
    },
  ])
})

test('the use of what was held that uses up the last of a limit is said as any other', async () => {
  const params = await organization()
  await confirm(params, await held(params, 10))
  expect((await told(params)).map(({ type }) => type)).toEqual([
    'quota.held',
    'quota.exhausted',
    'quota.confirmed',
  ])
})

test('the same end again answers the hold as it is; another one is told how and when it ended, and changes nothing', async () => {
  const params = await organization()
  const [one, other] = [await held(params, 3), await held(params, 2)]
  const confirmed = await confirm(params, one)
  expect(await confirm(params, one)).toEqual(confirmed)
  expect(await confirm(params, one, 3)).toEqual(confirmed)
  const released = await release(params, other)
  expect(released).toMatchObject({ state: 'released', items: [{ used: 0 }] })
  expect(await release(params, other)).toEqual(released)
  const refusals = [
    [() => release(params, one), `It is confirmed. It ended at ${confirmed.endedAt}.`],
    [() => confirm(params, one, 2), `It was confirmed at ${confirmed.endedAt} with ${key}=3.`],
    [() => confirm(params, other), `It is released. It ended at ${released.endedAt}.`],
  ] as const
  for (const [refused, sentence] of refusals)
    await expect(refused()).rejects.toMatchObject({
      problem: { code: 'invalid_state', detail: expect.stringContaining(sentence) },
    })
  expect(await standing(params)).toEqual({ used: 3, held: 0, remaining: 7 })
  expect(await told(params)).toHaveLength(4)
})

test('a hold ends just at its time, also where nobody has come to it: who confirms it too late is told, and what it held is back', async () => {
  const params = await organization()
  const hold = await held(params, 6, 60)
  clock.advance(59_999)
  expect(await owner.client.call(api.holds.get, { params: { ...params, holdId: hold.id } })).toEqual(hold)
  clock.advance(1)
  const ended = { ...hold, state: 'expired', endedAt: hold.expiresAt, items: [{ ...hold.items[0], used: 0 }] }
  expect(await owner.client.call(api.holds.get, { params: { ...params, holdId: hold.id } })).toEqual(ended)
  const listed = async (state: QuotaHold['state']) =>
    (await owner.client.call(api.holds.list, { params, query: { state } })).items
  expect([await listed('held'), await listed('expired')]).toEqual([[], [ended]])
  clock.advance(5000)
  await expect(confirm(params, hold)).rejects.toMatchObject({
    problem: {
      code: 'invalid_state',
      detail: `Only quota that is still held can be confirmed. It is expired. It ended at ${hold.expiresAt}, and what it held went back: reserve it anew.`,
    },
  })
  expect(await standing(params)).toEqual({ used: 0, held: 0, remaining: 10 })
  const event = (await told(params)).at(-1)
  expect(event).toMatchObject({ type: 'quota.expired', effectiveAt: hold.expiresAt })
  expect([await listed('held'), await listed('expired')]).toEqual([[], [ended]])
})

test("what is not there, and another organization's, is not found, and stays as it is", async () => {
  const [params, other] = [await organization(), await organization()]
  const foreign = await held(other, 2)
  const unknown = { ...foreign, id: 'hld_00000000000000000000000000' }
  for (const hold of [foreign, unknown])
    for (const refused of [
      () => confirm(params, hold),
      () => release(params, hold),
      () => owner.client.call(api.holds.get, { params: { ...params, holdId: hold.id } }),
    ])
      await expect(refused()).rejects.toMatchObject({ problem: { code: 'not_found' } })
  expect(await standing(other)).toMatchObject({ used: 0, held: 2 })
})

test('what is wrong with a request is named, with what would be right', async () => {
  const params = await organization()
  const hold = await held(params, 4)
  const wish = (items: unknown, expiresInSeconds: unknown = 900) =>
    owner.client.call(api.holds.reserve, { params, body: { items, expiresInSeconds } as never })
  const one = [{ key, quantity: 1 }]
  const seconds = 'expiresInSeconds: must be whole seconds from 1 to 86400'
  const faults: [() => Promise<unknown>, string][] = [
    [() => wish(one, 86_401), seconds],
    [() => wish(one, 0), seconds],
    [() => wish(one, 1.5), seconds],
    [() => wish(one, 'soon'), seconds],
    [() => wish([{ key, quantity: 0 }]), 'items.0.quantity'],
    [() => wish([]), 'items'],
    [
      () => wish([...one, { key: 'moon.landings' }]),
      `items.1.key: "moon.landings" is no entitlement. Those that are: ${key}.`,
    ],
    [() => wish([{ key: 'seats' }]), `items.0.key: "seats" is not counted by use. Those that are: ${key}.`],
    [
      () => confirm(params, hold, 5),
      `items.0.quantity: 5 of "${key}" is more than the 4 that are held. Confirm these, and record the rest as a use of its own.`,
    ],
    [
      () =>
        owner.client.call(api.holds.confirm, {
          params: { ...params, holdId: hold.id },
          body: { items: [{ key: 'seats', quantity: 1 }] },
        }),
      `items.0.key: the hold has nothing of "seats". It holds ${key}=4.`,
    ],
  ]
  for (const [refused, sentence] of faults)
    await expect(refused()).rejects.toMatchObject({
      problem: { code: 'invalid_input', detail: expect.stringContaining(sentence) },
    })
  expect(await standing(params)).toEqual({ used: 0, held: 4, remaining: 6 })
})

test('a list has what is held first, then the newest, page by page', async () => {
  const params = await organization()
  const holds: QuotaHold[] = []
  for (let n = 0; n < 5; n++) holds.push(await held(params, 1))
  await release(params, holds[4]!)
  await confirm(params, holds[1]!)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await owner.client.call(api.holds.list, { params, query: { limit: 2, cursor } })
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(seen).toEqual([3, 2, 0, 4, 1].map((n) => holds[n]!.id))
})

test('a reservation that is sent again under its key is the same hold', async () => {
  const params = await organization()
  const body = { items: [{ key, quantity: 6 }] }
  const send = () =>
    owner.client.call(api.holds.reserve, { params, body }, { idempotencyKey: params.organizationId })
  const [first, second] = [await send(), await send()]
  expect(second).toEqual(first)
  expect(await standing(params)).toMatchObject({ held: 6 })
})

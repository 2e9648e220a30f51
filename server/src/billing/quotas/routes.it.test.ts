import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'
import { subscribeTo } from '../test-kit.ts'

const key = 'gateway.tool_calls'
let server: TestServer
let owner: TestPerson
let params: { organizationId: string }

beforeAll(async () => {
  server = await startTestServer({ roles: ['api'] })
  owner = await signUp(server)
  const { id } = await owner.client.call(api.organizations.create, { body: { name: 'Hot' } })
  params = { organizationId: id }
  await subscribeTo(server.berth.platform.db, id, [{ key, limit: 40, mode: 'hard', reset: 'month' }])
})
afterAll(() => server?.close())

const record = () =>
  owner.client.call(api.quotas.check, { params, body: { items: [{ key, quantity: 1 }], record: true } })

test('uses that are recorded at the same time wait for each other in groups: all there is, never more, each told of', async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, record))
  expect(answers.filter(({ allowed }) => allowed)).toHaveLength(40)
  expect(new Set(answers.map(({ items }) => items[0]!.used))).toEqual(
    new Set(Array.from({ length: 40 }, (_, n) => n + 1)),
  )
  const { items } = await owner.client.call(api.audit.list, { params, query: { type: 'quota.consumed' } })
  const told = items.map(({ payload }) => (payload['items'] as { quantity: number }[])[0]!.quantity)
  expect(told.reduce((sum, quantity) => sum + quantity, 0)).toBe(40)
  expect(told.length).toBeLessThan(40)
})

test('invariant 3: the same request sent often and at once is one; with another body it is refused and changes nothing', async () => {
  const { db } = server.berth.platform
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 2, max: 6 }),
      async (quantity, times) => {
        const { id } = await owner.client.call(api.organizations.create, { body: { name: 'Once' } })
        await subscribeTo(db, id, [{ key, limit: 10, mode: 'hard', reset: 'month' }])
        const ask = (wanted: number) =>
          owner.client.call(
            api.quotas.check,
            {
              params: { organizationId: id },
              body: { items: [{ key, quantity: wanted }], record: true },
            },
            { idempotencyKey: id },
          )
        const answers = await Promise.all(Array.from({ length: times }, () => ask(quantity)))
        for (const answer of answers) expect(answer).toEqual(answers[0])
        expect(answers[0]).toMatchObject({ allowed: true, items: [{ used: quantity }] })
        await expect(ask(quantity + 1)).rejects.toMatchObject({ problem: { code: 'idempotency_conflict' } })
        const entries = await db
          .selectFrom('quotaLedger')
          .select('used')
          .where('organizationId', '=', id)
          .execute()
        expect(entries).toEqual([{ used: quantity }])
      },
    ),
    { numRuns: 8 },
  )
})

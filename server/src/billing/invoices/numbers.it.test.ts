import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from 'kysely'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { standardSource } from '../providers/standard.ts'
import { eventOf, inboxOf, receive, secret } from '../providers/testing/deliveries.ts'
import { drainInbox } from '../providers/worker.ts'
import { assignPlan } from '../subscriptions/change.ts'
import { clockwork, invoicesOf, ordinary, testTerms } from '../subscriptions/test-kit.ts'
import { documentOf } from './document.ts'
import { pageOfInvoices } from './store.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await openTestPlatform()
})
afterAll(() => platform?.close())

const charge = (organizationId: string, plan: string, seats: number | null = null) =>
  platform.change((tx) =>
    assignPlan(tx, organizationId, { plan, seats, trial: false, charge: true }, testTerms),
  )

const numbersOf = async (organizationId: string) =>
  (await invoicesOf(platform, organizationId)).map(({ number }) => number)

test('rehearsals take no numbers of the books: each series counts for itself, without gaps', async () => {
  const [real, rehearsal, another] = [
    await ordinary(platform),
    await clockwork(platform),
    await ordinary(platform),
  ]
  await charge(rehearsal, 'team')
  await charge(real, 'team')
  await charge(rehearsal, 'business', 2)
  const undone = platform.change(async (tx) => {
    await assignPlan(tx, rehearsal, { plan: 'team', seats: null, trial: false, charge: true }, testTerms)
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  await charge(another, 'team')
  await charge(rehearsal, 'business', 9)
  expect(await numbersOf(real)).toEqual(['000001'])
  expect(await numbersOf(another)).toEqual(['000002'])
  expect(await numbersOf(rehearsal)).toEqual(['TEST-000001', 'TEST-000002', 'TEST-000003'])

  // What is told of them calls them the same.
  const { rows } = await sql<{ number: string }>`
    select payload->>'number' as number from events
    where organization_id = ${rehearsal} and type = 'invoice.opened' order by seq`.execute(platform.db)
  expect(rows.map(({ number }) => number)).toEqual(await numbersOf(rehearsal))
  const [first] = await invoicesOf(platform, rehearsal)
  expect((await documentOf(platform.db, first!)).title).toBe('Invoice TEST-000001')

  // And whoever names a number means the one of its series.
  const sources = new Map([['standard', standardSource(platform, testTerms, secret)]])
  const [{ number, total, currency }] = (await invoicesOf(platform, real)) as [typeof first & object]
  await receive(
    platform.db,
    eventOf('payment.recorded', { invoice: number, amount: total, currency, reference: 'bank 1' }),
  )
  await receive(
    platform.db,
    eventOf('payment.recorded', { invoice: 'TEST-000001', amount: total, currency, reference: 'bank 2' }),
  )
  await drainInbox(platform, sources)
  expect(await invoicesOf(platform, real)).toMatchObject([{ state: 'paid', reference: 'bank 1' }])
  expect(await invoicesOf(platform, rehearsal)).toMatchObject([{ state: 'open' }, {}, {}])
  const dead = (await inboxOf(platform.db)).filter(({ state }) => state === 'dead')
  expect(dead.map(({ lastError }) => lastError)).toEqual([
    expect.stringContaining('TEST-000001 is of a test organization'),
  ])
})

test('what a test organization was issued before it had a series keeps its number, and is listed as the older', async () => {
  const organizationId = await clockwork(platform)
  await charge(organizationId, 'team')
  const [before] = await invoicesOf(platform, organizationId)
  await sql`update invoices set series = 'standard', number = 900000 where id = ${before!.id}`.execute(
    platform.db,
  )
  await charge(organizationId, 'business', 2)
  await charge(organizationId, 'business', 3)
  const listed: (string | null)[] = []
  let cursor: string | undefined
  do {
    const page = await pageOfInvoices(platform.db, organizationId, { limit: 1, cursor })
    listed.push(...page.items.map(({ number }) => number))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  const own = (await numbersOf(organizationId)).filter((number) => number?.startsWith('TEST-'))
  expect(own).toHaveLength(2)
  expect(listed).toEqual([...own.toReversed(), '900000'])
})

/** What always holds between Berth and Stripe, whatever its webhooks and the connection to it do. */
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { take } from '../../subscriptions/change.ts'
import { abandonCheckout } from '../../subscriptions/checkout.ts'
import { creditOf } from '../../invoices/store.ts'
import { invoicesOf, ordinary } from '../../subscriptions/test-kit.ts'
import { toSubscription } from '../../subscriptions/view.ts'
import { reconcileOne } from '../reconcile.ts'
import { origin } from './comparison.ts'
import type { Fault, Thing } from './testing/fake-stripe.ts'
import { day, openStage, type Stage } from './testing/stage.ts'

// Stories of weeks, each with dozens of requests; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const runs = Number(process.env['BERTH_PROPERTY_RUNS'] ?? 6)

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage?.close())

const reconcile = (id: string) => reconcileOne(stage.platform, stage.collector, id, { origin })

/** What is so of an organization, here and there, without the names, and dates, that everything has of its own. */
async function stateOf(id: string, { dated = false } = {}) {
  const { db } = stage.platform
  const { plan, state, seats, provider, period, incomplete, trialEndsAt } = await toSubscription(
    db,
    await stage.now(id),
  )
  const invoices = (await invoicesOf(stage.platform, id)).map((one) => ({
    of: [one.state, one.total, one.paid, one.lines.length, one.number !== null],
    payable: one.payUrl !== null,
  }))
  const customer = await stage.customerOf(id).catch(() => null)
  const there = (object: string) =>
    stage.fake
      .things(object)
      .filter((one) => customer !== null && one.customer === customer)
      .map((one) => [one.status, one.total ?? one.amount ?? one.amount_total].join(' '))
      .toSorted()
  const known = await db
    .selectFrom('billingCustomers')
    .select(['paymentMethod'])
    .where('organizationId', '=', id)
    .execute()
  const drifts = await db
    .selectFrom('billingDrifts')
    .select(['identity'])
    .where('organizationId', '=', id)
    .where('resolvedAt', 'is', null)
    .execute()
  return {
    subscription: {
      plan: plan.plan,
      state,
      seats,
      provider,
      number: period.number,
      waits: incomplete !== null,
    },
    dates: dated ? [period.start, period.end, trialEndsAt] : [],
    invoices: invoices.map((one) => JSON.stringify(one)).toSorted(),
    credit: await creditOf(db, id, 'EUR'),
    known,
    drifts: drifts.map(({ identity }) => identity.replaceAll(/_[^/]+/g, '')).toSorted(),
    there: Object.fromEntries(
      ['checkout.session', 'invoice', 'invoiceitem', 'charge'].map((object) => [object, there(object)]),
    ),
    customers: stage.fake.things('customer').filter((one) => one.metadata.organization === id).length,
  }
}

/** All rows and all that was asked for, to see whether anything moved. */
async function everything() {
  const tables = [
    'subscriptions',
    'invoices',
    'invoice_lines',
    'credits',
    'trials',
    'billing_customers',
    'billing_drifts',
    'log_heads',
    'mails',
  ]
  const rows: Record<string, unknown> = {}
  for (const table of tables)
    rows[table] = (
      await sql`select to_jsonb(t) as row from ${sql.table(table)} t order by 1`.execute(stage.platform.db)
    ).rows
  return { rows, writes: stage.fake.writes().length }
}

/** What the organization does, and what happens at Stripe afterwards, before time goes on. */
const steps = {
  checkout: (id: string) => stage.checkout(id).then(() => {}),
  business: (id: string) => stage.checkout(id, { plan: 'business', seats: 3 }).then(() => {}),
  trial: (id: string) => stage.change(id, { trial: true }),
  upgrade: (id: string) => stage.change(id, { plan: 'business', seats: 4 }),
  abandon: (id: string) => stage.platform.change((tx) => abandonCheckout(tx, id, stage.terms)),
  nothing: async () => {},
}

const happenings = {
  pays: (customer: string) => {
    const open = ofCustomer('checkout.session', customer).find(({ status }) => status === 'open')
    if (open) stage.fake.payCheckout(open.id)
  },
  expires: (customer: string) => {
    const open = ofCustomer('checkout.session', customer).find(({ status }) => status === 'open')
    if (open) stage.fake.expireCheckout(open.id)
  },
  paysOnPage: (customer: string) => {
    const open = ofCustomer('invoice', customer).find(({ status }) => status === 'open')
    if (open) stage.fake.payOnPage(open.id)
  },
  cardExpires: (customer: string) => {
    if (hasCard(customer)) stage.fake.cardAnswers(customer, 'expired_card')
  },
  newCard: (customer: string) => stage.fake.changeCard(customer, { last4: '0077' }),
  retries: (customer: string) => {
    const open = ofCustomer('invoice', customer).find(({ status }) => status === 'open')
    if (open && hasCard(customer)) stage.fake.retry(open.id)
  },
  refunds: (customer: string) => {
    const [charge] = ofCustomer('charge', customer)
    if (charge && charge.amount_refunded === 0) stage.fake.refund(charge.payment_intent, 100)
  },
}

const ofCustomer = (object: string, customer: string): Thing[] =>
  stage.fake.things(object).filter((one) => one.customer === customer)
const hasCard = (customer: string) =>
  stage.fake.thing(customer).invoice_settings.default_payment_method !== null

interface Chapter {
  step: keyof typeof steps
  happens: (keyof typeof happenings)[]
  /** Which events come and in what order, as places in all there were; some twice, some never. */
  arrives: number[]
  days: number
}

const chapter: fc.Arbitrary<Chapter> = fc.record({
  step: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
  happens: fc.array(fc.constantFrom(...(Object.keys(happenings) as (keyof typeof happenings)[])), {
    maxLength: 3,
  }),
  arrives: fc.array(fc.nat(40), { maxLength: 4 }),
  days: fc.constantFrom(0, 0, 15, 31),
})

/** The events that are of an organization, oldest first. */
async function eventsOf(id: string): Promise<Thing[]> {
  const customer = await stage.customerOf(id).catch(() => null)
  return stage.fake.events.filter(({ data: { object } }) => [object.id, object.customer].includes(customer))
}

const handle = (event: Thing) =>
  stage.collector.handle({
    eventId: event.id,
    type: event.type,
    body: Buffer.from(stage.fake.signed(event).body),
    receivedAt: stage.clock.now(),
  })

/** Tells the whole story; `deliver` says what of the webhooks arrives before the comparison that ends each chapter. */
async function tell(
  ids: string[],
  story: Chapter[],
  deliver: ((id: string, chapter: Chapter, sent: number) => Promise<number>)[],
): Promise<void> {
  const sent = ids.map(() => 0)
  for (const one of story) {
    for (const [at, id] of ids.entries()) {
      // What is refused is refused alike: both stand the same.
      await steps[one.step](id).catch(() => {})
      await reconcile(id)
      const customer = await stage.customerOf(id).catch(() => null)
      if (customer) for (const what of one.happens) happenings[what](customer)
      sent[at] = await deliver[at]!(id, one, sent[at]!)
      await reconcile(id)
    }
    await stage.pass(one.days * day)
    for (const id of ids) await reconcile(id)
  }
}

const inOrder = async (id: string, _: Chapter, sent: number) => {
  const events = await eventsOf(id)
  for (const event of events.slice(sent)) await handle(event)
  return events.length
}

const anyhow = async (id: string, { arrives }: Chapter, sent: number) => {
  const events = await eventsOf(id)
  for (const place of arrives) if (events.length > 0) await handle(events[place % events.length])
  return sent
}

test('invariant 9: webhooks in any order, doubled or lost, and one comparison come to the same', async () => {
  const property = fc.asyncProperty(fc.array(chapter, { minLength: 1, maxLength: 3 }), async (story) => {
    const [punctual, jumbled] = [await ordinary(stage.platform), await ordinary(stage.platform)]
    await tell([punctual, jumbled], story, [inOrder, anyhow])
    expect(await stateOf(jumbled, { dated: true })).toEqual(await stateOf(punctual, { dated: true }))
  })
  await fc.assert(property, { numRuns: runs })
})

test('invariant 9: an event that tells of what no longer holds changes nothing', async () => {
  const id = await stage.paying()
  await stage.change(id, { plan: 'business', seats: 4 })
  await reconcile(id)
  const before = await everything()
  for (const event of await eventsOf(id)) expect(await handle(event)).toMatchObject({ outcome: 'processed' })
  expect(await everything()).toEqual(before)
})

test('invariant 10: compared twice is as compared once', async () => {
  const property = fc.asyncProperty(fc.array(chapter, { minLength: 1, maxLength: 3 }), async (story) => {
    const id = await ordinary(stage.platform)
    await tell([id], story, [anyhow])
    const once = await everything()
    await reconcile(id)
    expect(await everything()).toEqual(once)
  })
  await fc.assert(property, { numRuns: runs })
})

/** A month passes for one organization alone. */
async function renew(id: string): Promise<void> {
  stage.clock.advance(31 * day)
  await stage.platform.change((tx) => take(tx, id, stage.terms))
}

/** Things to do for which Stripe is asked several times, each ready to be done. */
const works: Record<string, { ready(): Promise<string> }> = {
  'a first checkout': {
    ready: async () => {
      const id = await ordinary(stage.platform)
      stage.fake.fault = () => 'before'
      await stage.checkout(id).catch(() => {})
      return id
    },
  },
  'a checkout that was paid': {
    ready: async () => {
      const id = await ordinary(stage.platform)
      stage.fake.payCheckout(await stage.checkout(id))
      return id
    },
  },
  'a renewal': {
    ready: async () => {
      const id = await stage.paying()
      await renew(id)
      return id
    },
  },
  'a renewal with a card that does not pay': {
    ready: async () => {
      const id = await stage.paying()
      stage.fake.cardAnswers(await stage.customerOf(id), 'card_declined')
      await renew(id)
      return id
    },
  },
  'an upgrade of several lines': {
    ready: async () => {
      const id = await stage.paying()
      await stage.change(id, { plan: 'business', seats: 7 })
      return id
    },
  },
  'late money': {
    ready: async () => {
      const id = await ordinary(stage.platform)
      stage.fake.payCheckout(await stage.checkout(id))
      await stage.platform.change((tx) => abandonCheckout(tx, id, stage.terms))
      return id
    },
  },
}

test.for(Object.entries(works))(
  'invariant 10: broken off at whatever request, %s comes to the same when it is done again',
  async ([, { ready }]) => {
    const prepared = async () => {
      const id = await ready()
      stage.fake.fault = () => null
      return id
    }
    const undisturbed = await prepared()
    const from = stage.fake.asked.length
    await reconcile(undisturbed)
    const requests = stage.fake.asked.slice(from)
    await reconcile(undisturbed)
    const wanted = await stateOf(undisturbed)
    expect(requests.length).toBeGreaterThan(2)
    for (const [index, { method }] of requests.entries()) {
      // Whether it was answered is all the same to a question.
      const breaks: [Fault, boolean][] = [
        ['before', false],
        ...(method === 'GET'
          ? []
          : ([
              ['after', false],
              ['after', true],
            ] as [Fault, boolean][])),
      ]
      for (const [kind, forgotten] of breaks) {
        const at = index + 1
        const id = await prepared()
        const begun = stage.fake.asked.length
        // Twice, since the package takes the first break for a connection that had grown old.
        stage.fake.fault = (_, count) => (count === begun + at || count === begun + at + 1 ? kind : null)
        await expect(reconcile(id)).rejects.toThrow('connection to Stripe')
        stage.fake.fault = () => null
        // After a day the keys of what was asked before mean nothing any more.
        if (forgotten) stage.fake.forgetKeys()
        await reconcile(id)
        await reconcile(id)
        expect({ kind, at, forgotten, ...(await stateOf(id)) }).toEqual({ kind, at, forgotten, ...wanted })
      }
    }
  },
)

/** A plan that is paid for: Berth as its own process, and a Stripe that it reaches over the network. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { api, type Subscription } from '@berth/contracts'
import {
  startFakeStripe,
  type FakeStripe,
} from '@berth/server/billing/providers/stripe/testing/fake-stripe.ts'
import {
  createTestDatabase,
  signUp,
  type TestDatabase,
  type TestPerson,
} from '@berth/server/platform/testing/index.ts'
import { signedIn, type Mcpctl } from '../cli/support.ts'
import { clientAt, startBerthProcess, type BerthProcess } from '../support/berth-process.ts'
import { eventually } from '../support/eventually.ts'

let database: TestDatabase
let dataDir: string
let stripe: FakeStripe
let berth: BerthProcess
let url: string
let person: TestPerson
let cli: Mcpctl
let organizationId: string

beforeAll(async () => {
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'berth-payments-'))
  stripe = await startFakeStripe()
  berth = startBerthProcess({ databaseUrl: database.url, dataDir, env: stripe.env })
  url = await berth.url
  stripe.deliverTo(`${url}/api/webhooks/billing/stripe`)
  person = await signUp({ url, client: (token) => clientAt(url, token ?? '') })
  organizationId = (await person.client.call(api.organizations.create, { body: { name: 'Acme' } })).id
  cli = await signedIn(url, person)
})
afterAll(async () => {
  await cli?.close()
  await berth?.kill()
  await stripe?.close()
  await database?.drop()
  if (dataDir) await rm(dataDir, { recursive: true, force: true })
})

interface Link {
  url: string
}

const sessionIn = ({ url: link }: Link) => link.split('/').at(-1)!

const subscription = () => person.client.call(api.subscriptions.get, { params: { organizationId } })

const untilOn = (plan: string) =>
  eventually(`the plan is ${plan}`, async () => {
    const one = await subscription()
    return one.plan.plan === plan ? one : undefined
  })

test('from the link to the plan: checkout, payment, webhook, and what follows from it', async () => {
  const params = { organizationId }
  const quote = await person.client.call(api.subscriptions.preview, { params, body: { plan: 'team' } })
  expect(quote).toMatchObject({ checkout: true, total: '4900' })
  const refused = await cli.run(['billing', 'change', 'team'])
  expect(refused.stderr).toContain('mcpctl billing checkout')

  const link = await cli.json<Link>('billing', 'checkout', 'team')
  expect((await subscription()).plan.plan).toBe('free')
  expect(await cli.text('billing', 'subscription')).toContain(link.url)
  stripe.payCheckout(sessionIn(link))
  expect(await untilOn('team')).toMatchObject({ state: 'active', provider: 'stripe', incomplete: null })
  expect(await person.client.call(api.invoices.list, { params, query: {} })).toMatchObject({
    items: [{ state: 'paid', total: '4900' }],
  })
  expect(await person.client.call(api.checkout.payment, { params })).toEqual({
    provider: 'stripe',
    method: 'Visa ending in 4242',
  })
  expect(await cli.text('billing', 'portal')).toContain('https://billing.stripe.test/')
})

test('with the card that is kept, an upgrade is collected without a checkout', async () => {
  const params = { organizationId }
  const body = { plan: 'business', seats: 5 }
  await person.client.call(api.subscriptions.change, { params, body })
  const paid = await eventually('the invoice is paid', async () => {
    const { items } = await person.client.call(api.invoices.list, { params, query: {} })
    return items.every(({ state }) => state === 'paid') ? items : undefined
  })
  expect(paid).toHaveLength(2)
  expect((await person.client.call(api.subscriptions.get, { params })).plan.plan).toBe('business')
})

test('a test organization has neither checkout nor portal, and is told why', async () => {
  const body = { name: 'Rehearsal', timeZone: 'UTC' }
  const { organizationId: rehearsal } = await person.client.call(api.billing.createTestOrganization, { body })
  for (const verb of [['checkout', 'team'], ['portal']])
    expect(await cli.run(['--org', rehearsal, 'billing', ...verb])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Nothing of a test organization is ever paid for real') as string,
    })
})

test('mcpctl waits until it is paid, and tells when it was given up', async () => {
  const { id } = await person.client.call(api.organizations.create, { body: { name: 'Waiting' } })
  await cli.text('orgs', 'use', id)
  const begun = async () =>
    eventually('the checkout began', async () => {
      const one = await person.client.call(api.subscriptions.get, { params: { organizationId: id } })
      return one.incomplete?.url ? one.incomplete : undefined
    })
  const given = cli.run(['billing', 'checkout', 'team', '--wait'])
  await begun()
  await cli.text('billing', 'checkout', '--abandon')
  expect(await given).toMatchObject({ code: 1, stderr: expect.stringContaining('was not paid') })

  const paid = cli.json<Subscription>('billing', 'checkout', 'team', '--wait')
  stripe.payCheckout(sessionIn((await begun()) as Link))
  expect(await paid).toMatchObject({ state: 'active', plan: { plan: 'team' } })
})

test('forged events are refused, and what was killed in the middle is done afterwards', async () => {
  const event = stripe.events[0]!
  const { body, headers } = stripe.signed(event, { secret: 'whsec_another' })
  const forged = await fetch(`${url}/api/webhooks/billing/stripe`, { method: 'POST', headers, body })
  expect(forged.status).toBe(401)

  const { id } = await person.client.call(api.organizations.create, { body: { name: 'Killed' } })
  const params = { organizationId: id }
  const link = await person.client.call(api.checkout.checkout, { params, body: { plan: 'team' } })
  await berth.kill()
  stripe.deliverTo(null)
  stripe.payCheckout(sessionIn(link))
  berth = startBerthProcess({ databaseUrl: database.url, dataDir, env: stripe.env })
  url = await berth.url
  // The provider sends what was not taken again, until it is.
  await eventually('the event is taken', async () => {
    const status = await stripe.deliver(`${url}/api/webhooks/billing/stripe`, stripe.events.at(-1))
    return status < 300 ? status : undefined
  })
  const again = clientAt(url, person.token)
  await eventually('the plan is team', async () => {
    const one = await again.call(api.subscriptions.get, { params })
    return one.plan.plan === 'team' ? one : undefined
  })
})

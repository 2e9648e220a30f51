/** What the demo's world has too little of to be photographed: invitations, payments, and what goes wrong with them. */
import { api, ApiError } from '@berth/contracts'
import { startFakeStripe } from '@berth/server/billing/providers/stripe/testing/fake-stripe.ts'
import { deliver, eventOf, secret, signed } from '@berth/server/billing/providers/testing/deliveries.ts'
import { eventually } from '../../scripts/demo/eventually.ts'
import { signUp } from '../../scripts/demo/people.ts'
import type { World } from '../../scripts/demo/world.ts'

type Stripe = Awaited<ReturnType<typeof startFakeStripe>>

/** The world with what the pictures need besides: names of organizations, and the secret of a link. */
export type Scene = Awaited<ReturnType<typeof setScene>>

/** Without a free plan to fall back to, it is suspended where it is not paid. */
const strictPlan = `
plans:
  fleet:
    name: Fleet
    description: For those who run many servers.
    price: 19900
    currency: EUR
    dueDays: 7
    graceDays: 7
    grants:
      runtime.concurrent_servers: 50
      gateway.tool_calls: { limit: 1000000, reset: month }
      seats: 20
      workspaces: unlimited
`

/** A Stripe that is played; Berth has to be started with its settings. */
export async function startPayments(): Promise<Stripe> {
  const stripe = await startFakeStripe()
  Object.assign(process.env, stripe.env, { BERTH_BILLING_WEBHOOK_SECRET: secret })
  return stripe
}

/** Makes it, and an organization of somebody's who has nothing else. */
export async function setScene(url: string, world: World, stripe: Stripe, signal: AbortSignal) {
  stripe.deliverTo(`${url}/api/webhooks/billing/stripe`)
  const newcomer = await signUp(url, 'Noor Haddad', 'has an organization and nothing in it')
  await newcomer.client.call(api.organizations.create, { body: { name: 'Harbour Works' } })
  await world.people.operator.client.call(api.plans.apply, { body: { file: strictPlan } })
  await trouble(url, world, signal)
  await keepTokens(world)
  return {
    ...world,
    invitation: await invite(world),
    pastDue: await lapse(world, 'Skerry Freight', '2026-02-08T09:00:00Z'),
    suspended: await lapse(world, 'Tidal Survey', '2026-02-16T09:00:00Z'),
    unpaid: await leaveUnpaid(world),
    paid: await pay(world, stripe, signal),
  }
}

/** Two who have not answered, one whose invitation was taken back, and one who forgot their password; the secret of the first link. */
async function invite({ payments, people: { developer } }: World): Promise<string> {
  const { organizationId, owner } = payments
  const params = { organizationId }
  const create = (email: string, role: 'developer' | 'auditor') =>
    owner.client.call(api.invitations.create, { params, body: { email, role } })
  const { link } = await create('hanna.voss@example.com', 'developer')
  const { id: invitationId } = await create('external.audit@example.com', 'auditor')
  await create('mateo.silva@example.com', 'auditor')
  await owner.client.call(api.invitations.revoke, { params: { organizationId, invitationId } })
  await developer.client.call(api.account.forgotPassword, { body: { email: developer.email } })
  return new URL(link!).pathname.split('/').at(-1)!
}

/** What programs of the owner's act with; one is revoked. */
async function keepTokens({ payments: { organizationId, owner }, deployments }: World): Promise<void> {
  const create = (name: string, more: object) =>
    owner.client.call(api.tokens.createMine, {
      body: { name, organizationId, scopes: ['tools:call', 'deployments:read'], ...more },
    })
  await create('editor', {})
  await create('reconciliation notebook', {
    allowedDeployments: [deployments.rates.id],
    allowedTools: ['convert', 'get_rate'],
  })
  await create('release script', {
    organizationId: null,
    scopes: ['deployments:read', 'deployments:write', 'audit:read'],
    expiresInDays: null,
  })
  const { id: tokenId } = await create('old laptop', {})
  await owner.client.call(api.tokens.revokeMine, { params: { tokenId } })
}

/** An organization with a clock of its own that does not pay; its name in addresses. */
async function lapse({ people: { operator } }: World, name: string, until: string): Promise<string> {
  const { organizationId, slug } = await operator.client.call(api.billing.createTestOrganization, {
    body: { name, now: '2026-01-31T09:00:00Z', timeZone: 'Europe/Berlin' },
  })
  const params = { organizationId }
  await operator.client.call(api.subscriptions.change, { params, body: { plan: 'fleet' } })
  await operator.client.call(api.billing.advanceClock, { params, body: { to: until } })
  return slug
}

/** An organization that went to the checkout and left it; its name in addresses. */
async function leaveUnpaid({ people: { shipper } }: World): Promise<string> {
  const { id: organizationId, slug } = await shipper.client.call(api.organizations.create, {
    body: { name: 'Fjord Research' },
  })
  await shipper.client.call(api.checkout.checkout, { params: { organizationId }, body: { plan: 'team' } })
  return slug
}

/** An organization that paid with a card which has run out since; its name in addresses. */
async function pay({ people: { shipper } }: World, stripe: Stripe, signal: AbortSignal): Promise<string> {
  const { id: organizationId, slug } = await shipper.client.call(api.organizations.create, {
    body: { name: 'Fjord Cruises' },
  })
  const params = { organizationId }
  const { url } = await shipper.client.call(api.checkout.checkout, { params, body: { plan: 'team' } })
  const session = stripe.thing(new URL(url).pathname.slice(1))
  stripe.payCheckout(session.id)
  await eventually(`${slug} has paid`, signal, async () => {
    const { plan } = await shipper.client.call(api.subscriptions.get, { params })
    return plan.plan === 'team'
  })
  stripe.cardAnswers(session.customer, 'expired_card')
  // That there is a card is told apart from the payment, and may arrive later.
  await eventually(`${slug} has a card`, signal, async () => {
    const body = { plan: 'business', seats: 5 }
    return shipper.client.call(api.subscriptions.change, { params, body }).then(() => true, unpaid)
  })
  return slug
}

function unpaid(error: unknown): false {
  if (error instanceof ApiError && error.problem.code === 'invalid_state') return false
  throw error
}

/** A payment of the wrong amount, and events that mean nothing here. */
async function trouble(url: string, { people: { operator } }: World, signal: AbortSignal): Promise<void> {
  const { organizationId } = await operator.client.call(api.billing.createTestOrganization, {
    body: { name: 'Holm Pilots' },
  })
  const params = { organizationId }
  await operator.client.call(api.subscriptions.change, { params, body: { plan: 'fleet' } })
  const { items } = await operator.client.call(api.invoices.list, { params, query: {} })
  const send = (type: string, data: object) => deliver(url, signed(eventOf(type, data)))
  const at = new Date()
  await send('usage.recorded', { id: 'a', organization: organizationId, key: 'unicorns', quantity: 1, at })
  await send('customer.sneezed', {})
  const payment = { invoice: items[0]!.number, amount: 100, currency: 'EUR', reference: 'bank statement 12' }
  await send('payment.recorded', payment)
  await eventually('what is wrong is noticed', signal, async () => {
    const { items: dead } = await operator.client.call(api.payments.listWebhooks, {
      query: { state: 'dead' },
    })
    const { items: drifts } = await operator.client.call(api.payments.listDrifts, { query: {} })
    return dead.length > 0 && drifts.length > 0
  })
}

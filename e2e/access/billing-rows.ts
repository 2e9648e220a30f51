import { api } from '@berth/contracts'
import type { Given, Row } from './rows.ts'
import { anotherOrganization, createWorkspace, type World } from './world.ts'

const file = 'plans: { spare: { name: Spare, price: 100, currency: EUR } }'

const inOrganization = ({ organizationId }: World): Given => ({ params: { organizationId } })

/** Puts the organization where it began. */
async function onFree({ owner, organizationId }: World): Promise<Given> {
  const params = { organizationId }
  const { plan } = await owner.client.call(api.subscriptions.get, { params })
  if (plan.plan !== 'free') await owner.client.call(api.subscriptions.cancel, { params, body: { at: 'now' } })
  return { params }
}

async function onPlan(world: World, plan: string, seats: number | null = null): Promise<Given> {
  const given = await onFree(world)
  const params = { organizationId: world.organizationId }
  await world.operator.client.call(api.billing.assign, { params, body: { plan, seats } })
  return given
}

async function onScheduled(world: World): Promise<Given> {
  const given = await onPlan(world, 'team')
  const params = { organizationId: world.organizationId }
  await world.owner.client.call(api.subscriptions.schedule, { params, body: { plan: 'free' } })
  return given
}

async function onCanceled(world: World): Promise<Given> {
  const given = await onPlan(world, 'team')
  const params = { organizationId: world.organizationId }
  await world.owner.client.call(api.subscriptions.cancel, { params, body: {} })
  return given
}

/** With an invoice that is open. */
async function onInvoice(world: World): Promise<Given> {
  await onPlan(world, 'team')
  const params = { organizationId: world.organizationId }
  const { items } = await world.owner.client.call(api.invoices.list, { params, query: { state: 'open' } })
  return { params: { ...params, invoiceId: items[0]!.id } }
}

/** One with a clock of its own, of the same people: the operator who made it has left. */
async function testOrganization(world: World): Promise<World> {
  const { operator, owner, members } = world
  const { organizationId } = await operator.client.call(api.billing.createTestOrganization, {
    body: { name: 'Clockwork', now: '2030-01-01T00:00:00Z' },
  })
  const params = { organizationId }
  const people = Object.entries({ owner, ...members }) as ['owner', typeof owner][]
  for (const [role, { email }] of people)
    await operator.client.call(api.organizations.addMember, { params, body: { email, role } })
  const { items } = await owner.client.call(api.organizations.listMembers, { params, query: {} })
  const { id: memberId } = items.find(({ userId }) => userId === operator.userId)!
  await owner.client.call(api.organizations.removeMember, { params: { ...params, memberId } })
  const place = { ...world, organizationId }
  return { ...place, workspace: await createWorkspace(place), neighbour: await createWorkspace(place) }
}

const someCalls = { items: [{ key: 'gateway.tool_calls', quantity: 10 }] }

async function onHold({ owner, organizationId }: World): Promise<Given> {
  const params = { organizationId }
  const { hold } = await owner.client.call(api.holds.reserve, { params, body: someCalls })
  return { params: { ...params, holdId: hold!.id } }
}

/** Plans, subscriptions, invoices and quotas. */
export const billingRows: Record<string, Row> = {
  'billing.list-plans': { needs: 'person' },
  'billing.catalog': { needs: 'person' },
  'billing.apply-plans': { needs: 'operator', request: () => ({ body: { file, dryRun: true } }) },
  'billing.export-plans': { needs: 'operator' },

  'billing.subscription': { needs: 'billing:read', request: inOrganization },
  'billing.subscriptions': { needs: 'billing:read', request: inOrganization },
  'billing.preview': {
    needs: 'billing:read',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onFree(world)), body: { plan: 'team' } }),
  },
  'billing.change': {
    needs: 'billing:write',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onFree(world)), body: { plan: 'team', trial: true } }),
  },
  'billing.schedule': {
    needs: 'billing:write',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onPlan(world, 'team')), body: { plan: 'free' } }),
  },
  'billing.unschedule': { needs: 'billing:write', place: anotherOrganization, request: onScheduled },
  'billing.set-seats': {
    needs: 'billing:write',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onPlan(world, 'business', 50)), body: { seats: 60 } }),
  },
  'billing.cancel': {
    needs: 'billing:write',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onPlan(world, 'team')), body: { at: 'period-end' } }),
  },
  'billing.resume': { needs: 'billing:write', place: anotherOrganization, request: onCanceled },

  'billing.invoices': { needs: 'billing:read', request: inOrganization },
  'billing.invoice': { needs: 'billing:read', place: anotherOrganization, request: onInvoice },
  'billing.invoice-html': { needs: 'billing:read', place: anotherOrganization, request: onInvoice },
  'billing.invoice-pdf': { needs: 'billing:read', place: anotherOrganization, request: onInvoice },
  'billing.record-payment': {
    needs: 'operator',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onInvoice(world)), body: { reference: 'bank statement 12' } }),
  },
  'billing.void-invoice': {
    needs: 'operator',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onInvoice(world)), body: { reason: 'a test' } }),
  },
  'billing.write-off': {
    needs: 'operator',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onInvoice(world)), body: { reason: 'a test' } }),
  },

  'billing.operator-organizations': { needs: 'operator' },
  'billing.operator-invoices': { needs: 'operator', request: inOrganization },
  'billing.assign': {
    needs: 'operator',
    place: anotherOrganization,
    request: async (world) => ({ ...(await onFree(world)), body: { plan: 'business' } }),
  },
  'billing.allow-over-limit': {
    needs: 'operator',
    place: anotherOrganization,
    request: (world) => ({
      ...inOrganization(world),
      body: { until: '2030-01-01T00:00:00Z', reason: 'a test' },
    }),
  },
  'billing.create-test-organization': { needs: 'operator', request: () => ({ body: { name: 'Clockwork' } }) },
  'billing.clock': { needs: 'billing:read', request: inOrganization },
  'billing.advance-clock': {
    needs: 'billing:write',
    place: testOrganization,
    request: (world) => ({ ...inOrganization(world), body: { to: '2030-06-01T00:00:00Z' } }),
  },

  'billing.usage': { needs: 'billing:read', request: inOrganization },
  'billing.usage-breakdown': { needs: 'billing:read', request: inOrganization },
  'billing.check-quota': {
    needs: 'billing:read',
    request: (world) => ({ ...inOrganization(world), body: { items: [{ key: 'gateway.tool_calls' }] } }),
  },
  'billing.reserve-quota': {
    needs: 'billing:write',
    request: (world) => ({ ...inOrganization(world), body: someCalls }),
  },
  'billing.holds': { needs: 'billing:read', request: inOrganization },
  'billing.hold': { needs: 'billing:read', request: onHold },
  'billing.confirm-hold': {
    needs: 'billing:write',
    request: async (world) => ({ ...(await onHold(world)), body: {} }),
  },
  'billing.release-hold': { needs: 'billing:write', request: onHold },
}

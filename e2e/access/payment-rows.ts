import { api } from '@berth/contracts'
import { deliver, eventOf, signed } from '@berth/server/billing/providers/testing/deliveries.ts'
import { eventually } from '../support/eventually.ts'
import type { Given, Row } from './rows.ts'
import { anotherOrganization, type World } from './world.ts'

/** A webhook that was given up. */
async function onDeadWebhook({ server, operator }: World): Promise<Given> {
  await deliver(server.url, signed(eventOf('usage.recorded', {})))
  const webhookId = await eventually('the webhook is dead', async () => {
    const { items } = await operator.client.call(api.payments.listWebhooks, { query: { state: 'dead' } })
    return items[0]?.id
  })
  return { params: { webhookId } }
}

/** A payment that does not fit its invoice. */
async function onDrift({ server, operator, owner, organizationId }: World): Promise<Given> {
  const params = { organizationId }
  await operator.client.call(api.billing.assign, { params, body: { plan: 'team' } })
  const { items } = await owner.client.call(api.invoices.list, { params, query: { state: 'open' } })
  const payment = { invoice: items[0]!.number, amount: 1, currency: 'EUR', reference: 'bank statement 12' }
  await deliver(server.url, signed(eventOf('payment.recorded', payment)))
  const { provider, identity } = await eventually('the difference is told', async () => {
    const drifts = await operator.client.call(api.payments.listDrifts, { query: {} })
    return drifts.items.find((one) => one.organizationId === organizationId)
  })
  return { body: { provider, identity, reason: 'given back' } }
}

/** With a change of plan that waits for its first payment. */
async function onCheckout({ owner, organizationId }: World): Promise<Given> {
  const params = { organizationId }
  await owner.client.call(api.checkout.checkout, { params, body: { plan: 'team' } })
  return { params }
}

/** How organizations pay, what payment providers send, and where they differ. */
export const paymentRows: Record<string, Row> = {
  'billing.receive-webhook': {
    needs: 'nothing',
    request: () => {
      const body = { type: 'something.happened', data: {} }
      const { headers } = signed(JSON.stringify(body))
      return { params: { provider: 'standard' }, body, headers }
    },
  },
  'billing.payment': {
    needs: 'billing:read',
    request: ({ organizationId }) => ({ params: { organizationId } }),
  },
  'billing.checkout': {
    needs: 'billing:write',
    place: anotherOrganization,
    request: ({ organizationId }) => ({ params: { organizationId }, body: { plan: 'team' } }),
  },
  'billing.abandon-checkout': { needs: 'billing:write', place: anotherOrganization, request: onCheckout },
  'billing.portal': { needs: 'billing:write', place: anotherOrganization, request: onCheckout },
  'billing.webhooks': { needs: 'operator' },
  'billing.retry-webhook': { needs: 'operator', request: onDeadWebhook },
  'billing.drifts': { needs: 'operator' },
  'billing.settle-drift': { needs: 'operator', place: anotherOrganization, request: onDrift },
  'billing.reconcile': { needs: 'operator', request: () => ({ body: { dryRun: true } }) },
}

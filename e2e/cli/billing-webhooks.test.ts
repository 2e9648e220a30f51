import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Invoice, Webhook } from '@berth/contracts'
import { deliver, eventOf, secret, signed } from '../../server/src/billing/providers/testing/deliveries.ts'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { signedIn, type List, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let cli: Mcpctl
beforeAll(async () => {
  server = await startTestServer({ env: { BERTH_BILLING_WEBHOOK_SECRET: secret } })
  cli = await signedIn(server.url, await signUp(server))
  await cli.text('orgs', 'create', 'Acme')
  await cli.text('billing', 'change', 'team')
})
afterAll(async () => {
  await cli?.close()
  await server?.close()
})

const send = (type: string, data: object) => deliver(server.url, signed(eventOf(type, data)))
const invoice = async () => (await cli.json<List<Invoice>>('billing', 'invoices', 'list')).items[0]!

it('shows what could not be dealt with and why, and tries it again', async () => {
  await send('usage.recorded', {
    id: 'a',
    organization: 'acme',
    key: 'unicorns',
    quantity: 1,
    at: new Date(),
  })
  const dead = await eventually('it is dead', async () => {
    const { items } = await cli.json<List<Webhook>>('billing', 'webhooks', '--state', 'dead')
    return items[0]
  })
  expect(await cli.text('billing', 'webhooks', 'list')).toContain('"unicorns" is no entitlement')
  await cli.text('billing', 'webhooks', 'retry', dead.id)
  await eventually('it is dead again', async () => {
    const { items } = await cli.json<List<Webhook>>('billing', 'webhooks', 'list', '--state', 'dead')
    return items[0]
  })
})

it('shows where a payment differs from its invoice, and takes what was done about it', async () => {
  const { number, currency, total } = await invoice()
  await send('payment.recorded', { invoice: number, amount: 1, currency, reference: 'bank 1' })
  type Open = { provider: string; identity: string; what: string }
  const drift = await eventually('it is told', async () => {
    const { items } = await cli.json<List<Open>>('billing', 'drifts')
    return items[0]
  })
  expect(drift.what).toContain('€49.00')
  await cli.text('billing', 'drifts', 'settle', drift.provider, drift.identity, '--reason', 'given back')
  expect((await cli.json<List<Open>>('billing', 'drifts', 'list')).items).toEqual([])
  await send('payment.recorded', { invoice: number, amount: total, currency, reference: 'bank 2' })
  await eventually('it is paid', async () => ((await invoice()).state === 'paid' ? true : null))
})

it('compares nothing where no organization pays through a provider', async () => {
  expect(await cli.text('billing', 'reconcile', '--dry-run')).toContain('nothing to compare')
})

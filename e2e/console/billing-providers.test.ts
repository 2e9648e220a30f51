import { api } from '@berth/contracts'
import { deliver, eventOf, secret, signed } from '@berth/server/billing/providers/testing/deliveries.ts'
import type { TestPerson } from '@berth/server/platform/testing/index.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { expectGoodEverywhere, openStage, settle, type Stage, visit } from './support.ts'

let stage: Stage
let operator: TestPerson
let organizationId: string
beforeAll(async () => {
  stage = await openStage({ env: { BERTH_BILLING_WEBHOOK_SECRET: secret } })
  const home = await settle(stage.server, 'Payers')
  operator = home.person
  organizationId = home.organizationId
})
afterAll(() => stage?.close())

const send = (type: string, data: object) => deliver(stage.server.url, signed(eventOf(type, data)))
const tab = (page: Page, name: RegExp) => page.getByRole('tab', { name })
const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text }).first()

test('an operator sees what a provider sent, the dead first and why, and tries it again', async () => {
  const { page, context, complaints } = await visit(stage, { person: operator })
  await page.goto('/console/operator/billing')
  await tab(page, /Webhooks/).click()
  await page.getByText('No payment provider has sent anything yet').waitFor()
  await send('customer.sneezed', {})
  const at = new Date()
  await send('usage.recorded', { id: 'a', organization: organizationId, key: 'unicorns', quantity: 1, at })
  // Told by the stream, or asked for again: nobody reloads.
  await tab(page, /1 dead/).waitFor({ timeout: 60_000 })
  await row(page, 'usage.recorded').waitFor()
  expect(await page.getByRole('row').nth(1).textContent()).toContain('"unicorns" is no entitlement')
  await row(page, 'usage.recorded').click()
  await page.getByText('Its id there').waitFor()
  await expectGoodEverywhere(page, 'operator-billing-webhooks')
  const { items } = await operator.client.call(api.payments.listWebhooks, { query: { state: 'dead' } })
  const before = items[0]!.attempts
  expect(before).toBe(1)
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('usage.recorded of standard is tried again.').waitFor()
  await eventually('it is dead again', async () => {
    const again = await operator.client.call(api.payments.listWebhooks, { query: { state: 'dead' } })
    return again.items[0]
  })
  await page.getByRole('combobox', { name: 'State' }).click()
  await page.getByRole('option', { name: 'ignored' }).click()
  await row(page, 'usage.recorded').waitFor({ state: 'detached' })
  await row(page, 'customer.sneezed').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('an operator sees where a payment differs, deals with it, and has everything compared', async () => {
  const params = { organizationId }
  await operator.client.call(api.subscriptions.change, { params, body: { plan: 'team' } })
  const { items } = await operator.client.call(api.invoices.list, { params, query: {} })
  const { page, context, complaints } = await visit(stage, { person: operator })
  await page.goto('/console/operator/billing?tab=drift')
  await page.getByText('Nothing differs').waitFor()
  await send('payment.recorded', {
    invoice: items[0]!.number,
    amount: 100,
    currency: 'EUR',
    reference: 'bank statement 12',
  })
  await row(page, 'bank statement 12').click({ timeout: 60_000 })
  await expectGoodEverywhere(page, 'operator-billing-drift')
  await page.getByRole('button', { name: 'Mark as dealt with…' }).click()
  await page.getByLabel('What was done about it').fill('given back')
  await page.getByRole('button', { name: 'Take it off the list' }).click()
  await page.getByText('Nothing differs').waitFor()
  await page.getByRole('button', { name: 'Reconcile now…' }).click()
  await page.getByRole('button', { name: 'Look only' }).click()
  await page.getByText('so there is nothing to compare').waitFor()
  await expectGoodEverywhere(page, 'operator-billing-reconcile')
  expect(page.url()).toContain('ask=reconcile')
  await page.getByRole('textbox', { name: 'Organization' }).fill('nobody-at-all')
  await page.getByRole('button', { name: 'Reconcile now', exact: true }).click()
  await page.getByText('There is no such organization').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

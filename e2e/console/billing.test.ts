import path from 'node:path'
import { api } from '@berth/contracts'
import type { TestPerson } from '@berth/server/platform/testing/index.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { expectGoodEverywhere, openStage, settle, type Stage, visit } from './support.ts'

/** Dearer than Team, and suspended where it is not paid. */
const gold = `
plans:
  gold:
    name: Gold
    price: 9900
    currency: EUR
    dueDays: 7
    graceDays: 7
    grants:
      runtime.concurrent_servers: 50
      gateway.tool_calls: {limit: 1000, reset: day, mode: soft}
      seats: 20
      workspaces: unlimited
  pewter: { name: Pewter, price: 9900, currency: EUR, dueDays: 7, fallback: bronze, public: false, grants: { workspaces: unlimited } }
  bronze: { name: Bronze, price: 0, currency: EUR, grants: { workspaces: 1 } }
`

let stage: Stage
let operator: TestPerson
beforeAll(async () => {
  stage = await openStage()
  operator = (await settle(stage.server, 'Operations')).person
  await operator.client.call(api.plans.apply, { body: { file: gold, dryRun: false } })
  const folder = path.join(import.meta.dirname, '../fixtures/mcp')
  await operator.client.call(api.catalog.add, {
    body: { name: 'echo', artifact: { kind: 'local', path: folder, command: ['node', 'echo.mjs'] } },
  })
})
afterAll(() => stage?.close())

/** An organization of the operator's with a clock of its own, on the page of its billing. */
async function clockwork(name: string) {
  const { organizationId, slug } = await operator.client.call(api.billing.createTestOrganization, {
    body: { name, now: '2026-01-31T09:00:00Z', timeZone: 'Europe/Berlin' },
  })
  const seen = await visit(stage, { person: operator })
  await seen.page.goto(`/console/billing/${slug}`)
  await seen.page.getByRole('heading', { name: 'Billing', level: 1 }).waitFor()
  const params = { organizationId }
  return {
    ...seen,
    slug,
    launch: () => launchEcho(operator, organizationId),
    advance: (to: string) => operator.client.call(api.billing.advanceClock, { params, body: { to } }),
    pay: async () => {
      const { items } = await operator.client.call(api.invoices.list, { params, query: { state: 'open' } })
      for (const { id: invoiceId } of items)
        await operator.client.call(api.invoices.pay, {
          params: { invoiceId },
          body: { reference: 'bank 12' },
        })
    },
  }
}

/** A server of the organization, once it runs. */
async function launchEcho(person: TestPerson, organizationId: string) {
  const params = { organizationId }
  const { id: workspaceId } = await person.client.call(api.workspaces.create, {
    params,
    body: { name: 'Main', tier: 'community' },
  })
  const { id: deploymentId } = await person.client.call(api.deployments.launch, {
    params,
    body: { workspaceId, server: 'local/echo' },
  })
  const one = { ...params, deploymentId }
  await eventually('it runs', async () => {
    const { phase } = await person.client.call(api.deployments.get, { params: one })
    return phase === 'running' || null
  })
  return one
}

const part = (page: Page, name: string | RegExp) => page.getByRole('region', { name })

test('an organization subscribes, upgrades, and puts a downgrade off, each after being shown what it costs', async () => {
  const { page, context, complaints, pay } = await clockwork('Clockwork')
  await page.getByRole('button', { name: 'Choose Team…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('The trial ends on 14 Feb 2026').waitFor()
  await dialog.getByRole('button', { name: 'Begin the trial of Team' }).waitFor()
  await dialog.getByRole('checkbox').uncheck()
  await dialog.getByText('To pay now').waitFor()
  await expectGoodEverywhere(page, 'billing-change')
  await dialog.getByRole('button', { name: 'Change to Team', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  await part(page, 'Team, version 1').getByText('active').waitFor()
  await part(page, 'Invoices').getByRole('row').filter({ hasText: '€49.00' }).getByText('open').waitFor()
  await part(page, 'Invoices').getByText('an operator records the payment').waitFor()
  await pay()
  // Told by the stream: nobody reloads.
  await part(page, 'Invoices').getByText('paid', { exact: true }).waitFor()

  await page.getByRole('button', { name: 'Choose Gold…' }).click()
  await dialog.getByText('Team, unused').waitFor()
  await dialog.getByRole('button', { name: 'Change to Gold', exact: true }).click()
  await part(page, 'Gold, version 1').waitFor()

  await page.getByRole('button', { name: 'Choose Team…' }).click()
  await dialog.getByRole('button', { name: 'Change to Team at the end of the period' }).click()
  await dialog.waitFor({ state: 'detached' })
  const now = part(page, 'Gold, version 1')
  await now.getByText('On 28 Feb 2026 it changes to Team').waitFor()
  await expectGoodEverywhere(page, 'billing-scheduled')
  await now.getByRole('button', { name: 'Stay on Gold' }).click()
  await now.getByText('On 28 Feb 2026 it changes to Team').waitFor({ state: 'detached' })

  await now.getByRole('button', { name: 'Cancel Gold…' }).click()
  await dialog.getByText('goes on with the plan free').waitFor()
  await dialog.getByRole('button', { name: 'Cancel Gold' }).click()
  await now.getByText('It is canceled and ends on 28 Feb 2026').waitFor()
  await now.getByRole('button', { name: 'Keep Gold' }).click()
  await now.getByText('It is canceled').waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
  await context.close()
})

test('who cancels is told before what the plan that follows has no room for', async () => {
  const { page, context, complaints, slug: organizationId } = await clockwork('Leaving')
  const params = { organizationId }
  await operator.client.call(api.billing.assign, { params, body: { plan: 'pewter' } })
  for (const name of ['One', 'Two'])
    await operator.client.call(api.workspaces.create, { params, body: { name, tier: 'community' } })
  await part(page, /^Pewter, version/)
    .getByRole('button', { name: 'Cancel Pewter…' })
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('goes on with the plan bronze').waitFor()
  await dialog.getByText('Workspaces: 2 of 1.').waitFor()
  await dialog.getByRole('button', { name: 'Cancel Pewter' }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
  await context.close()
})

test('a lapse is lived through: overdue, grace, suspension, and payment resumes it and what ran', async () => {
  const { page, context, complaints, advance, pay, launch } = await clockwork('Lapse')
  await launch()
  await page.getByRole('button', { name: 'Choose Gold…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Change to Gold', exact: true }).click()
  const now = part(page, 'Gold, version 1')
  await now.getByText('The open invoice is due').waitFor()
  await advance('2026-02-08T09:00:00Z')
  await now.getByText('past due').waitFor()
  await now
    .getByText('The grace period ends: unless the invoice is paid by then, the organization is suspended.')
    .waitFor()
  const banner = page.getByRole('status').filter({ hasText: 'Go to billing' })
  await banner.getByText('An invoice is overdue. Pay it by 14 Feb 2026').waitFor()
  await expectGoodEverywhere(page, 'billing-past-due')
  await advance('2026-02-15T09:00:00Z')
  await now.getByText('suspended', { exact: true }).waitFor()
  await page.goto('/console/lifecycle')
  await banner.getByText('Gold is not paid, so servers are stopped.').waitFor()
  const server = page.getByRole('row').filter({ hasText: 'echo' })
  await server.getByText('held').first().waitFor()
  await banner.getByRole('link', { name: 'Go to billing' }).click()
  await now.getByText('suspended', { exact: true }).waitFor()
  await part(page, 'In use').getByText('nothing more until the open invoice is paid').first().waitFor()
  expect(await page.getByRole('button', { name: 'Choose Team…' }).getAttribute('aria-disabled')).toBe('true')
  await page.getByRole('button', { name: 'Choose Free…' }).click()
  await page.getByRole('dialog').getByText('What is overdue stays owed.').waitFor()
  await page.keyboard.press('Escape')
  await expectGoodEverywhere(page, 'billing-suspended')
  await pay()
  await now.getByText('active', { exact: true }).waitFor()
  await banner.waitFor({ state: 'detached' })
  await page.goto('/console/lifecycle')
  await server.getByText('running').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('a lapse on a plan that has a fallback ends there, and what fits into it runs on', async () => {
  const { page, context, complaints, advance, launch } = await clockwork('Falling')
  await launch()
  await page.getByRole('button', { name: 'Choose Team…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('checkbox').uncheck()
  await dialog.getByRole('button', { name: 'Change to Team', exact: true }).click()
  await part(page, 'Team, version 1').getByText('active').waitFor()
  await advance('2026-02-16T09:00:00Z')
  const banner = page.getByRole('status').filter({ hasText: 'Go to billing' })
  await banner.getByText('or the organization falls back to the plan free').waitFor()
  await advance('2026-04-01T09:00:00Z')
  await part(page, /^Free, version/)
    .getByText('active', { exact: true })
    .waitFor()
  await banner.waitFor({ state: 'detached' })
  await page.goto('/console/lifecycle')
  await page.getByRole('row').filter({ hasText: 'echo' }).getByText('running').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('who may not change it is told why, and who may not see it too', async () => {
  const { organizationId, slug, person: owner } = await settle(stage.server, 'Roles')
  const { person } = await settle(stage.server, 'Auditing')
  await owner.client.call(api.organizations.addMember, {
    params: { organizationId },
    body: { email: person.email, role: 'auditor' },
  })
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto(`/console/billing/${slug}`)
  const choose = page.getByRole('button', { name: 'Choose Team…' })
  await choose.focus()
  expect(await choose.getAttribute('aria-disabled')).toBe('true')
  await page.getByText('does not include billing:write').first().waitFor()
  await page.goto('/console/billing/nobody')
  await page.getByText('There is no organization “nobody” for you').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('calls are shown by day and by tool, and what is used of the quota moves with them', async () => {
  const { person, organizationId, slug } = await settle(stage.server, 'Callers')
  const one = await launchEcho(person, organizationId)
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto(`/console/billing/${slug}`)
  const calls = part(page, 'Tool calls')
  await calls.getByText('No tool was called yet').waitFor()
  await part(page, 'In use').getByText('1 server, without a limit').waitFor()
  await person.client.call(api.deployments.call, {
    params: one,
    body: { tool: 'echo', arguments: { message: 'hello' } },
  })
  // Told by the stream: nobody reloads.
  await calls.getByRole('figure', { name: '1 call by day' }).waitFor()
  await calls.getByRole('combobox', { name: 'By' }).click()
  await page.getByRole('option', { name: 'tool' }).click()
  await calls.getByRole('row', { name: 'echo 1 0' }).waitFor()
  await page.goto(`/console/billing/${slug}?by=deployment`)
  await calls.getByRole('row', { name: 'echo 1 0' }).waitFor()
  await page.goto(`/console/billing/${slug}?by=principal`)
  await calls.getByRole('row', { name: 'Owner of Callers 1 0' }).waitFor()
  await expectGoodEverywhere(page, 'billing-usage')
  expect(complaints).toEqual([])
  await context.close()
})

test('an operator publishes from the plan file, moves the clock of a test organization, and records what was paid', async () => {
  const { page, context, complaints } = await visit(stage, { person: operator })
  const dialog = page.getByRole('dialog')
  const row = page.getByRole('row').filter({ hasText: 'Time Lab' }).first()
  await page.goto('/console/operator/billing')
  await page.getByRole('button', { name: 'Plan file…' }).click()
  const file = dialog.getByRole('textbox', { name: 'Plans, as YAML' })
  await file.fill('plans: { silver: { name: Silver, price: -1, currency: EUR } }')
  await dialog.getByRole('button', { name: 'Check' }).click()
  await dialog.getByRole('alert').getByText('plans.silver.price').waitFor()
  await file.fill('plans: { silver: { name: Silver, price: 1900, currency: EUR } }')
  await dialog.getByRole('button', { name: 'Check' }).click()
  await dialog.getByText('is published as version 1').waitFor()
  await expectGoodEverywhere(page, 'operator-billing-file')
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await dialog.waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Test organization…' }).click()
  await dialog.getByLabel('Name').fill('Time Lab')
  await dialog.getByRole('textbox', { name: 'Time', exact: false }).last().fill('2026-01-31T09:00:00Z')
  await dialog.getByRole('button', { name: 'Create it' }).click()
  await row.click()
  await page.getByText('There is no invoice yet').waitFor()
  await page.getByRole('button', { name: 'Assign a plan…' }).click()
  await dialog.getByRole('textbox', { name: 'Plan', exact: true }).fill('gold')
  await dialog.getByRole('button', { name: 'Assign the plan' }).click()
  await row.getByText('€99.00').waitFor()

  await page.getByRole('button', { name: 'Move its clock…' }).click()
  await dialog.getByRole('button', { name: '+ 1 week' }).click()
  await dialog.getByRole('button', { name: '+ 1 day' }).click()
  await dialog.getByRole('button', { name: 'Move it forward' }).click()
  await row.getByText('past due').waitFor()
  await expectGoodEverywhere(page, 'operator-billing')

  await page.getByRole('button', { name: 'Allow over limits…' }).click()
  await dialog.getByLabel('Until').fill('2030-01-01')
  await dialog.getByLabel('Reason').fill('a new contract is on its way')
  await dialog.getByRole('button', { name: 'Allow it' }).click()
  await dialog.waitFor({ state: 'detached' })

  await page.getByRole('button', { name: /^Settle invoice/ }).click()
  await page.getByRole('menuitem', { name: 'Record a payment…' }).click()
  await dialog.getByText('over €99.00 is paid?').waitFor()
  await dialog.getByLabel('Reference').fill('bank statement 12')
  await dialog.getByRole('button', { name: 'Record the payment' }).click()
  await row.getByText('active').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

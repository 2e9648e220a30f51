import { api } from '@berth/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  expectAccessible,
  expectGoodEverywhere,
  expectNoSidewaysScroll,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

let stage: Stage
beforeAll(async () => (stage = await openStage()))
afterAll(() => stage?.close())

test('an address in the console that names nothing says so, with the frame around it', async () => {
  const { person } = await settle(stage.server, 'Nowhere')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/nothing-here')
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  await page.getByRole('button', { name: 'Organization: Nowhere' }).waitFor()
  await expectGoodEverywhere(page, 'missing')
  await page.getByRole('link', { name: 'Go to Lifecycle' }).click()
  await page.getByRole('heading', { name: 'Nothing runs here yet' }).waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('an address that was cut short leads to where is listed what stands below it', async () => {
  const { person, slug } = await settle(stage.server, 'Short')
  const other = await person.client.call(api.organizations.create, { body: { name: 'Other' } })
  const { page, context, complaints } = await visit(stage, { person })
  for (const [address, heading, place] of [
    [`/console?org=${slug}`, 'Nothing runs here yet', `/console/lifecycle?org=${slug}`],
    ['/console/workspaces', 'Nothing runs here yet', '/console/lifecycle'],
    ['/console/deployments/', 'Nothing runs here yet', '/console/lifecycle'],
    ['/console/catalog/reference', 'Catalog', '/console/catalog?q=reference%2F'],
    ['/console/billing', 'Billing', `/console/billing/${slug}?org=${slug}`],
    [`/console/billing?org=${other.slug}`, 'Billing', `/console/billing/${other.slug}?org=${other.slug}`],
    [
      '/console/billing?org=nowhere',
      'There is no organization “nowhere” for you',
      '/console/lifecycle?org=nowhere',
    ],
    ['/onboarding/invite', 'Invitation', '/onboarding/invite'],
  ] as const) {
    await page.goto(address)
    await page.getByRole('heading', { name: heading, exact: true }).first().waitFor()
    expect(page.url().replace(stage.server.url, '')).toBe(place)
  }
  expect(complaints).toEqual([])
  await context.close()
})

test('a page whose parts cannot be reached says so within the frame, and comes when it is tried again', async () => {
  const { person } = await settle(stage.server, 'Cut Off')
  const { page, context } = await visit(stage, { person })
  await page.goto('/console/lifecycle')
  await page.getByRole('heading', { name: 'Nothing runs here yet' }).waitFor()
  await context.setOffline(true)
  await page.getByRole('link', { name: 'Tokens' }).click()
  await page.getByRole('heading', { name: 'This page could not be shown' }).waitFor()
  await page.getByText(/^Berth does not answer at .*, so this page cannot be shown\.$/).waitFor()
  await page.getByRole('button', { name: 'Organization: Cut Off' }).waitFor()
  await expectAccessible(page)
  await picture(page, 'cut-off')
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('Tried once: Berth still does not answer.').waitFor()
  await context.setOffline(false)
  await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('heading', { name: 'You have no API tokens' }).waitFor()
  await context.close()
})

test('what is refused says why, with its code and the request to quote, and can be tried again', async () => {
  const { person } = await settle(stage.server, 'Refused')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/members')
  await page.getByRole('combobox', { name: /^Role of/ }).click()
  await page.getByRole('option', { name: /^auditor/ }).click()
  const toast = page.getByRole('listitem').filter({ hasText: 'keeps the role' })
  await toast.getByText('invalid_state').waitFor()
  await toast.getByRole('button', { name: /^req_.*copy request id$/ }).waitFor()
  await expectAccessible(page)
  await picture(page, 'toast')
  await page.setViewportSize({ width: 390, height: 900 })
  await expectNoSidewaysScroll(page)
  const [again] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'PATCH'),
    toast.getByRole('button', { name: 'Try again' }).click(),
  ])
  expect(again.status()).toBe(409)

  await page.goto('/console/deployments/dep_01jd0000000000000000000000')
  const panel = page.getByRole('alert')
  await panel.getByText('not_found').waitFor()
  await panel.getByRole('button', { name: /copy request id$/ }).waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await context.close()
})

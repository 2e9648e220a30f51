import path from 'node:path'
import { api } from '@berth/contracts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import {
  expectAccessible,
  expectNoSidewaysScroll,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

const folder = path.join(import.meta.dirname, '../fixtures/mcp')

let stage: Stage
beforeAll(async () => (stage = await openStage()))
afterAll(() => stage?.close())

test('on a telephone the tab on view can be seen, and the way up leads to the workspace', async () => {
  const { person, organizationId } = await settle(stage.server, 'Pocket')
  const params = { organizationId }
  const body = { name: 'Main', tier: 'community' }
  const { id: workspaceId } = await person.client.call(api.workspaces.create, { params, body })
  // The first account of a server is its operator, who may add servers to the catalog.
  const { server } = await person.client.call(api.catalog.add, {
    body: { name: 'full', artifact: { kind: 'local', path: folder, command: ['node', 'everything.mjs'] } },
  })
  const { id } = await person.client.call(api.deployments.launch, { params, body: { workspaceId, server } })
  const { page, context, complaints } = await visit(stage, { person, width: 390 })
  await page.goto(`/console/deployments/${id}?tab=settings`)
  const tab = page.getByRole('tab', { name: 'Settings' })
  await eventually('the tab is within the window', async () => {
    const box = await tab.boundingBox()
    return box && box.x >= 0 && box.x + box.width <= 390 ? box : null
  })
  await page
    .getByRole('navigation', { name: 'The way here' })
    .getByRole('link', { name: 'Main', exact: true })
    .click()
  await page.getByRole('heading', { name: 'Main', level: 1 }).waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await context.close()
})

test.each([390, 1024])(
  'at %i px one menu leads to every page and the account, and where one is stays on view',
  async (width) => {
    const { person, organizationId } = await settle(stage.server, `Narrow ${width}`)
    const params = { organizationId }
    for (const [name, tier] of [
      ['Ledger', 'regulated'],
      ['Play', 'community'],
    ] as const)
      await person.client.call(api.workspaces.create, { params, body: { name, tier } })
    const { page, context, complaints } = await visit(stage, { person, width })
    await page.goto('/console/lifecycle')
    const where = page.getByRole('navigation', { name: 'Where you are' })
    await where.getByText('2 tiers · local').waitFor()
    await where.getByRole('button', { name: 'Workspace: All workspaces' }).click()
    await page.getByRole('menuitem', { name: /^Ledger/ }).click()
    for (const text of [`Narrow ${width}`, 'Ledger', 'REGULATED · local'])
      await where.getByText(text, { exact: true }).waitFor()
    await expectNoSidewaysScroll(page)
    await expectAccessible(page)

    await page.getByRole('button', { name: 'Pages and account' }).click()
    const sheet = page.getByRole('dialog', { name: `Narrow ${width}` })
    const pages = sheet.getByRole('navigation', { name: 'Pages' })
    for (const name of ['Lifecycle', 'Catalog', 'Audit', 'Members', 'Tokens', 'Settings'])
      await pages.getByRole('link', { name }).waitFor()
    await sheet.getByRole('button', { name: 'Sign out' }).waitFor()
    await expectAccessible(page)
    await picture(page, `sheet-${width}`)
    await pages.getByRole('link', { name: 'Audit' }).click()
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor()
    await sheet.waitFor({ state: 'detached' })
    await expectNoSidewaysScroll(page)
    expect(complaints).toEqual([])
    await context.close()
  },
)

test('long names leave room for each other, for the tier and for the region', async () => {
  const { person, organizationId } = await settle(stage.server, 'Organisation'.repeat(5))
  const params = { organizationId }
  const name = 'Arbeitsbereich'.repeat(5)
  const body = { name, tier: 'standard', region: 'eu-central-1' }
  await person.client.call(api.workspaces.create, { params, body })
  const { page, context, complaints } = await visit(stage, { person, width: 390 })
  await page.goto('/console/lifecycle')
  const where = page.getByRole('navigation', { name: 'Where you are' })
  const head = page.getByRole('heading', { name, level: 2 })
  const seen = {
    organization: where.getByRole('button', { name: /^Organization:/ }),
    workspace: where.getByRole('button', { name: `Workspace: ${name}` }),
    tier: where.getByText('STANDARD · eu-central-1', { exact: true }),
    head,
    place: head.locator('xpath=..').getByText('standard · eu-central-1'),
  }
  for (const [what, locator] of Object.entries(seen)) {
    const box = (await locator.boundingBox({ timeout: 30_000 }))!
    expect(box.width, `${what} can be read`).toBeGreaterThan(90)
    expect(box.x + box.width, `${what} is within the window`).toBeLessThanOrEqual(390)
  }
  for (const place of ['members', 'settings', 'account']) {
    await page.goto(`/console/${place}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await expectNothingCut(page)
  }
  expect(complaints).toEqual([])
  await context.close()
})

/** No text goes on where nobody can see or scroll to it. */
async function expectNothingCut(page: Page): Promise<void> {
  const cut = await page.getByRole('main').evaluate((main) =>
    Array.from(main.querySelectorAll('p, button, h1, h2, a'))
      .filter((one) => one.getBoundingClientRect().right > window.innerWidth)
      .map((one) => one.textContent),
  )
  expect(cut).toEqual([])
}

import path from 'node:path'
import { api } from '@berth/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  expectAccessible,
  expectGoodEverywhere,
  type Home,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

const folder = path.join(import.meta.dirname, '../fixtures/mcp')

let stage: Stage
let operator: Home
let guest: Home

beforeAll(async () => {
  stage = await openStage()
  operator = await settle(stage.server, 'Operators')
  guest = await settle(stage.server, 'Guests')
})
afterAll(() => stage?.close())

test('an operator adds a folder, watches it being observed, sees its surface inert, and yanks and blocks it with a reason', async () => {
  const { page, context, complaints } = await visit(stage, { person: operator.person })
  await page.goto('/console/catalog')
  await page.getByRole('button', { name: 'Add a server' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add a server to the catalog' })
  await dialog.getByRole('button', { name: 'Add server' }).click()
  await dialog.getByText(/^Name a package/).waitFor()
  await dialog.getByRole('combobox', { name: 'From' }).click()
  await page.getByRole('option', { name: /A folder of this machine/ }).click()
  await dialog.getByLabel('Folder').fill('not/absolute')
  await dialog.getByLabel('Command').fill('node everything.mjs')
  await dialog.getByLabel('Name').fill('shown')
  await dialog.getByRole('button', { name: 'Add server' }).click()
  await dialog.getByRole('alert').waitFor()
  expect(await dialog.getByLabel('Folder').inputValue(), 'what was typed is still there').toBe('not/absolute')
  await expectAccessible(page)
  await picture(page, 'catalog-add')
  await dialog.getByLabel('Folder').fill(folder)
  await dialog.getByRole('button', { name: /^Configuration, secrets/ }).click()
  await dialog.getByLabel('Schema of its configuration').fill('{"properties": {"city": ')
  await dialog.getByText(/This is not JSON/).waitFor()
  const schema = { type: 'object', properties: { city: { type: 'string', title: 'City', default: 'Bonn' } } }
  await dialog.getByLabel('Schema of its configuration').fill(JSON.stringify(schema))
  await dialog.getByRole('region', { name: 'The form that it makes' }).getByLabel('City').waitFor()
  await dialog.getByRole('button', { name: 'Add a variable' }).click()
  await dialog.getByLabel('Name of variable 1').fill('PLACE')
  await dialog.getByLabel('Value of variable 1').fill('{town}')
  await dialog.getByRole('button', { name: 'Add a secret' }).click()
  await dialog.getByLabel('Secret 1', { exact: true }).fill('API_KEY')
  await dialog.getByLabel('It does not start without it').uncheck()
  await dialog.getByRole('button', { name: 'Add server' }).click()
  await dialog
    .getByRole('group', { name: /Environment/ })
    .getByText(/\{town\} names no field/)
    .waitFor()
  await expectAccessible(page)
  await picture(page, 'catalog-add-manifest')
  await dialog.getByLabel('Value of variable 1').fill('{city}')
  await dialog.getByRole('button', { name: 'Add server' }).click()
  await page.waitForURL(/\/console\/catalog\/local\/shown/)
  await page.getByText('observed', { exact: true }).waitFor()
  await page.getByText('json_schema_2020_12_tool').waitFor()
  await page.getByText('PLACE={city}').waitFor()
  await page.getByText('API_KEY').waitFor()
  await page.getByRole('button', { name: 'Schema of echo' }).click()
  await page.getByRole('region', { name: 'Schema of echo' }).getByText('"message"').waitFor()
  await expectGoodEverywhere(page, 'catalog-server')

  await page.getByRole('button', { name: 'Yank…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: /^Yank/ }).click()
  await page.getByText(/Say why/).waitFor()
  await page.getByLabel('Reason').fill('It is only an example.')
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('button', { name: /^Yank/ }).click()
  await page.getByText('yanked', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Block…' }).click()
  await page.getByText(/stops at once, in every organization/).waitFor()
  await page.getByLabel('Reason').fill('It must not run.')
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Block/ })
    .click()
  await page.getByText('blocked', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Block…' }).waitFor({ state: 'detached' })
  const { releases } = await operator.person.client.call(api.catalog.get, {
    params: { provider: 'local', server: 'shown' },
  })
  expect(releases.map(({ state }) => state)).toEqual(['blocked'])
  expect(complaints).toEqual([])
  await context.close()
})

test('others search the catalog and launch from it, and are told why they cannot change it', async () => {
  const { page, context, complaints } = await visit(stage, { person: guest.person })
  await page.goto('/console/catalog')
  await page
    .getByRole('link', { name: /Everything/i })
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Add a server' }).focus()
  await page.getByText(/Only operators of this installation change its catalog/).waitFor()
  await page.locator(':focus').blur()
  await expectGoodEverywhere(page, 'catalog')
  const box = page.getByRole('searchbox', { name: 'Search the catalog' })
  await box.fill('no such server')
  await page.getByRole('heading', { name: 'No server matches “no such server”' }).waitFor()
  await page.waitForURL(/q=no/)
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await box.fill('everything')
  const row = page.getByRole('row').filter({ hasText: 'reference/everything' })
  await row.getByRole('link').click()
  await page.getByRole('button', { name: 'Launch it' }).click()
  const dialog = page.getByRole('dialog', { name: 'Launch a server' })
  await dialog
    .getByRole('combobox', { name: 'Server', exact: true })
    .getByText(/everything/i)
    .waitFor()
  await page.goto('/console/catalog/local/nothing')
  await page.getByRole('alert').waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await context.close()
})

import { api } from '@berth/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  expectAccessible,
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

test('an owner adds a person, changes the role and takes the person out; who only reads is told why', async () => {
  const { person, organizationId } = await settle(stage.server, 'People')
  const other = await settle(stage.server, 'Others')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/members')
  await page.getByRole('button', { name: 'Add a member' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Add member' }).click()
  await dialog.getByText('Whose e-mail address?').waitFor()
  await dialog.getByLabel('E-mail').fill('nobody@example.org')
  await dialog.getByRole('button', { name: 'Add member' }).click()
  await dialog.getByRole('alert').waitFor()
  await expectAccessible(page)
  expect(await dialog.getByLabel('E-mail').inputValue()).toBe('nobody@example.org')
  await dialog.getByLabel('E-mail').fill(other.person.email)
  await dialog.getByRole('button', { name: 'Add member' }).click()
  await dialog.waitFor({ state: 'detached' })
  const row = page.getByRole('row').filter({ hasText: 'Owner of Others' })
  await row.getByRole('combobox', { name: /developer/ }).click()
  await page.getByRole('option', { name: /auditor/ }).click()
  await row.getByRole('combobox', { name: /auditor/ }).waitFor()
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await expectAccessible(page)
    await picture(page, `members-${theme}`)
  }
  for (const width of [1024, 390, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    await expectNoSidewaysScroll(page)
  }

  const theirs = await visit(stage, { person: other.person })
  await theirs.page.goto('/console/members?org=people')
  await theirs.page.getByRole('button', { name: 'Add a member' }).focus()
  await theirs.page.getByText(/Your role in People, auditor, does not include members:write/).waitFor()
  await theirs.page.locator(':focus').blur()
  await expectAccessible(theirs.page)
  await theirs.context.close()

  await page.getByRole('combobox', { name: /Role of Owner of People/ }).click()
  await page.getByRole('option', { name: /auditor/ }).click()
  await page.getByText('Owner of People keeps the role').waitFor()
  await row.getByRole('button', { name: 'Take out Owner of Others' }).click()
  await page.getByRole('dialog').waitFor()
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Take out Owner of Others' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await row.waitFor({ state: 'detached' })
  const { items } = await person.client.call(api.organizations.listMembers, {
    params: { organizationId },
    query: {},
  })
  expect(items.map(({ role }) => role)).toEqual(['owner'])
  expect(complaints).toEqual([])
  await context.close()
})

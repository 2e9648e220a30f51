import { api } from '@berth/contracts'
import { newId } from '@berth/server/platform/ids.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { expectAccessible, expectGoodEverywhere, openStage, settle, type Stage, visit } from './support.ts'

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
  await dialog.getByText('Nobody has an account with this e-mail address').waitFor()
  await expectAccessible(page)
  expect(await dialog.getByLabel('E-mail').inputValue()).toBe('nobody@example.org')
  await dialog.getByLabel('E-mail').fill(other.person.email)
  await dialog.getByRole('button', { name: 'Add member' }).click()
  await dialog.waitFor({ state: 'detached' })
  const row = page.getByRole('row').filter({ hasText: 'Owner of Others' })
  await row.getByRole('combobox', { name: /developer/ }).click()
  await page.getByRole('option', { name: /auditor/ }).click()
  await row.getByRole('combobox', { name: /auditor/ }).waitFor()
  await expectGoodEverywhere(page, 'members')

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

test('of very many members those near the window stand in the page, and the last one is reached', async () => {
  const { person, organizationId } = await settle(stage.server, 'Crowd')
  const { pool } = stage.server.berth.platform
  const ids = (kind: 'user' | 'member') => Array.from({ length: 250 }, () => newId(kind))
  const users = ids('user')
  await pool.query(
    `insert into users (id, name, email)
     select id, 'Person ' || n, 'person-' || n || '@crowd.example' from unnest($1::text[]) with ordinality as given (id, n)`,
    [users],
  )
  await pool.query(
    `insert into members (id, organization_id, user_id, role, joined_at)
     select id, $3, user_id, 'auditor', now() from unnest($1::text[], $2::text[]) as given (id, user_id)`,
    [ids('member'), users, organizationId],
  )
  const { page, context } = await visit(stage, { person })
  await page.goto('/console/members')
  const table = page.getByRole('table', { name: 'Members' })
  await table.getByRole('combobox').first().waitFor()
  expect(await table.getByRole('combobox').count()).toBeLessThan(100)
  const last = table.locator('tr[aria-rowindex="252"]')
  await eventually('the last of 251 is shown', async () => {
    await page.getByRole('main').evaluate((main) => main.scrollTo(0, main.scrollHeight))
    return (await last.count()) === 1 ? true : null
  })
  await last.getByRole('button', { name: /^Take out / }).waitFor()
  await expectAccessible(page)
  await context.close()
})

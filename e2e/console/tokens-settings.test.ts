import { api } from '@berth/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll, openStage, settle, type Stage, visit } from './support.ts'

let stage: Stage
beforeAll(async () => (stage = await openStage()))
afterAll(() => stage?.close())

test('a token is made with its scopes, shown once, works, and is refused after it was revoked', async () => {
  const { person, organizationId } = await settle(stage.server, 'Tokens')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/tokens')
  await page.getByRole('heading', { name: 'You have no API tokens' }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Create your first token' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Create token' }).click()
  await dialog.getByText('Give it a name by which you will know it again.').waitFor()
  await expectAccessible(page)
  await dialog.getByLabel('Name').fill('Laptop')
  await dialog.getByRole('button', { name: 'Create token' }).click()
  const secret = (await dialog.getByText(/^berth_pat_/).textContent())!
  await expectAccessible(page)
  const client = stage.server.client(secret)
  await client.call(api.deployments.list, { params: { organizationId }, query: {} })
  await expect(
    client.call(api.secrets.list, { params: { organizationId, workspaceId: await anyWorkspace() } }),
  ).rejects.toMatchObject({ problem: { code: 'forbidden' } })
  await dialog.getByRole('button', { name: 'I have copied it' }).click()
  expect(await page.getByText(secret).count(), 'the secret is shown once').toBe(0)

  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await expectAccessible(page)
  }
  for (const width of [1440, 1024, 390]) {
    await page.setViewportSize({ width, height: 900 })
    await expectNoSidewaysScroll(page)
  }
  await page.getByRole('button', { name: 'Revoke Laptop' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke Laptop' }).click()
  await page.getByRole('row').filter({ hasText: 'Laptop' }).getByText('revoked').waitFor()
  await expect(client.call(api.identity.me, {})).rejects.toMatchObject({
    problem: { code: 'unauthenticated' },
  })
  expect(complaints).toEqual([])
  await context.close()

  async function anyWorkspace(): Promise<string> {
    const body = { name: 'Main' }
    return (await person.client.call(api.workspaces.create, { params: { organizationId }, body })).id
  }
})

test('an owner renames the organization, and everyone sees the new name at once; others are told why not', async () => {
  const { person, organizationId } = await settle(stage.server, 'Old Name')
  const auditor = await settle(stage.server, 'Elsewhere')
  await person.client.call(api.organizations.addMember, {
    params: { organizationId },
    body: { email: auditor.person.email, role: 'auditor' },
  })
  const theirs = await visit(stage, { person: auditor.person })
  await theirs.page.goto('/console/settings?org=old-name')
  await theirs.page.getByRole('button', { name: 'Organization: Old Name' }).waitFor()
  await theirs.page.getByRole('button', { name: 'Save' }).focus()
  await theirs.page.getByText(/Your role in Old Name, auditor, does not include organization:write/).waitFor()

  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/settings')
  await page.getByLabel('Name', { exact: true }).fill('New Name')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Settings saved.').waitFor()
  for (const tab of [page, theirs.page])
    await tab.getByRole('button', { name: 'Organization: New Name' }).waitFor()
  expect(complaints).toEqual([])
  await context.close()
  await theirs.context.close()
})

import { api } from '@berth/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectGoodEverywhere, openStage, settle, type Stage, visit } from './support.ts'

let stage: Stage
beforeAll(async () => (stage = await openStage()))
afterAll(() => stage?.close())

test('the log tells who did what as it is committed, shows what changed and the raw event, and its filters live in the URL', async () => {
  const { person, organizationId } = await settle(stage.server, 'Audited')
  const params = { organizationId }
  const workspace = await person.client.call(api.workspaces.create, { params, body: { name: 'First' } })
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/audit')
  await page.getByRole('button', { name: /^Workspace created/ }).waitFor()

  await person.client.call(api.workspaces.update, {
    params: { organizationId, workspaceId: workspace.id },
    body: { name: 'Renamed' },
  })
  await page.getByRole('button', { name: /^Workspace updated/ }).click()
  await page.getByRole('cell', { name: 'Renamed', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Show the raw event' }).click()
  await page.getByRole('region', { name: 'The bytes that were hashed' }).waitFor()
  await expectGoodEverywhere(page, 'audit')

  await page.getByRole('combobox', { name: /About/ }).click()
  await page.getByRole('option', { name: 'secrets' }).click()
  await page.getByRole('heading', { name: 'No event matches these filters' }).waitFor()
  await expectAccessible(page)
  const stored = { organizationId, workspaceId: workspace.id, name: 'API_KEY' }
  await person.client.call(api.secrets.set, { params: stored, body: { value: 'not to be seen' } })
  await page.getByRole('button', { name: /^Secret set/ }).waitFor()
  expect(
    await page.getByRole('button', { name: /^Workspace (created|updated)/ }).count(),
    'other events stay out',
  ).toBe(0)
  await page.reload()
  await page.getByRole('button', { name: /^Secret set/ }).waitFor()
  expect(await page.getByText('not to be seen').count()).toBe(0)
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await page.getByRole('button', { name: /^Workspace created/ }).waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

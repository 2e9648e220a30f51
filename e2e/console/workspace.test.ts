import path from 'node:path'
import { api } from '@berth/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import {
  expectAccessible,
  expectGoodEverywhere,
  type Home,
  openStage,
  settle,
  type Stage,
  visit,
} from './support.ts'

const fixtures = path.join(import.meta.dirname, '../fixtures/mcp')

let stage: Stage
let operator: Home['person']
beforeAll(async () => {
  stage = await openStage()
  // The first account of a server is its operator, who may add servers to the catalog.
  operator = (await settle(stage.server, 'Operators')).person
})
afterAll(() => stage?.close())

test('a workspace is reached from the lifecycle; its service token works until revoked; it is renamed, archived and restored', async () => {
  const { person, organizationId } = await settle(stage.server, 'Places')
  const params = { organizationId }
  const workspace = await person.client.call(api.workspaces.create, { params, body: { name: 'Agents' } })
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/lifecycle')
  await page.getByRole('link', { name: 'Agents' }).click()
  await page.waitForURL(new RegExp(`/console/workspaces/${workspace.id}`))
  await page.getByText('There are none yet. An agent needs one').waitFor()
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Create a service token' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Create token' }).click()
  await dialog.getByText('Give it a name by which you will know it again.').waitFor()
  await dialog.getByLabel('Name').fill('Nightly')
  await dialog.getByRole('button', { name: 'Create token' }).click()
  const secret = (await dialog.getByText(/^berth_svc_/).textContent())!
  await dialog.getByRole('button', { name: 'I have copied it' }).click()
  const agent = stage.server.client(secret)
  await agent.call(api.deployments.list, { params, query: {} })
  await expectGoodEverywhere(page, 'workspace')
  await page.getByRole('button', { name: 'Revoke Nightly' }).click()
  await dialog.getByRole('button', { name: 'Revoke Nightly' }).click()
  await page.getByRole('row').filter({ hasText: 'Nightly' }).getByText('revoked').waitFor()
  await expect(agent.call(api.identity.me, {})).rejects.toMatchObject({
    problem: { code: 'unauthenticated' },
  })

  const settings = page.getByRole('region', { name: 'Settings' })
  await settings.getByLabel('Name').fill('Night agents')
  await settings.getByLabel('Key').fill('night')
  await settings.getByRole('combobox', { name: 'Tier' }).click()
  await page.getByRole('option', { name: /^regulated/ }).click()
  await settings.getByText('Addresses become /mcp/…/night/…; those with agents go on working.').waitFor()
  await settings.getByText(/What runs here \(0 now\) is decided anew under regulated/).waitFor()
  await expectAccessible(page)
  await settings.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Night agents', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Archive…' }).click()
  await dialog.getByText(/Everything that runs in it stops at once/).waitFor()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Archive Night agents' }).click()
  await page.getByRole('button', { name: 'Restore…' }).click()
  await dialog.getByRole('button', { name: 'Restore Night agents' }).click()
  await page.getByRole('button', { name: 'Archive…' }).waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('secrets are set, replaced and removed without ever being shown; what is in use says so, and restarts with the new value', async () => {
  const { person, organizationId } = await settle(stage.server, 'Keepers')
  const { client } = person
  const params = { organizationId }
  const workspace = await client.call(api.workspaces.create, {
    params,
    body: { name: 'Vault', tier: 'community' },
  })
  await operator.client.call(api.catalog.add, {
    body: {
      name: 'keyed',
      artifact: { kind: 'local', path: fixtures, command: ['node', 'echo.mjs'] },
      manifest: { secrets: [{ name: 'API_KEY', required: true, in: 'env' }] },
    },
  })
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto(`/console/workspaces/${workspace.id}`)
  const secrets = page.getByRole('region', { name: 'Secrets' })
  const dialog = page.getByRole('dialog')
  await secrets.getByRole('button', { name: 'Set a secret' }).click()
  await dialog.getByRole('button', { name: 'Set the secret' }).click()
  await dialog.getByText('Type or paste the value.').waitFor()
  await dialog.getByLabel('Name').fill('9 wrong')
  await dialog.getByLabel('Value').fill('first-value')
  await dialog.getByRole('button', { name: 'Set the secret' }).click()
  await dialog
    .getByText(/use letters, digits/)
    .first()
    .waitFor()
  expect(await dialog.getByLabel('Value').inputValue(), 'what was typed is still there').toBe('first-value')
  await expectAccessible(page)
  await dialog.getByLabel('Name').fill('API_KEY')
  await dialog.getByRole('button', { name: 'Set the secret' }).click()
  const row = secrets.getByRole('row').filter({ hasText: 'API_KEY' })
  await row.getByText('nothing').waitFor()

  const { id: deploymentId } = await client.call(api.deployments.launch, {
    params,
    body: { workspaceId: workspace.id, server: 'local/keyed', name: 'keyed' },
  })
  const restarts = async () =>
    (await client.call(api.audit.list, { params, query: { type: 'deployment.restarted', deploymentId } }))
      .items
  await eventually('it runs', async () => {
    const found = await client.call(api.deployments.get, { params: { ...params, deploymentId } })
    return found.phase === 'running' ? true : null
  })
  await row.getByText('keyed').waitFor()
  await expectGoodEverywhere(page, 'secrets')
  await row.getByRole('button', { name: 'Remove API_KEY' }).hover()
  await page
    .getByRole('tooltip')
    .getByText(/keyed uses it; give it another secret/)
    .waitFor()

  await row.getByRole('button', { name: 'Replace the value of API_KEY' }).click()
  await dialog.getByLabel('New value').fill('second-value')
  expect(await dialog.getByLabel('Restart keyed with it now').isChecked()).toBe(true)
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Replace the value' }).click()
  await page.getByText('API_KEY is set. keyed restarts with it.').waitFor()
  expect(await restarts()).toHaveLength(1)
  await row.getByText('2', { exact: true }).waitFor()
  for (const value of ['first-value', 'second-value']) expect(await page.content()).not.toContain(value)

  await client.call(api.deployments.remove, { params: { ...params, deploymentId } })
  await row.getByText('nothing').waitFor()
  await row.getByRole('button', { name: 'Remove API_KEY' }).click()
  await dialog.getByRole('button', { name: 'Remove API_KEY' }).click()
  await secrets.getByText(/There are none yet/).waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

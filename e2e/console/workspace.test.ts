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

test('a workspace is reached from the lifecycle; its service token works until revoked; it is renamed, archived and restored', async () => {
  const { person, organizationId } = await settle(stage.server, 'Places')
  const params = { organizationId }
  const workspace = await person.client.call(api.workspaces.create, { params, body: { name: 'Agents' } })
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/lifecycle')
  await page.getByRole('link', { name: 'Agents' }).click()
  await page.waitForURL(new RegExp(`/console/workspaces/${workspace.id}`))
  await page.getByText('There are none yet.').waitFor()
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
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await expectAccessible(page)
    await picture(page, `workspace-${theme}`)
  }
  for (const width of [1024, 390, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    await expectNoSidewaysScroll(page)
  }
  await page.getByRole('button', { name: 'Revoke Nightly' }).click()
  await dialog.getByRole('button', { name: 'Revoke Nightly' }).click()
  await page.getByRole('row').filter({ hasText: 'Nightly' }).getByText('revoked').waitFor()
  await expect(agent.call(api.identity.me, {})).rejects.toMatchObject({
    problem: { code: 'unauthenticated' },
  })

  await page.getByLabel('Name').fill('Night agents')
  await page.getByRole('button', { name: 'Rename' }).click()
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

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { api } from '@berth/contracts'
import { resumeOrganization, suspendOrganization } from '@berth/server/organizations/service.ts'
import { systemActor } from '@berth/server/platform/platform.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  expectAccessible,
  expectAccessibleInBoth,
  expectGoodEverywhere,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

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

  await expectGoodEverywhere(page, 'tokens')
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
  const why = /Your role in Old Name, auditor, does not include organization:write/
  await theirs.page.getByRole('paragraph').filter({ hasText: why }).waitFor()
  expect(await theirs.page.getByLabel('Name', { exact: true }).isDisabled()).toBe(true)
  await theirs.page.getByRole('button', { name: 'Save' }).focus()
  await theirs.page.getByRole('tooltip').filter({ hasText: why }).waitFor()

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

test('everything of the organization is saved as an archive that verifies; others are told why they may not', async () => {
  const { person, slug } = await settle(stage.server, 'Archived')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/settings')
  const waiting = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export everything' }).click()
  const file = await waiting
  expect(file.suggestedFilename()).toMatch(new RegExp(`^${slug}-\\d{4}-\\d\\d-\\d\\d\\.tar\\.gz$`))
  await page.getByText(/was saved, \d+ kB/).waitFor()
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-export-'))
  const archive = path.join(folder, 'it.tar.gz')
  await file.saveAs(archive)
  const mcpctl = path.join(import.meta.dirname, '../../cli/src/main.ts')
  const env = { ...process.env, HOME: folder, BERTH_URL: 'http://127.0.0.1:1' }
  const verified = await promisify(execFile)(process.execPath, [mcpctl, 'orgs', 'verify', archive], { env })
  expect(verified.stderr).toContain(`holds the organization ${slug}`)
  expect((await readFile(archive)).length).toBeGreaterThan(500)
  await rm(folder, { recursive: true, force: true })
  expect(complaints).toEqual([])
  await context.close()
})

test('an owner sees what closing ends, types the short name, and can read and export afterwards', async () => {
  const { person, organizationId, slug } = await settle(stage.server, 'Closing Down')
  const params = { organizationId }
  const workspace = await person.client.call(api.workspaces.create, { params, body: { name: 'Main' } })
  await person.client.call(api.secrets.set, {
    params: { ...params, workspaceId: workspace.id, name: 'KEY' },
    body: { value: 'a value' },
  })
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/settings')
  await page.getByRole('button', { name: 'Close Closing Down…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('1 secret is destroyed; nobody can bring it back.').waitFor()
  await dialog.getByText('The log with all its events is kept for good.').waitFor()
  await expectGoodEverywhere(page, 'closing')
  const close = dialog.getByRole('button', { name: 'Close Closing Down' })
  await close.click({ force: true })
  expect((await person.client.call(api.organizations.get, { params })).state).toBe('active')
  await dialog.getByLabel(`Type ${slug} to confirm`).fill(slug)
  await close.click()
  await page.getByText('The organization is closed: its owners can read and export').first().waitFor()
  expect(await page.getByRole('button', { name: /^Close Closing Down/ }).count()).toBe(0)
  await expectAccessible(page)
  await picture(page, 'closed')
  const waiting = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export everything' }).click()
  await waiting
  await page.goto('/console/lifecycle')
  await page.getByText('The organization is closed').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('while it is suspended every page says so and why, and nothing can be changed; it ends by itself', async () => {
  const { person, organizationId } = await settle(stage.server, 'Paused')
  const byOperator = stage.server.berth.platform
  const origin = { actor: systemActor('test'), requestId: null }
  const { page, context } = await visit(stage, { person })
  await page.goto('/console/members')
  await page.getByRole('heading', { name: 'Members' }).waitFor()
  await byOperator.mutate(origin, (tx) => suspendOrganization(tx, organizationId, 'An unpaid bill'))
  await page.getByText(/The organization is suspended: it can be read/).waitFor()
  await page.getByText('Why: An unpaid bill.').waitFor()
  await expectAccessibleInBoth(page)
  await picture(page, 'suspended')
  await page.goto('/console/settings')
  await page.getByRole('button', { name: 'Save' }).focus()
  await page
    .getByRole('tooltip')
    .getByText(/The organization is suspended/)
    .waitFor()
  await byOperator.mutate(origin, (tx) => resumeOrganization(tx, organizationId))
  await page.getByText('Why: An unpaid bill.').waitFor({ state: 'detached' })
  await context.close()
})

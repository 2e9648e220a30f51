import { api } from '@berth/contracts'
import { seedRunner, signUp, startTestServer, type TestPerson } from '@berth/server/platform/testing/index.ts'
import { newId } from '@berth/server/platform/ids.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  expectAccessible,
  expectGoodEverywhere,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

let stage: Stage
let operator: TestPerson
beforeAll(async () => {
  stage = await openStage()
  operator = (await settle(stage.server, 'Operations')).person
})
afterAll(() => stage?.close())

const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text }).first()

test('who is no operator is told what the pages are for, and is shown no way to them', async () => {
  const { person } = await settle(stage.server, 'Visitors')
  const { page, context } = await visit(stage, { person })
  await page.goto('/console/operator/users')
  await page.getByText('For operators of this installation').waitFor()
  expect(await page.getByRole('navigation', { name: 'Pages' }).getByText('Health').count()).toBe(0)
  await expectAccessible(page)
  await context.close()
})

describe('an operator', () => {
  test('sees how every part does, the worst first, and finds the pages in the navigation', async () => {
    const { page, context, complaints } = await visit(stage, { person: operator })
    await page.goto('/console/lifecycle')
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Health' }).click()
    await page.getByText('The database answers.').waitFor()
    await page.getByText('The runner is alive.').waitFor()
    const { db } = stage.server.berth.platform
    const capabilities = [{ name: 'memory', ok: false, sentence: 'Memory is not limited there.' }]
    const weak = await seedRunner(db, { capabilities })
    // Looked at again without being asked.
    await page.getByText('1 part is degraded').waitFor({ timeout: 30_000 })
    expect(await page.locator('main li').first().textContent()).toContain('Memory is not limited there.')
    await expectGoodEverywhere(page, 'operator-health')
    await db.deleteFrom('runners').where('id', '=', weak).execute()
    await db
      .insertInto('mails')
      .values({
        id: newId('mail'),
        recipient: 'a@example.com',
        kind: 'test',
        subject: 'A test',
        state: 'queued',
        createdAt: new Date(),
      })
      .execute()
    await page.getByText(/^E-mail.*waiting1/).waitFor({ timeout: 30_000 })
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('runners')
    await page.getByRole('option', { name: /Runners/ }).click()
    await row(page, 'api, gateway, runner, worker').click()
    await page.getByText('What its machine can enforce').waitFor()
    await expectGoodEverywhere(page, 'operator-runners')
    expect(complaints).toEqual([])
    await context.close()
  })

  test('finds an organization, suspends it with a reason, and resumes it', async () => {
    const { person, organizationId } = await settle(stage.server, 'Acme Freight')
    for (const name of ['Bolt', 'Corner Shop', 'Dock', 'Elm']) await settle(stage.server, name)
    const { page, context, complaints } = await visit(stage, { person: operator })
    await page.goto('/console/operator/organizations')
    await row(page, 'Bolt').waitFor()
    await page.getByLabel('Search organizations').fill('nothing like it')
    await page.getByText('No organization matches these filters').waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.getByLabel('Search organizations').fill('freig')
    await row(page, 'Bolt').waitFor({ state: 'detached' })
    await row(page, 'Acme Freight').click()
    await page.getByText(person.email).waitFor()
    await expectGoodEverywhere(page, 'operator-organizations')
    await page.getByRole('button', { name: 'Suspend…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Suspend Acme Freight' }).click()
    await dialog.getByText('Its members are shown why').waitFor()
    await expectAccessible(page)
    await dialog.getByLabel('Reason').fill('Invoices unpaid')
    await picture(page, 'operator-suspend')
    await dialog.getByRole('button', { name: 'Suspend Acme Freight' }).click()
    await dialog.waitFor({ state: 'detached' })
    await row(page, 'Acme Freight').getByText('suspended').waitFor()
    await page.getByText('Invoices unpaid').waitFor()
    const params = { organizationId }
    await expect(
      person.client.call(api.workspaces.create, { params, body: { name: 'New' } }),
    ).rejects.toMatchObject({ problem: { code: 'forbidden' } })
    await page.getByRole('button', { name: 'Resume Acme Freight' }).click()
    await row(page, 'Acme Freight').getByText('active').waitFor()
    await person.client.call(api.workspaces.create, { params, body: { name: 'New' } })
    expect(complaints).toEqual([])
    await context.close()
  })

  test('reads nothing above these pages about the organization looked at last', async () => {
    const { id, slug } = await operator.client.call(api.organizations.create, { body: { name: 'Halted' } })
    await operator.client.call(api.operator.suspendOrganization, {
      params: { organizationId: id },
      body: { reason: 'Invoices unpaid' },
    })
    const { page, context } = await visit(stage, { person: operator })
    const banner = page.getByRole('status').filter({ hasText: 'Invoices unpaid' })
    await page.goto(`/console/lifecycle?org=${slug}`)
    await banner.waitFor()
    await page.getByRole('link', { name: 'Runners' }).click()
    await page.getByRole('heading', { name: 'Runners', level: 1 }).waitFor()
    expect(await banner.count()).toBe(0)
    await page.getByRole('link', { name: 'Lifecycle' }).click()
    await banner.waitFor()
    await context.close()
  })

  test('creates a tier, sees others’ changes live, and keeps an edit on top of theirs', async () => {
    const { page, context, complaints } = await visit(stage, { person: operator })
    await page.goto('/console/operator/tiers')
    await row(page, 'Community').waitFor()
    await page.getByRole('button', { name: 'Create a tier' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('Internal tools')
    await dialog.getByLabel('Regions').fill('eu-west-1, Nowhere!')
    await dialog.getByRole('button', { name: 'Create tier' }).click()
    await dialog.getByText('must be a region code such as eu-west-1').first().waitFor()
    await expectAccessible(page)
    await dialog.getByLabel('Regions').fill('eu-west-1')
    await dialog.getByRole('button', { name: 'Create tier' }).click()
    await dialog.waitFor({ state: 'detached' })
    await row(page, 'internal-tools').getByText('eu-west-1').waitFor()
    const rename = (name: string) =>
      operator.client.call(api.tiers.update, { params: { code: 'internal-tools' }, body: { name } })
    await rename('Renamed elsewhere')
    await row(page, 'Renamed elsewhere').waitFor()
    await expectGoodEverywhere(page, 'operator-tiers')

    await page.getByRole('button', { name: 'Edit Renamed elsewhere' }).click()
    await dialog.getByLabel('Check every call in the database').check()
    await dialog.getByText('Every call asks the database first').waitFor()
    await expectAccessible(page)
    await picture(page, 'operator-tier-edit')
    await rename('Renamed again')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('Somebody else changed: its name').waitFor()
    await expectAccessible(page)
    await picture(page, 'operator-tier-conflict')
    await dialog.getByRole('button', { name: 'Keep mine, on top of theirs' }).click()
    expect(await dialog.getByLabel('Name', { exact: true }).inputValue()).toBe('Renamed again')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    const { items } = await operator.client.call(api.tiers.list, {})
    expect(items.find(({ code }) => code === 'internal-tools')).toMatchObject({
      name: 'Renamed again',
      checkEveryCall: true,
      regions: ['eu-west-1'],
    })
    expect(complaints).toEqual([])
    await context.close()
  })

  test('disables and enables a person, makes a link for a new password, and gives a role', async () => {
    const person = await signUp(stage.server, { name: 'Paula Person' })
    const { page, context, complaints } = await visit(stage, { person: operator })
    await page.goto('/console/operator/users')
    await page.getByLabel('Search people').fill('paula')
    await row(page, 'Paula Person').click()
    await page.getByRole('button', { name: 'Make reviewer' }).click()
    await row(page, 'Paula Person').getByText('reviewer').waitFor()
    await expectGoodEverywhere(page, 'operator-users')
    await page.getByRole('button', { name: 'Disable…' }).click()
    const dialog = page.getByRole('dialog')
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Disable Paula Person' }).click()
    await dialog.waitFor({ state: 'detached' })
    await row(page, 'Paula Person').getByText('disabled').waitFor()
    await expect(person.client.call(api.identity.me, {})).rejects.toMatchObject({
      problem: { code: 'unauthenticated' },
    })
    await page.getByRole('button', { name: 'Enable' }).click()
    await row(page, 'Paula Person').getByText('active').waitFor()
    await page.getByRole('button', { name: 'Make a reset link…' }).click()
    await dialog.getByRole('button', { name: 'Make the link' }).click()
    await dialog.getByText(/\/reset#token=/).waitFor()
    await expectAccessible(page)
    await picture(page, 'operator-reset-link')
    await dialog.getByRole('button', { name: 'I have it' }).click()
    await page.getByLabel('Search people').fill('Operations')
    await row(page, 'Owner of Operations').click()
    await page.getByRole('button', { name: 'Disable…' }).hover()
    await page.getByText('This is your own account.').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  test('hands on what is not mailed where no mail server is set', async () => {
    const person = await signUp(stage.server, { name: 'Forgetful' })
    const { page, context, complaints } = await visit(stage, { person: operator })
    await page.goto('/console/operator/outbox')
    await page.getByText('No mail server is set, so nothing is sent').waitFor()
    await stage.server.client().call(api.account.forgotPassword, { body: { email: person.email } })
    const message = row(page, person.email)
    await message.getByText('to hand on').waitFor({ timeout: 30_000 })
    await message.click()
    await page.getByRole('region', { name: 'What the message says' }).waitFor()
    await page.getByRole('button', { name: 'Send it' }).hover()
    await page.getByText('No mail server is set: BERTH_SMTP_URL').waitFor()
    await page.mouse.move(0, 0)
    await expectGoodEverywhere(page, 'operator-outbox')
    expect(complaints).toEqual([])
    await context.close()
  })
})

test('everybody sees on their account’s page what they may ask for, and how much of it is left', async () => {
  const server = await startTestServer({ requestsPerMinute: 400 })
  const { page, context, complaints } = await visit(
    { ...stage, server },
    { person: (await settle(server, 'Limited')).person },
  )
  await page.goto('/console/account')
  const panel = page.getByRole('region', { name: 'Limits' })
  await panel.getByText(/^\d+ of 400 used/).waitFor()
  await panel.getByText('4 MiB').first().waitFor()
  const used = async () => Number(await panel.getByRole('meter').getAttribute('aria-valuenow'))
  const before = await used()
  await panel.getByRole('button', { name: 'Count again' }).click()
  await expect.poll(used).toBeGreaterThan(before)
  await panel.scrollIntoViewIfNeeded()
  await expectGoodEverywhere(page, 'limits')
  expect(complaints).toEqual([])
  await context.close()
  await server.close()
})

import { api } from '@berth/contracts'
import { subscribeTo } from '@berth/server/billing/test-kit.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectGoodEverywhere, openStage, settle, type Stage, visit } from './support.ts'

const key = 'gateway.tool_calls'
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage?.close())

const part = (page: Page, name: string) => page.getByRole('region', { name })

test('quota that is held appears by itself, is confirmed with what was used of it, or released', async () => {
  const { person, organizationId, slug } = await settle(stage.server, 'Holders')
  await subscribeTo(stage.server.berth.platform.db, organizationId, [
    { key, limit: 1000, mode: 'hard', reset: 'month' },
  ])
  const reserve = (quantity: number, expiresInSeconds: number) =>
    person.client.call(api.holds.reserve, {
      params: { organizationId },
      body: { items: [{ key, quantity }], expiresInSeconds },
    })
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto(`/console/billing/${slug}`)
  await part(page, 'In use').getByText('0 of 1,000 calls').waitFor()
  expect(await part(page, 'Reserved').count()).toBe(0)
  const reserved = part(page, 'Reserved')
  // Told by the stream: nobody reloads.
  await reserve(400, 3600)
  await reserved.getByRole('row', { name: /^400 calls Owner of Holders .* in \d+ (h|min)/ }).waitFor()
  await part(page, 'In use').getByText('400 more are reserved').waitFor()
  await reserve(25, 86_400)
  await reserve(5, 1)
  await reserved.getByRole('row', { name: /^5 calls .* expired$/ }).waitFor()

  await reserved.getByRole('button', { name: 'Confirm 400 calls…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Confirm 400 calls' })
  const used = dialog.getByRole('textbox', { name: 'Tool calls that were used' })
  expect(await used.inputValue()).toBe('400')
  await used.fill('401')
  await dialog.getByText('A whole number from 0 to 400.').waitFor()
  await used.fill('0')
  const deed = dialog.getByRole('button', { name: 'Confirm' })
  await deed.hover()
  await page.getByText('Nothing was used: release it instead.').waitFor()
  await used.fill('310')
  await deed.click()
  await page.getByText('310 of 400 calls counted as used.').waitFor()
  await reserved.getByRole('row', { name: /^310 of 400 calls .* confirmed$/ }).waitFor()
  await part(page, 'In use').getByText('310 of 1,000 calls').waitFor()

  await reserved.getByRole('button', { name: 'Release 25 calls' }).click()
  await reserved.getByRole('row', { name: /^25 calls .* released$/ }).waitFor()
  await reserve(50, 3600)
  await reserved.getByRole('button', { name: 'Release 50 calls' }).waitFor()
  await expectGoodEverywhere(page, 'billing-holds')
  await reserved.getByRole('button', { name: 'Confirm 50 calls…' }).click()
  await page.getByRole('dialog', { name: 'Confirm 50 calls' }).waitFor()
  await expectGoodEverywhere(page, 'billing-holds-confirm')
  expect(complaints).toEqual([])
  await context.close()
})

test('who may only look at the billing sees what is held, and why they cannot end it', async () => {
  const { person: owner, organizationId, slug } = await settle(stage.server, 'Watched')
  const { person } = await settle(stage.server, 'Watching')
  const params = { organizationId }
  await owner.client.call(api.organizations.addMember, {
    params,
    body: { email: person.email, role: 'auditor' },
  })
  const { hold } = await owner.client.call(api.holds.reserve, {
    params,
    body: { items: [{ key, quantity: 3 }] },
  })
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto(`/console/billing/${slug}?hold=${hold!.id}`)
  const release = part(page, 'Reserved').getByRole('button', { name: 'Release 3 calls' })
  await release.focus()
  expect(await release.getAttribute('aria-disabled')).toBe('true')
  await page.getByText('does not include billing:write').first().waitFor()
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(complaints).toEqual([])
  await context.close()
})

/** Paying at a payment provider's checkout: there and back, to where one left. */
import {
  startFakeStripe,
  type FakeStripe,
} from '@berth/server/billing/providers/stripe/testing/fake-stripe.ts'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectGoodEverywhere, openStage, settle, type Stage, visit } from './support.ts'

let stage: Stage
let fake: FakeStripe
beforeAll(async () => {
  fake = await startFakeStripe()
  stage = await openStage({ env: fake.env })
  fake.deliverTo(`${stage.server.url}/api/webhooks/billing/stripe`)
})
afterAll(async () => {
  await stage?.close()
  await fake?.close()
})

/** The provider's own page, with its two ways back. */
async function serveCheckout(context: BrowserContext): Promise<void> {
  await context.route('https://checkout.stripe.test/**', async (route) => {
    const made = fake.writes().findLast(({ path }) => path === '/v1/checkout/sessions')!
    const { success_url: paid, cancel_url: left } = made.params as Record<string, string>
    const body = `<a href="${paid}">Paid</a> <a href="${left}">Leave</a>`
    await route.fulfill({ contentType: 'text/html', body })
  })
}

async function payAt(page: Page): Promise<void> {
  await page.waitForURL('https://checkout.stripe.test/**')
  fake.payCheckout(new URL(page.url()).pathname.slice(1))
  await page.getByRole('link', { name: 'Paid' }).click()
}

async function toCheckout(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Choose Team…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('checkbox').uncheck()
  await dialog.getByRole('button', { name: 'Go to the checkout' }).click()
}

test(
  'who chooses a plan among the first steps comes back there, unpaid and paid',
  { timeout: 300_000 },
  async () => {
    const { person } = await settle(stage.server, 'Stepping')
    const { page, context, complaints } = await visit(stage, { person, width: 390 })
    await serveCheckout(context)
    await page.goto('/onboarding?step=plan')
    await toCheckout(page)
    await page.getByRole('link', { name: 'Leave' }).click()
    await page.waitForURL(/\/onboarding\?.*checkout=canceled/)
    const waiting = page.getByRole('region', { name: 'Team waits for its first payment' })
    await waiting.getByText('Until then Free stays as it is.').waitFor()
    await expectGoodEverywhere(page, 'onboarding-unpaid')
    await waiting.getByRole('button', { name: 'Pay now' }).click()
    await payAt(page)
    await page.waitForURL(/\/onboarding\?.*checkout=done/)
    await page.getByText('Now: Team, €49.00 a month.').waitFor({ timeout: 90_000 })
    await page.getByRole('button', { name: 'Continue with Team' }).click()
    await page.getByRole('heading', { name: 'Invite people' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  },
)

test('who chooses one on the page of billing comes back to that', { timeout: 300_000 }, async () => {
  const { person, slug } = await settle(stage.server, 'Billed')
  const { page, context, complaints } = await visit(stage, { person })
  await serveCheckout(context)
  await page.goto(`/console/billing/${slug}`)
  await toCheckout(page)
  await payAt(page)
  await page.waitForURL(/\/console\/billing\/.*checkout=done/)
  await page.getByRole('region', { name: 'The checkout is done' }).waitFor({ timeout: 90_000 })
  await page.getByRole('region', { name: 'Team, version 1' }).getByText('active').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

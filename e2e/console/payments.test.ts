/** Paying for a plan in the browser, at a Stripe that is played to the page. */
import {
  startFakeStripe,
  type FakeStripe,
} from '@berth/server/billing/providers/stripe/testing/fake-stripe.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectGoodEverywhere, openStage, settle, type Stage, visit } from './support.ts'

let stage: Stage
let stripe: FakeStripe
beforeAll(async () => {
  stripe = await startFakeStripe()
  stage = await openStage({ env: stripe.env })
  stripe.deliverTo(`${stage.server.url}/api/webhooks/billing/stripe`)
})
afterAll(async () => {
  await stage?.close()
  await stripe?.close()
})

/** Stripe's own pages say where one is; the rest is done at the fake. */
async function billingOf(name: string) {
  const { person, slug, organizationId } = await settle(stage.server, name)
  const seen = await visit(stage, { person })
  await seen.page.route(/^https:\/\/(checkout|billing|invoice)\.stripe\.test\//, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><html lang="en"><title>Stripe</title>' }),
  )
  await seen.page.goto(`/console/billing/${slug}`)
  await seen.page.getByRole('heading', { name: 'Billing', level: 1 }).waitFor()
  return { ...seen, organizationId, slug }
}

async function chooseTeam(page: Page) {
  await page.getByRole('button', { name: 'Choose Team…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change to Team' })
  await dialog.getByRole('checkbox', { name: /Begin with the trial/ }).uncheck()
  await dialog.getByText('It takes place once it is paid at the checkout.').waitFor()
  return dialog
}

const sessionOf = (page: Page) => page.url().split('/').at(-1)!

test('a plan is paid for at the checkout, and begins as one comes back', async () => {
  const { page, organizationId, complaints } = await billingOf('Payer')
  const dialog = await chooseTeam(page)
  await expectGoodEverywhere(page, 'checkout-dialog')
  await dialog.getByRole('button', { name: 'Go to the checkout' }).click()
  await page.waitForURL(/checkout\.stripe\.test/)
  const session = stripe.thing(sessionOf(page))

  await page.goto(session.cancel_url)
  await page.getByRole('heading', { name: 'Team waits for its first payment' }).waitFor()
  await page.getByRole('button', { name: 'Pay now' }).waitFor()
  await expectGoodEverywhere(page, 'checkout-waits')
  await page.getByRole('button', { name: 'Pay now' }).click()
  await page.waitForURL(/checkout\.stripe\.test/)
  stripe.payCheckout(session.id)
  await page.goto(session.success_url)
  await page.getByText('Team is the plan now.').waitFor()
  await page.getByText('Visa ending in 4242').waitFor()
  await expectGoodEverywhere(page, 'checkout-done')
  expect(session.success_url).toContain(organizationId)

  await page.getByRole('button', { name: 'Manage payment' }).click()
  await page.waitForURL(/billing\.stripe\.test/)
  expect(complaints).toEqual([])
})

test('what waits can be given up, and an open invoice leads to its page', async () => {
  const { page, slug } = await billingOf('Hesitant')
  const dialog = await chooseTeam(page)
  await dialog.getByRole('button', { name: 'Go to the checkout' }).click()
  await page.waitForURL(/checkout\.stripe\.test/)
  const session = stripe.thing(sessionOf(page))
  await page.goto(`/console/billing/${slug}`)
  await page.getByRole('button', { name: 'Give up' }).click()
  await page.getByRole('heading', { name: /waits for its first payment/ }).waitFor({ state: 'detached' })

  const again = await chooseTeam(page)
  await again.getByRole('button', { name: 'Go to the checkout' }).click()
  await page.waitForURL(/checkout\.stripe\.test/)
  const other = stripe.thing(sessionOf(page))
  expect(other.id).not.toBe(session.id)
  expect(session.status).toBe('expired')
  stripe.payCheckout(other.id)
  await page.goto(other.success_url)
  await page.getByText('Team is the plan now.').waitFor()

  stripe.cardAnswers(other.customer, 'expired_card')
  await page.getByRole('button', { name: 'Choose Business…' }).click()
  const upgrade = page.getByRole('dialog', { name: 'Change to Business' })
  await upgrade.getByRole('checkbox', { name: /Begin with the trial/ }).uncheck()
  await upgrade.getByRole('textbox', { name: 'Seats' }).fill('5')
  await upgrade.getByText('it is collected from Visa ending in 4242').waitFor()
  await upgrade.getByRole('button', { name: 'Change to Business' }).click()
  const pay = page.getByRole('link', { name: /^Pay invoice/ })
  await pay.waitFor()
  expect(await pay.getAttribute('href')).toContain('https://invoice.stripe.test/')
  await expectGoodEverywhere(page, 'invoice-to-pay')
})

/** Making an account where e-mail is sent: the address is confirmed before anything else is open. */
import { api } from '@berth/contracts'
import { openMailbox, type Mailbox } from '@berth/server/notifications/testing/mailbox.ts'
import { movableClock, startTestServer } from '@berth/server/platform/testing/index.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import {
  expectAccessible,
  expectGoodEverywhere,
  type Home,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

vi.setConfig({ testTimeout: 300_000 })

let mailbox: Mailbox
let stage: Stage
let host: Home
const clock = movableClock(new Date())

beforeAll(async () => {
  mailbox = await openMailbox()
  stage = await openStage({ clock, env: mailbox.env })
  host = await settle(stage.server, 'Operations')
})
afterAll(async () => {
  await stage?.close()
  await mailbox?.close()
})

const password = 'a fine new password'

async function fillSignUp(page: Page, email: string): Promise<void> {
  await page.getByLabel('Your name').fill('Ada Lovelace')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Create account' }).click()
}

const tokenTo = (email: string, after: string | null = null) =>
  eventually(`a link to ${email}`, async () => {
    const token = mailbox.tokenFor(email, '/confirm-email')
    return token === after ? null : token
  })

async function signIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Types the password where a link to confirm leads. */
async function confirm(page: Page, secret = password): Promise<void> {
  await page.getByLabel('Password').fill(secret)
  await page.getByRole('button', { name: 'Confirm address' }).click()
}

test('somebody new is let in by their letter and their password together, and by neither alone', async () => {
  const { page, context, complaints } = await visit(stage)
  await page.goto('/?view=sign-up&next=/console/account')
  const email = 'ada@example.com'
  await fillSignUp(page, email)
  await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()
  await expectGoodEverywhere(page, 'letter-sent')
  const first = await tokenTo(email)
  await page.getByRole('button', { name: 'Send it again' }).click()
  await page.getByText('Sent again.').waitFor()
  const second = await tokenTo(email, first)

  await page.getByRole('link', { name: 'Sign in' }).click()
  await signIn(page, email)
  await page.getByText('or the address is not confirmed yet: then look for our letter').waitFor()
  await expectGoodEverywhere(page, 'sign-in-refused')

  const phone = await visit(stage, { width: 390 })
  await phone.page.goto(`/confirm-email#token=${await tokenTo(email, second)}`)
  await phone.page.getByLabel('Password').waitFor()
  expect(new URL(phone.page.url()).hash, 'the secret is out of the address bar').toBe('')
  await expectGoodEverywhere(phone.page, 'confirm-email-password')
  await confirm(phone.page, 'not what was chosen')
  await phone.page.getByText('this is not the password that was chosen with this link').waitFor()
  await phone.page.setViewportSize({ width: 390, height: 900 })
  await expectAccessible(phone.page)
  await picture(phone.page, 'confirm-email-wrong')
  await confirm(phone.page)
  // Who has no organization is led to the first steps from wherever they wanted to be.
  await phone.page.getByRole('heading', { name: 'Create an organization' }).waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Create an organization' }).waitFor()
  expect([...complaints, ...phone.complaints]).toEqual([])
  await context.close()
  await phone.context.close()
})

test('who signed in while no mail was sent waits for their letter, corrects the address, and goes on once it is opened', async () => {
  const { page, context, complaints } = await visit(stage)
  const [mistyped, email] = ['emmy@exampel.com', 'emmy@example.com']
  await page.goto('/?view=sign-up&next=/console/account')
  await fillSignUp(page, mistyped)
  await tokenTo(mistyped)
  const silent = await startTestServer({ clock, beside: stage.server })
  // Cookies know no ports.
  await context.request.post(`${silent.url}/api/auth/sign-in/email`, {
    data: { email: mistyped, password },
    headers: { origin: silent.url },
  })
  await silent.close()
  await page.goto('/console/catalog')
  await page.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor()
  await page.getByText(mistyped).first().waitFor()
  await expectGoodEverywhere(page, 'wait-to-confirm')

  await page.getByRole('button', { name: 'Use another address…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('New e-mail').fill(email)
  await dialog.getByLabel('Password').fill(password)
  await dialog.getByRole('button', { name: 'Send the link' }).click()
  await page.getByText(`A letter was sent to ${email}`).waitFor()
  await page.goto('/onboarding?step=organization')
  await page.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor()
  await expectGoodEverywhere(page, 'onboarding-held')

  const phone = await visit(stage, { width: 390 })
  await phone.page.goto(`/confirm-email#token=${await tokenTo(email)}`)
  await confirm(phone.page)
  await phone.page.getByRole('heading', { name: 'Create an organization' }).waitFor()
  // Here it goes on by itself.
  await page.getByRole('heading', { name: 'Create an organization' }).waitFor()
  expect([...complaints, ...phone.complaints]).toEqual([])
  await context.close()
  await phone.context.close()
})

test('an address that has an account looks the same, and its owner is told', async () => {
  const { page, context } = await visit(stage)
  await page.goto('/?view=sign-up')
  await fillSignUp(page, host.person.email)
  await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()
  expect((await context.request.get('/api/me')).status(), 'and nobody is let in').toBe(401)
  await eventually('the letter', async () =>
    mailbox.messages.find(
      ({ to, subject }) => to === host.person.email && subject === 'You have an account already',
    ),
  )
  await context.close()
})

test('the first of the first steps goes on by itself once the link is opened in the same browser', async () => {
  const { page, context, complaints } = await visit(stage, { width: 390 })
  const email = 'mary@example.com'
  await page.goto('/onboarding')
  await fillSignUp(page, email)
  await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()
  await expectAccessible(page)
  const opened = await context.newPage()
  await opened.goto(`/confirm-email#token=${await tokenTo(email)}`)
  await confirm(opened)
  await opened.getByRole('heading', { name: 'Create an organization' }).waitFor()
  await opened.close()
  await page.getByRole('heading', { name: 'Create an organization' }).waitFor()
  await page.getByLabel('Name').fill('Confirmed')
  await page.getByRole('button', { name: 'Create organization' }).click()
  await page.getByRole('heading', { name: 'Choose a plan' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' })
  expect(complaints).toEqual([])
  await context.close()
})

test('a link that is used, expired or unknown says so, and another one is to be had', async () => {
  const { page, context, complaints } = await visit(stage)
  const email = 'grace@example.com'
  await page.goto('/?view=sign-up')
  await fillSignUp(page, email)
  const token = await tokenTo(email)
  clock.advance(25 * 3600_000)
  await page.goto(`/confirm-email#token=${token}`)
  await page.getByText('This link has expired. Ask for a new one.').waitFor()
  await expectGoodEverywhere(page, 'confirm-expired')
  await page.getByRole('button', { name: 'Send another link' }).click()
  await page.getByText('Type an e-mail such as ada@example.org.').waitFor()
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'Send another link' }).click()
  await page.getByText('another link is on its way there').waitFor()
  await expectAccessible(page)
  const open = async (secret: string) => {
    await page.goto('about:blank')
    await page.goto(`/confirm-email#token=${secret}`)
  }
  const newest = await tokenTo(email, token)
  await open(newest)
  await confirm(page)
  await page.getByRole('heading', { name: 'Create an organization' }).waitFor()
  await open(newest)
  await page.getByText('This link was used already: it is good once.').waitFor()
  await open('A'.repeat(43))
  await page.getByText('This link is not known, or a newer one took its place.').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('a mailed invitation lets somebody new in at once', async () => {
  const email = 'katherine@example.com'
  const params = { organizationId: host.organizationId }
  await host.person.client.call(api.invitations.create, { params, body: { email, role: 'developer' } })
  const link = await eventually(
    'the invitation',
    async () => /http\S+\/onboarding\/invite\/[\w-]+/.exec(mailbox.latestTo(email)?.text ?? '')?.[0],
  )
  const { page, context, complaints } = await visit(stage)
  await page.goto(link)
  await page.getByRole('link', { name: 'Create an account' }).click()
  await fillSignUp(page, email)
  await page.getByRole('button', { name: 'Join Operations' }).click()
  await page.waitForURL('**/console/lifecycle**')
  expect(complaints).toEqual([])
  await context.close()
})

test('who was here before is asked above every page, and not kept out', async () => {
  const { person } = await settle(stage.server, 'Before')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/account')
  await page.getByText(`Show that ${person.email} is yours`).waitFor()
  await expectGoodEverywhere(page, 'confirm-banner')
  const before = await tokenTo(person.email)
  await page.getByRole('button', { name: 'Send the link' }).click()
  await page.getByText('Only the link of the newest letter is good.').waitFor()
  const opened = await context.newPage()
  await opened.goto(`/confirm-email#token=${await tokenTo(person.email, before)}`)
  await confirm(opened, person.password)
  await opened.getByText('From now on you sign in with it.').waitFor()
  await page.reload()
  await page.getByText('confirmed', { exact: true }).waitFor()
  expect(await page.getByText('is yours').count()).toBe(0)
  expect(complaints).toEqual([])
  await context.close()
})

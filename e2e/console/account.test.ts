import { readFile } from 'node:fs/promises'
import { api } from '@berth/contracts'
import { openMailbox, type Mailbox } from '@berth/server/notifications/testing/mailbox.ts'
import { movableClock } from '@berth/server/platform/testing/index.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { codeOf } from '../support/totp.ts'
import {
  expectAccessible,
  expectNoSidewaysScroll,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

// Each test walks through many forms; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let mailbox: Mailbox
let stage: Stage
// Codes are good once: the next one needs the next half minute.
const clock = movableClock(new Date())

beforeAll(async () => {
  mailbox = await openMailbox()
  stage = await openStage({ clock, env: mailbox.env })
  await settle(stage.server, 'Operations')
})
afterAll(async () => {
  await stage?.close()
  await mailbox?.close()
})

async function signInAt(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function everyLook(page: Page, name: string): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    await expectAccessible(page)
    await picture(page, `${name}-${theme}`)
  }
  for (const width of [1024, 390, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-${width}`)
  }
}

test('a person changes name, address and password; what is wrong stands beside its field', async () => {
  const { person } = await settle(stage.server, 'Changes')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/lifecycle')
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Account' }).click()
  await page.getByRole('heading', { name: 'Account', level: 1 }).waitFor()
  await page.getByText('not confirmed').waitFor()
  await page.getByText('Unknown device').or(page.getByText('this one')).first().waitFor()
  await everyLook(page, 'account')

  await page.getByLabel('Name', { exact: true }).fill('  ')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Type your name.').waitFor()
  await page.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Account of Ada Lovelace' }).waitFor()

  const address = `new.${person.email}`
  await page.getByRole('button', { name: 'Change or confirm…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('New e-mail').fill(address)
  await dialog.getByLabel('Password').fill('not the password')
  await dialog.getByRole('button', { name: 'Send the link' }).click()
  await dialog.locator('[aria-invalid=true]').waitFor()
  expect(await dialog.getByLabel('New e-mail').inputValue(), 'what was typed is there').toBe(address)
  expect(await dialog.getByLabel('Password').inputValue(), 'but no password').toBe('')
  await expectAccessible(page)
  await picture(page, 'account-email')
  await dialog.getByLabel('Password').fill(person.password)
  await dialog.getByRole('button', { name: 'Send the link' }).click()
  await page.getByText('the new address counts once it is opened').waitFor()
  const token = await eventually('the link to confirm', async () => mailbox.tokenFor(address))
  const opened = await context.newPage()
  await opened.goto(`/confirm-email#token=${token}`)
  await opened.getByText('From now on you sign in with it.').waitFor()
  expect(new URL(opened.url()).hash, 'the secret is out of the address bar').toBe('')
  await expectAccessible(opened)
  await picture(opened, 'confirm-email')
  await opened.goto('about:blank')
  await opened.goto(`/confirm-email#token=${token}`)
  await opened.getByText('This link was used already: it is good once.').waitFor()
  await page.reload()
  await page.getByText('confirmed', { exact: true }).waitFor()

  const other = await visit(stage, { person: { ...person, email: address } })
  await other.page.goto('/console/account')
  await other.page.getByRole('heading', { name: 'Account', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Change…' }).last().click()
  await dialog.getByLabel('Present password').fill('not the password')
  await dialog.getByLabel('New password').fill('short')
  await dialog.getByLabel('The same again').fill('shorter')
  await dialog.getByRole('button', { name: 'Change password' }).click()
  await dialog.getByText('Use at least 12 characters.').waitFor()
  await dialog.getByText('The two are not the same.').waitFor()
  await expectAccessible(page)
  const changed = 'an entirely other password'
  await dialog.getByLabel('New password').fill(changed)
  await dialog.getByLabel('The same again').fill(changed)
  await dialog.getByRole('button', { name: 'Change password' }).click()
  await dialog.locator('[aria-invalid=true]').waitFor()
  await dialog.getByLabel('Present password').fill(person.password)
  await dialog.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Every other sign-in of yours has ended.').waitFor()
  await other.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await signInAt(other.page, address, changed)
  await other.page.getByRole('heading', { name: 'Account', level: 1 }).waitFor()
  expect([...complaints, ...other.complaints]).toEqual([])
  await context.close()
  await other.context.close()
})

test('with a second factor signing in takes a code or a recovery code, each once', async () => {
  const { person } = await settle(stage.server, 'Factors')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/account')
  await page.getByRole('button', { name: 'Turn on…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Password').fill(person.password)
  await dialog.getByRole('button', { name: 'Continue' }).click()
  await dialog.getByRole('img', { name: /^QR code/ }).waitFor()
  const shown = await dialog.getByRole('button', { name: /copy secret$/ }).textContent()
  const secret = shown!.replaceAll(' ', '')
  await everyLook(page, 'account-enrol')
  await dialog.getByRole('textbox', { name: 'Code' }).fill('000000')
  await dialog.getByRole('button', { name: 'Turn on' }).click()
  await dialog.locator('[aria-invalid=true]').waitFor()
  await dialog.getByRole('textbox', { name: 'Code' }).fill(codeOf(secret, 0, clock.now().getTime()))
  await dialog.getByRole('button', { name: 'Turn on' }).click()
  await dialog.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  const codes = await dialog.getByRole('listitem').allTextContents()
  expect(codes).toHaveLength(10)
  await expectAccessible(page)
  await picture(page, 'account-codes')
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Download' }).click(),
  ])
  expect((await readFile(await file.path(), 'utf8')).trim().split('\n')).toEqual(codes)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await dialog.getByRole('button', { name: 'Copy' }).click()
  await dialog.getByText('Copied.').waitFor()
  await dialog.getByRole('button', { name: 'I have kept them' }).click()
  await page.getByText('10 recovery codes are left.').waitFor()
  expect(await page.content(), 'shown once').not.toContain(codes[0]!)
  await expectAccessible(page)
  await picture(page, 'account-factor')

  const { page: fresh, context: elsewhere, complaints: more } = await visit(stage)
  await fresh.goto('/console/members')
  await signInAt(fresh, person.email, person.password)
  await fresh.getByRole('heading', { name: 'Enter your code' }).waitFor()
  await everyLook(fresh, 'second-factor')
  await fresh.getByRole('textbox', { name: 'Code' }).fill('123')
  await fresh.getByRole('button', { name: 'Sign in' }).click()
  await fresh.locator('[aria-invalid=true]').waitFor()
  await fresh.getByRole('button', { name: /Use a recovery code/ }).click()
  await fresh.getByLabel('Recovery code').fill(codes[0]!)
  await fresh.getByRole('button', { name: 'Sign in' }).click()
  await fresh.waitForURL('**/console/members')
  await fresh.getByRole('button', { name: /^Account of/ }).click()
  await fresh.getByRole('menuitem', { name: 'Sign out' }).click()
  await fresh.getByRole('heading', { name: 'Sign in' }).waitFor()
  await signInAt(fresh, person.email, person.password)
  await fresh.getByRole('button', { name: /Use a recovery code/ }).click()
  await fresh.getByLabel('Recovery code').fill(codes[0]!)
  await fresh.getByRole('button', { name: 'Sign in' }).click()
  await fresh.getByText(/this code is not right, or it was used already/i).waitFor()
  await expectAccessible(fresh)
  await fresh.getByRole('button', { name: 'Use the app instead' }).click()
  clock.advance(60_000)
  await fresh.getByRole('textbox', { name: 'Code' }).fill(codeOf(secret, 0, clock.now().getTime()))
  await fresh.getByRole('button', { name: 'Sign in' }).click()
  await fresh.getByRole('button', { name: /^Account of/ }).waitFor()

  await page.reload()
  await page.getByText('9 recovery codes are left.').waitFor()
  await page.getByRole('button', { name: 'New recovery codes…' }).click()
  await dialog.getByLabel('Password').fill(person.password)
  await dialog.getByRole('textbox', { name: 'Code' }).fill(codes[1]!)
  await dialog.getByRole('button', { name: 'Make new codes' }).click()
  await dialog.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  const renewed = await dialog.getByRole('listitem').allTextContents()
  await dialog.getByRole('button', { name: 'I have kept them' }).click()
  await page.getByRole('button', { name: 'Turn off…' }).click()
  await dialog.getByLabel('Password').fill(person.password)
  await dialog.getByRole('textbox', { name: 'Code' }).fill(codes[2]!)
  await dialog.getByRole('button', { name: 'Turn off' }).click()
  await dialog.locator('[aria-invalid=true]').waitFor()
  expect(await dialog.getByLabel('Password').inputValue(), 'only what is wrong is typed anew').not.toBe('')
  await expectAccessible(page)
  await dialog.getByRole('textbox', { name: 'Code' }).fill(renewed[0]!)
  await dialog.getByRole('button', { name: 'Turn off' }).click()
  await page.getByRole('button', { name: 'Turn on…' }).waitFor()
  expect([...complaints, ...more]).toEqual([])
  await context.close()
  await elsewhere.close()
})

test('a person sees where they are signed in, and ends one or all of the others at once', async () => {
  const { person } = await settle(stage.server, 'Sign-ins')
  const { page, context, complaints } = await visit(stage, { person })
  const second = await visit(stage, { person })
  const third = await visit(stage, { person })
  for (const one of [second, third]) {
    await one.page.goto('/console/lifecycle')
    await one.page.getByText('Live', { exact: true }).waitFor()
  }
  await page.goto('/console/account')
  const rows = page.getByRole('region', { name: 'Sign-ins' }).getByRole('row')
  await page.getByText('this one').waitFor()
  const before = await rows.count()
  await page
    .getByRole('button', { name: /^End the sign-in on/ })
    .first()
    .click()
  await third.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await eventually('one row less', async () => ((await rows.count()) === before - 1 ? true : null))
  await page.getByRole('button', { name: 'End all others' }).click()
  await page.getByText(/sign-ins? ended\./).waitFor()
  await second.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await expectAccessible(page)
  await page.mouse.move(0, 0)
  await page.locator('button[aria-disabled=true]', { hasText: 'End all others' }).hover()
  await page.getByText('You are signed in nowhere else.').waitFor()
  expect([...complaints, ...second.complaints, ...third.complaints]).toEqual([])
  for (const one of [context, second.context, third.context]) await one.close()
})

test('an account is deleted only when nothing is left without an owner, and then for good', async () => {
  const { person, organizationId } = await settle(stage.server, 'Left Behind')
  const heir = await settle(stage.server, 'Heirs')
  const { page, context, complaints } = await visit(stage, { person })
  await page.goto('/console/account')
  await page.getByText('First make somebody else an owner of').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Delete…' }).focus()
  await page.getByText(/You are the only owner of Left Behind;/).waitFor()
  await person.client.call(api.organizations.addMember, {
    params: { organizationId },
    body: { email: heir.person.email, role: 'owner' },
  })
  await page.reload()
  await page.getByRole('button', { name: 'Delete…' }).click()
  const dialog = page.getByRole('dialog', { name: `Delete the account ${person.email}?` })
  await dialog.getByLabel('Password').fill('not the password')
  await dialog.getByRole('button', { name: 'Delete my account' }).click()
  await dialog.locator('[aria-invalid=true]').waitFor()
  await expectAccessible(page)
  await picture(page, 'account-delete')
  await dialog.getByLabel('Password').fill(person.password)
  await dialog.getByRole('button', { name: 'Delete my account' }).click()
  await page.getByText('Your account is deleted.').waitFor()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await signInAt(page, person.email, person.password)
  await page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('a forgotten password is set anew with the link from the e-mail, once', async () => {
  const { person } = await settle(stage.server, 'Forgetful')
  const { page, context, complaints } = await visit(stage)
  await page.goto('/')
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await page.getByRole('button', { name: 'Ask for a link' }).click()
  await page.getByText('Type an e-mail such as ada@example.org.').waitFor()
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByRole('button', { name: 'Ask for a link' }).click()
  await page.getByText('a link is on its way there').waitFor()
  await everyLook(page, 'forgot')
  const token = await eventually('the link', async () => mailbox.tokenFor(person.email))
  await page.goto(`/reset#token=${token}`)
  await page.getByLabel('New password').waitFor()
  await page.waitForURL((url) => url.hash === '')
  await everyLook(page, 'reset')
  await page.getByLabel('New password').fill('the second password')
  await page.getByLabel('The same again').fill('the second password')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('every sign-in of the account has ended').waitFor()
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Sign in with it' }).click()
  await signInAt(page, person.email, 'the second password')
  await page.waitForURL('**/console/lifecycle**')
  await page.goto(`/reset#token=${token}`)
  await page.getByLabel('New password').fill('the third password')
  await page.getByLabel('The same again').fill('the third password')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('This link was used already: it is good once.').waitFor()
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Ask for another link' }).click()
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByRole('button', { name: 'Ask for a link' }).click()
  const late = await eventually('another link', async () => {
    const newest = mailbox.tokenFor(person.email)
    return newest === token ? null : newest
  })
  clock.advance(61 * 60_000)
  await page.goto('about:blank')
  await page.goto(`/reset#token=${late}`)
  await page.getByLabel('New password').fill('the fourth password')
  await page.getByLabel('The same again').fill('the fourth password')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('This link has expired. Ask for a new one.').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

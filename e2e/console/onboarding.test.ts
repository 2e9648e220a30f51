/** From a stranger to an answered call and a client's settings, through /onboarding alone. */
import path from 'node:path'
import { api } from '@berth/contracts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { subscribeTo } from '@berth/server/billing/test-kit.ts'
import type { TestPerson } from '@berth/server/platform/testing/index.ts'
import { Keyboard } from './keyboard.ts'
import {
  expectAccessible,
  expectGoodEverywhere,
  expectNoSidewaysScroll,
  openStage,
  picture,
  settle,
  type Stage,
  visit,
} from './support.ts'

const folder = path.join(import.meta.dirname, '../fixtures/mcp')
const password = 'a long enough password'
/** A busy machine takes its time. */
const patience = { timeout: 90_000 }

let stage: Stage
let operator: TestPerson
beforeAll(async () => {
  stage = await openStage()
  operator = (await settle(stage.server, 'Operations')).person
  await operator.client.call(api.catalog.add, {
    body: {
      name: 'echo',
      title: 'Echo',
      artifact: { kind: 'local', path: folder, command: ['node', 'echo.mjs'] },
    },
  })
})
afterAll(() => stage?.close())

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true })
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 })
const step = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Steps' }).getByRole('link', { name: new RegExp(`^${name}`) })
const dialogOf = (page: Page) => page.getByRole('dialog')

async function signUp(page: Page, name: string, email: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await button(page, 'Create account').click()
}

async function found(page: Page, name: string): Promise<void> {
  await heading(page, 'Create an organization').waitFor()
  await page.getByLabel('Name').fill(name)
  await button(page, 'Create organization').click()
  await heading(page, 'Choose a plan').waitFor()
}

/** Launches the fixture that answers with what it was told. */
async function launchEcho(page: Page): Promise<void> {
  // Those that come with Berth stand first; this one may stand among all others only.
  await button(page, 'Choose from all…').or(button(page, 'Launch Echo')).first().click()
  const dialog = dialogOf(page)
  await dialog.getByRole('combobox', { name: 'Server', exact: true }).click()
  await page.getByRole('option', { name: /^Echo/ }).click()
  await button(page, 'Launch').click()
  await dialog.waitFor({ state: 'detached' })
}

/** Calls the tool that is offered, and waits for its answer. */
async function callEcho(page: Page): Promise<void> {
  await page.getByText(/^It runs/).waitFor(patience)
  await page.getByLabel('message').fill('hello from the harbour')
  await button(page, 'Call echo').click()
  await page.getByRole('region', { name: 'Text 1' }).getByText('hello from the harbour').waitFor()
  await button(page, 'Go to the console').waitFor(patience)
}

test.each([
  { width: 1440, device: 'desk', email: 'mara@example.org', name: 'Tidewater' },
  { width: 390, device: 'phone', email: 'juno@example.org', name: 'Lighthouse' },
])(
  'a stranger gets from an account to an answered call and a token on a $device',
  { timeout: 400_000 },
  async ({ width, device, email, name }) => {
    const { page, context, complaints } = await visit(stage, { width })
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const good = async (what: string) => {
      await expectNoSidewaysScroll(page)
      for (const theme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme: theme })
        await expectAccessible(page)
        await picture(page, `onboarding-${device}-${what}-${theme}`)
      }
    }
    await page.goto('/')
    await page.getByRole('link', { name: 'Create one' }).click()
    await page.waitForURL('**/onboarding')
    await heading(page, 'Create an account').waitFor()
    await good('account')
    await signUp(page, 'Mara Lind', email)
    await heading(page, 'Create an organization').waitFor()
    await good('organization')
    await found(page, name)

    await page.getByRole('listitem', { name: 'Team' }).getByText('€49.00 a month').waitFor()
    await good('plan')
    await button(page, 'Choose Team…').click()
    const dialog = dialogOf(page)
    await dialog.getByLabel('Begin with the trial of 14 days').waitFor()
    await dialog.getByText('The trial ends on').waitFor()
    await good('plan-change')
    await button(page, 'Begin the trial of Team').click()
    await page.getByText(/^Team is on trial until .* nothing is to be paid until then\.$/).waitFor()
    await good('plan-chosen')
    await button(page, 'Continue with Team').click()

    await heading(page, 'Invite people').waitFor()
    await page.getByText(/^1 of \d+ seats is taken/).waitFor()
    await good('invite')
    await page.getByLabel('E-mail').fill(`guest-of-${email}`)
    await page.getByRole('combobox', { name: 'Role' }).click()
    await page.getByRole('option', { name: /^auditor/ }).click()
    await button(page, 'Invite').click()
    await dialog.getByText(/\/onboarding\/invite\/[\w-]{43}/).waitFor()
    await button(page, 'I have copied it').click()
    await page
      .getByRole('row')
      .filter({ hasText: `guest-of-${email}` })
      .waitFor()
    await page.getByText(/^2 of \d+ seats are taken/).waitFor()
    await good('invited')
    await button(page, 'Continue').click()

    await heading(page, 'Launch your first server').waitFor()
    await page.getByRole('list', { name: 'Servers to begin with' }).waitFor()
    await good('servers')
    await launchEcho(page)
    await page
      .getByRole('status')
      .filter({ hasText: /^(Now: |It is about|It runs)/ })
      .waitFor()
    await good('launching')
    await callEcho(page)
    await good('answered')
    await page.getByRole('tab', { name: 'Cursor' }).click()
    await button(page, 'Create a token').click()
    await page.getByText('shown only this once').waitFor()
    await button(page, 'Copy settings for Cursor').click()
    await page.getByText('Copied', { exact: true }).waitFor()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(JSON.parse(copied)).toMatchObject({
      mcpServers: { echo: { headers: { Authorization: expect.stringMatching(/^Bearer berth_pat_/) } } },
    })
    await good('connected')
    await button(page, 'Go to the console').click()
    await page.waitForURL(`**/console/lifecycle?org=${name.toLowerCase()}`)
    await page.getByRole('row').filter({ hasText: 'echo' }).getByText('running').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  },
)

test(
  'every step is come back to: after a reload, by going back, and with a sign-in elsewhere',
  { timeout: 300_000 },
  async () => {
    const { page, context, complaints } = await visit(stage)
    const email = 'resumes@example.org'
    await page.goto('/onboarding')
    await signUp(page, 'Rena Sumi', email)
    /** Here after a reload, and in another browser, where the step is not named. */
    async function expectResumed(title: string) {
      await heading(page, title).waitFor()
      await page.reload()
      await heading(page, title).waitFor()
      const other = await visit(stage, { person: { email, password } as TestPerson, width: 390 })
      await other.page.goto('/onboarding')
      await heading(other.page, title).waitFor()
      await other.context.close()
    }
    await expectResumed('Create an organization')
    await found(page, 'Comeback')
    await expectResumed('Choose a plan')
    await button(page, 'Stay on Free').click()
    await expectResumed('Invite people')
    await button(page, 'Invite nobody now').click()
    await expectResumed('Launch your first server')
    await launchEcho(page)
    await page.getByText(/^It runs/).waitFor(patience)
    await expectResumed('Launch your first server')
    await page.getByText(/^It runs/).waitFor()

    await button(page, 'Back').click()
    await heading(page, 'Invite people').waitFor()
    await step(page, 'Plan ?, left out').click()
    await heading(page, 'Choose a plan').waitFor()
    await step(page, 'Account ?, done').click()
    await heading(page, 'Your account').waitFor()
    await page.goBack()
    await heading(page, 'Choose a plan').waitFor()
    await step(page, 'Server').click()
    await callEcho(page)
    await step(page, 'Server ?, done').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  },
)

test('somebody without an organization is led there, everything but it can be left out, and the rest is taken up again', async () => {
  const { page, context, complaints } = await visit(stage)
  await page.goto('/?view=sign-up')
  await page.waitForURL('**/onboarding')
  await signUp(page, 'Lea Fehl', 'leaves-out@example.org')
  await heading(page, 'Create an organization').waitFor()
  await page.goto('/console/audit')
  await heading(page, 'Create an organization').waitFor()
  await page.goto('/onboarding?step=server')
  await found(page, 'Bare')
  await button(page, 'Stay on Free').click()
  await button(page, 'Invite nobody now').click()
  await button(page, 'Launch nothing now').click()
  await page.waitForURL('**/console/lifecycle?org=bare')
  await page.getByRole('link', { name: 'Go on setting up' }).click()
  await heading(page, 'Launch your first server').waitFor()
  await page.goto('/onboarding?org=nobodys')
  await heading(page, 'Launch your first server').waitFor()
  expect(new URL(page.url()).searchParams.get('org')).toBe('bare')
  expect(complaints).toEqual([])
  await context.close()
})

test('what is wrong with a form stands beside its fields, and what was typed stays', async () => {
  const { page, context } = await visit(stage, { width: 390 })
  await page.goto('/onboarding')
  await button(page, 'Create account').click()
  await page.getByText(/others (will )?see it/i).waitFor()
  await page.getByText('Type an e-mail such as ada@example.org.').waitFor()
  await page.getByText('Use at least 12 characters.').first().waitFor()
  await signUp(page, 'Fay Ult', operator.email)
  await page
    .getByRole('alert')
    .or(page.getByText(/already/))
    .first()
    .waitFor()
  expect(await page.getByLabel('Your name').inputValue()).toBe('Fay Ult')
  await expectAccessible(page)
  await signUp(page, 'Fay Ult', 'faults@example.org')

  await heading(page, 'Create an organization').waitFor()
  await button(page, 'Create organization').click()
  await page.getByText('Give it a name.').waitFor()
  await expectAccessible(page)
  await found(page, 'Faulty')
  await button(page, 'Stay on Free').click()

  await button(page, 'Invite').click()
  await page.getByText('Whose e-mail address?').waitFor()
  await page.getByLabel('E-mail').fill('nobody')
  await button(page, 'Invite').click()
  await page.getByText('Type an e-mail such as ada@example.org.').waitFor()
  expect(await page.getByLabel('E-mail').inputValue()).toBe('nobody')
  await expectAccessible(page)
  const { db } = stage.server.berth.platform
  const { id } = await db
    .selectFrom('organizations')
    .select('id')
    .where('slug', '=', 'faulty')
    .executeTakeFirstOrThrow()
  await subscribeTo(db, id, [{ key: 'seats', limit: 2 }])
  await page.getByLabel('E-mail').fill('one@example.org')
  await button(page, 'Invite').click()
  await button(page, 'I have copied it').click()
  await page.getByLabel('E-mail').fill('two@example.org')
  await button(page, 'Invite').click()
  await page
    .getByRole('alert')
    .getByText(/The plan allows 2 people/)
    .waitFor()
  expect(await page.getByLabel('E-mail').inputValue()).toBe('two@example.org')
  await expectAccessible(page)
  await button(page, 'Continue').click()

  const add = button(page, 'Add a server…')
  await add.focus()
  await page
    .getByText(/Only operators of this installation change its catalog/)
    .first()
    .waitFor()
  expect(await add.getAttribute('aria-disabled')).toBe('true')
  await button(page, /^Launch /)
    .first()
    .click()
  await dialogOf(page).getByLabel('Workspace name').fill('')
  await button(page, 'Launch').click()
  await dialogOf(page).getByText('Give the workspace a name.').waitFor()
  await expectAccessible(page)
  await context.close()
})

test('by keyboard alone: from an account to an answered call', { timeout: 300_000 }, async () => {
  const { page, context, complaints } = await visit(stage, { width: 1024 })
  const keys = await Keyboard.of(page)
  await page.goto('/onboarding')
  await keys.fill(page.getByLabel('Your name'), 'Kay Bord')
  await keys.fill(page.getByLabel('E-mail'), 'keys@example.org')
  await keys.fill(page.getByLabel('Password'), password)
  await keys.press('Enter')
  await heading(page, 'Create an organization').waitFor()
  await keys.fill(page.getByLabel('Name'), 'Typed')
  await keys.press('Enter')
  await heading(page, 'Choose a plan').waitFor()
  await keys.activate(button(page, 'Choose Team…'))
  await keys.activate(button(page, 'Begin the trial of Team'))
  await page.getByText(/^Team is on trial until/).waitFor()
  await keys.activate(button(page, 'Continue with Team'))
  await keys.activate(button(page, 'Invite nobody now'))
  await keys.activate(button(page, 'Launch Echo'))
  await keys.activate(button(page, 'Launch'))
  await page.getByText(/^It runs/).waitFor(patience)
  await keys.fill(page.getByLabel('message'), 'hello')
  await keys.press('Enter')
  await page.getByRole('region', { name: 'Text 1' }).getByText('hello').waitFor()
  await keys.activate(step(page, 'People'))
  await heading(page, 'Invite people').waitFor()
  expect(await keys.pointerWasUsed()).toBe(false)
  expect(complaints).toEqual([])
  await context.close()
})

test(
  'one that does not come up says why and another one is chosen; an operator brings one of their own',
  { timeout: 300_000 },
  async () => {
    await operator.client.call(api.catalog.add, {
      body: {
        name: 'broken',
        title: 'Broken',
        artifact: { kind: 'local', path: folder, command: ['node', 'misbehaving.mjs', 'exit-at-start'] },
      },
    })
    const { page, context, complaints } = await visit(stage, { person: operator })
    const dialog = dialogOf(page)
    await page.goto('/onboarding?step=server&org=operations&launch=local/broken')
    await button(page, 'Launch').click()
    const why = page.getByRole('region', { name: /^(It keeps failing|Berth gave up on it)/ })
    await why.getByText('fatal: the fixture was told to exit at start').waitFor(patience)
    await expectGoodEverywhere(page, 'onboarding-failing')
    await button(page, 'Choose another server').click()

    await button(page, 'Add a server…').click()
    await dialog.getByRole('combobox', { name: 'From' }).click()
    await page.getByRole('option', { name: /A folder of this machine/ }).click()
    await button(page, 'Add server').click()
    await dialog.getByText('Name a folder, such as /srv/servers/weather.').waitFor()
    await dialog.getByLabel('Folder').fill(folder)
    await dialog.getByLabel('Command').fill('node echo.mjs')
    await dialog.getByLabel('Name').fill('parrot')
    await button(page, 'Add server').click()
    await page.getByRole('dialog', { name: 'Launch a server' }).waitFor()
    await button(page, 'Launch').click()
    await dialog.waitFor({ state: 'detached' })
    await callEcho(page)
    expect(complaints).toEqual([])
    await context.close()
  },
)

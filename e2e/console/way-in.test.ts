import { api } from '@berth/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll, openStage, settle, type Stage, visit } from './support.ts'

let stage: Stage
beforeAll(async () => (stage = await openStage()))
afterAll(() => stage?.close())

/** The first account of this file's first test is the operator. */
async function signInFirst() {
  const answer = await fetch(`${stage.server.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: stage.server.url },
    body: JSON.stringify({ email: 'ada@example.org', password: 'correct horse battery' }),
  })
  return stage.server.client(answer.headers.get('set-auth-token')!)
}

test('a person signs up, creates an organization, and leaves for its empty lifecycle page', async () => {
  const { page, complaints, context } = await visit(stage)
  await page.goto('/')
  await page.getByRole('heading', { name: 'Set up this Berth' }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByText('Use at least 12 characters.').first().waitFor()
  await page.getByLabel('Your name').fill('Ada Byron')
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Create account' }).click()

  await page.getByRole('heading', { name: 'Create an organization' }).waitFor()
  await expectAccessible(page)
  await page.getByLabel('Name').fill('Example Org')
  await page.getByText('/mcp/example-org/…').waitFor()
  await page.getByRole('button', { name: 'Create organization' }).click()

  await page.waitForURL('**/onboarding?step=plan&org=example-org')
  await page.getByRole('link', { name: 'Go to the console' }).click()
  await page.waitForURL('**/console/lifecycle?org=example-org')
  await page.getByRole('heading', { name: 'Nothing runs here yet' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Account of Ada Byron' }).click()
  await page.getByRole('menuitem', { name: 'Dark theme' }).click()
  await page.locator('html[data-theme=dark]').waitFor()
  await expectAccessible(page)
  for (const width of [1440, 1024, 390]) {
    await page.setViewportSize({ width, height: 900 })
    await expectNoSidewaysScroll(page)
  }
  expect(complaints).toEqual([])
  await context.close()
})

test('a wrong password is refused beside the form, and what was typed is still there', async () => {
  const { person } = await settle(stage.server, 'Wrong Password')
  const { page, context } = await visit(stage)
  await page.goto('/console/lifecycle?status=held')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
  expect(await page.getByLabel('E-mail').inputValue()).toBe(person.email)
  await expectAccessible(page)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/console/lifecycle?status=held')
  await context.close()
})

test('without e-mail a forgotten password is set anew with a link of an operator, and a link that is none says so', async () => {
  const operator = await signInFirst()
  const { person } = await settle(stage.server, 'Forgetful')
  const { page, context, complaints } = await visit(stage)
  await page.goto('/?view=forgot')
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByRole('button', { name: 'Ask for a link' }).click()
  await page.getByText('This Berth sends no e-mail, so nothing was sent.').waitFor()
  await expectAccessible(page)

  const params = { userId: person.userId }
  const { url } = await operator.call(api.users.createResetLink, { params })
  await page.goto(url)
  await page.getByLabel('New password').fill('a')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('Use at least 12 characters.').waitFor()
  expect(new URL(page.url()).hash, 'the secret is out of the address bar').toBe('')
  await page.getByLabel('New password').fill('remembered this time')
  await page.getByLabel('The same again').fill('remembered this time')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByRole('link', { name: 'Sign in with it' }).click()
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByLabel('Password').fill('remembered this time')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/console/lifecycle**')

  await page.goto('/reset')
  await page.getByText('This link is incomplete: its secret is missing.').waitFor()
  await page.goto('about:blank')
  await page.goto(`/reset#token=${'x'.repeat(43)}`)
  await page.getByLabel('New password').fill('remembered this time')
  await page.getByLabel('The same again').fill('remembered this time')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('This link is not known').waitFor()
  await page.getByRole('link', { name: 'Ask for another link' }).waitFor()
  await expectAccessible(page)
  await page.goto('about:blank')
  await page.goto(`/confirm-email#token=${'x'.repeat(43)}`)
  await page.getByText('This link is not known').waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await context.close()
})

test('signing out in one tab ends the sign-in on the server and in every tab', async () => {
  const { person } = await settle(stage.server, 'Two Tabs')
  const { page, context } = await visit(stage, { person })
  const other = await context.newPage()
  await other.goto('/console/lifecycle')
  await other.getByText('Live', { exact: true }).waitFor()
  await page.goto('/console/lifecycle')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  for (const tab of [page, other]) await tab.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect((await context.request.get('/api/me')).status()).toBe(401)
  await context.close()
})

test('a command line that asks to sign in is allowed only by the person who reads its code', async () => {
  const { person } = await settle(stage.server, 'Device')
  const { page, context } = await visit(stage, { person })
  const post = (path: string, body: object) =>
    fetch(`${stage.server.url}/api/auth/device/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const ask = async () =>
    (await (await post('code', { client_id: 'mcpctl' })).json()) as { device_code: string; user_code: string }
  const collect = (deviceCode: string) =>
    post('token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: deviceCode,
      client_id: 'mcpctl',
    })

  const allowed = await ask()
  await page.goto(`/device?user_code=${allowed.user_code}`)
  await page.getByText(allowed.user_code, { exact: true }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('The command line is signed in.').waitFor()
  expect((await collect(allowed.device_code)).status).toBe(200)

  const refused = await ask()
  await page.goto(`/device?user_code=${refused.user_code}`)
  await page.getByRole('button', { name: 'Refuse' }).click()
  await page.getByText('The command line was refused.').waitFor()
  expect((await collect(refused.device_code)).status).toBe(400)

  await page.goto('/device?user_code=NOTACODE')
  await page.getByRole('alert').getByText('No command line waits with this code').waitFor()
  await expectAccessible(page)
  await context.close()
})

test('an address that names no page says so, and leads back', async () => {
  const { page, context } = await visit(stage)
  await page.goto('/console-of-old')
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  await expectAccessible(page)
  await context.close()
})

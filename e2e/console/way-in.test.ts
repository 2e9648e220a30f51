import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll, openStage, settle, type Stage, visit } from './support.ts'

let stage: Stage
beforeAll(async () => (stage = await openStage()))
afterAll(() => stage?.close())

test('a person signs up, creates an organization, and lands on its empty lifecycle page', async () => {
  const { page, complaints, context } = await visit(stage)
  await page.goto('/')
  await page.getByRole('heading', { name: 'Set up this Berth' }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByText('Use at least 8 characters.').first().waitFor()
  await page.getByLabel('Your name').fill('Ada Byron')
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Create account' }).click()

  await page.getByRole('heading', { name: 'Create an organization' }).waitFor()
  await expectAccessible(page)
  await page.getByLabel('Name').fill('Example Org')
  await page.getByText('/mcp/example-org/…').waitFor()
  await page.getByRole('button', { name: 'Create organization' }).click()

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
  await page.getByRole('alert').waitFor()
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

import { api } from '@berth/contracts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '@berth/server/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { expectAccessible, openStage, settle, type Stage, visit } from './support.ts'

let stage: Stage
beforeAll(async () => (stage = await openStage()))
afterAll(() => stage?.close())

async function openLifecycle(page: Page): Promise<void> {
  await page.goto('/console/lifecycle')
  await page.getByText('Live', { exact: true }).waitFor()
}

/** Marks a page, so that a reload is noticed. */
const mark = (page: Page) => page.evaluate(() => void Object.assign(window, { neverReloaded: true }))
const isMarked = (page: Page) => page.evaluate(() => 'neverReloaded' in window)

async function signIn(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

test('a sign-in that ended leads every tab to the sign-in page, and signing in again leads each back to where it was', async () => {
  const home = await settle(stage.server, 'Cut And Renewed')
  const { page, context, complaints } = await visit(stage, { person: home.person })
  await openLifecycle(page)
  const other = await context.newPage()
  await other.goto('/console/members')
  await other.getByText('Live', { exact: true }).waitFor()

  await stage.server.berth.platform.pool.query('delete from sessions where user_id = $1', [
    home.person.userId,
  ])
  await page.bringToFront()
  await page.reload()
  await page.waitForURL(/\/\?next=/)
  await other.bringToFront()
  await other.waitForURL(/\/\?next=/)
  await expectAccessible(other)

  await signIn(other, home.person)
  await other.waitForURL(/\/console\/members/)
  await page.bringToFront()
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await page.waitForURL(/\/console\/lifecycle/)
  await page.getByText('Live', { exact: true }).waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('without its cookie a page that is used goes to the sign-in page instead of failing part by part', async () => {
  const home = await settle(stage.server, 'No Cookie')
  const { page, context } = await visit(stage, { person: home.person })
  await openLifecycle(page)
  await context.clearCookies()
  // Something else on the page may notice before.
  const filter = page.getByRole('searchbox', { name: 'Filter by name' })
  await filter.fill('anything', { timeout: 3000 }).catch(() => undefined)
  await page.waitForURL(/\/\?next=%2Fconsole%2Flifecycle/)
  // Whatever noticed it first: what was typed before is in there, what came later is not.
  const next = new URL(page.url()).searchParams.get('next')!
  await signIn(page, home.person)
  await page.waitForURL((url) => url.pathname + url.search === next)
  expect(new URL(page.url()).pathname).toBe('/console/lifecycle')
  await context.close()
})

test('a page outlives the server: it says so, comes back by itself, and shows what happened meanwhile', async () => {
  const first = await startTestServer()
  let second: TestServer | undefined
  const home = await settle(first, 'Restarted')
  const { page, context } = await visit({ ...stage, server: first }, { person: home.person })
  try {
    await openLifecycle(page)
    await mark(page)
    const params = { organizationId: home.organizationId }
    await home.person.client.call(api.workspaces.create, { params, body: { name: 'Before' } })
    await page.getByRole('heading', { name: 'Before' }).waitFor()
    await first.berth.close()
    await page.getByText(/Reconnecting|Stale since/).waitFor()
    // Another process of the same installation changes something while nobody serves the page.
    const beside = await startTestServer({ beside: first })
    await beside
      .client(home.person.token)
      .call(api.workspaces.create, { params, body: { name: 'Meanwhile' } })
    await beside.berth.close()
    second = await startTestServer({ beside: first, env: { BERTH_PORT: new URL(first.url).port } })
    await page.getByRole('heading', { name: 'Meanwhile' }).waitFor({ timeout: 60_000 })
    await page.getByText('Live', { exact: true }).waitFor()
    await home.person.client.call(api.workspaces.create, { params, body: { name: 'After' } })
    await page.getByRole('heading', { name: 'After' }).waitFor()
    expect(await isMarked(page)).toBe(true)
  } finally {
    await context.close()
    await second?.berth.close()
    await first.close()
  }
})

test('what happens while a page is first read is on it, though the answer is from before', async () => {
  const home = await settle(stage.server, 'Meanwhile')
  const { page, context } = await visit(stage, { person: home.person })
  const params = { organizationId: home.organizationId }
  /** Lets an answer reach the page only after the event of a workspace that was created behind it. */
  const delay = (url: string | RegExp, name: string) =>
    page.route(
      url,
      async (route) => {
        const answer = await route.fetch()
        const told = page.waitForRequest(/\/workspaces\?/)
        await home.person.client.call(api.workspaces.create, { params, body: { name } })
        await told
        await route.fulfill({ response: answer })
      },
      { times: 1 },
    )
  await page.goto('/console/members')
  await page.getByText('Live', { exact: true }).waitFor()
  await delay(/\/api\/console\/lifecycle\?/, 'Listed')
  await page.getByRole('link', { name: 'Lifecycle' }).click()
  await page.getByRole('heading', { name: 'Listed' }).waitFor()
  await delay(/\/audit\?/, 'Logged')
  await page.getByRole('link', { name: 'Audit' }).click()
  const created = page.getByRole('main').getByText('Workspace created', { exact: true })
  await created.nth(1).waitFor()
  expect(await created.count(), 'each once').toBe(2)
  await context.close()
})

test('a page says when the server has newer pages, and a press loads them', async () => {
  const home = await settle(stage.server, 'New Version')
  const { page, context } = await visit(stage, { person: home.person })
  // Without shared workers the stream is held by the page, where it can be steered: it ends as soon as it stands.
  await page.addInitScript(() => Reflect.deleteProperty(window, 'SharedWorker'))
  await page.route('**/api/stream*', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: 'event: ready\ndata: {"cursor":"W10"}\n\n' }),
  )
  const deploy = { newer: false, asked: 0 }
  await page.goto('/console/lifecycle')
  await page.getByRole('heading', { name: 'Lifecycle' }).waitFor()
  await mark(page)
  await page.route('**/', async (route) => {
    deploy.asked++
    const response = await route.fetch()
    const text = await response.text()
    const body = deploy.newer ? text.replace(/index-[\w-]+\.js/, 'index-newer.js') : text
    await route.fulfill({ response, body })
  })
  await eventually('it asked twice', async () => (deploy.asked >= 2 ? true : null))
  expect(
    await page.getByRole('button', { name: /New version/ }).count(),
    'the same pages need no reload',
  ).toBe(0)
  deploy.newer = true
  const reload = page.getByRole('button', { name: /New version/ })
  await reload.waitFor()
  await expectAccessible(page)
  await page.unroute('**/')
  await reload.click()
  await eventually('the page was loaded anew', async () => ((await isMarked(page)) ? null : true))
  await context.close()
})

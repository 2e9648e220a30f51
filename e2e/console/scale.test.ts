import { api } from '@berth/contracts'
import { newId } from '@berth/server/platform/ids.ts'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAccessible, type Home, openStage, settle, type Stage, visit } from './support.ts'

const workspaces = 40
const each = 250

let stage: Stage
let home: Home
beforeAll(async () => {
  stage = await openStage()
  home = await settle(stage.server, 'Ten Thousand')
  await seed()
})
afterAll(() => stage?.close())

/** Ten thousand stopped deployments, as the domains would have written them one by one. */
async function seed(): Promise<void> {
  const { pool } = stage.server.berth.platform
  const { person, organizationId } = home
  const { items } = await person.client.call(api.catalog.list, { query: { limit: 1 } })
  const { rows } = await pool.query('select id, server_id from releases where server_id = $1 limit 1', [
    items[0]!.id,
  ])
  for (let at = 0; at < workspaces; at++) {
    const workspaceId = newId('workspace')
    const key = `place-${String(at).padStart(2, '0')}`
    await pool.query(
      `insert into workspaces (id, organization_id, key, name, tier, region, created_at)
       values ($1, $2, $3, $3, 'community', 'local', now())`,
      [workspaceId, organizationId, key],
    )
    await pool.query('insert into workspace_keys (organization_id, key, workspace_id) values ($1, $2, $3)', [
      organizationId,
      key,
      workspaceId,
    ])
    const ids = Array.from({ length: each }, () => newId('deployment'))
    await pool.query(
      `insert into deployments (id, organization_id, workspace_id, name, server_id, release_id, limits, desired, created_by, created_at)
       select id, $2, $3, $4 || '-' || n, $5, $6, '{"memoryMb":512,"pids":128,"cpus":1}', 'stopped', $7, now()
       from unnest($1::text[]) with ordinality as given (id, n)`,
      [ids, organizationId, workspaceId, key, rows[0].server_id, rows[0].id, person.userId],
    )
  }
}

const grid = (page: Page) => page.getByRole('grid', { name: 'Servers by workspace' })

async function open(page: Page, search = ''): Promise<void> {
  await page.goto(`/console/lifecycle${search}`)
  await page.getByText('Live', { exact: true }).waitFor()
  await grid(page).waitFor()
}

test('ten thousand servers: the page asks for the first ones, draws those near the window, and counts all of them', async () => {
  const { page, context, complaints } = await visit(stage, { person: home.person })
  const asked: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/api/console/lifecycle?')) asked.push(request.url())
  })
  await open(page)
  await page.getByText('40 workspaces · 10,000 servers').waitFor()
  expect(asked.length).toBeLessThanOrEqual(3)
  expect(await page.locator('tbody tr').count()).toBeLessThan(80)
  expect(Number(await grid(page).getAttribute('aria-rowcount'))).toBeGreaterThan(10_000)
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await context.close()
})

test('nothing jumps while the page loads', async () => {
  const { page, context } = await visit(stage, { person: home.person })
  await page.addInitScript(() => {
    Object.assign(window, { jumped: 0 })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[])
        Object.assign(window, { jumped: (window as unknown as { jumped: number }).jumped + entry.value })
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await open(page)
  await page.getByText('40 workspaces · 10,000 servers').waitFor()
  await page.waitForTimeout(500)
  expect(await page.evaluate(() => (window as unknown as { jumped: number }).jumped)).toBeLessThan(0.01)
  await context.close()
})

test('rows are walked by keys, the focus stays while its row is scrolled away, and Enter opens the story', async () => {
  const { page, context } = await visit(stage, { person: home.person })
  await open(page)
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-row') ?? null)
  await page.locator('tr[data-row]').first().focus()
  const first = await focused()
  for (let n = 0; n < 60; n++) await page.keyboard.press('ArrowDown')
  const sixtieth = await focused()
  expect(sixtieth).not.toBe(first)
  const row = page.locator(`tr[data-row="${sixtieth}"]`)
  expect(await row.getAttribute('aria-rowindex')).toBe(String(60 + 3))
  const box = (await row.boundingBox())!
  expect(box.y).toBeGreaterThan(48)
  expect(box.y + box.height).toBeLessThanOrEqual(900)

  await page.locator('main').evaluate((main) => main.scrollTo(0, 9000))
  await page.locator('tr[aria-rowindex="260"]').waitFor()
  expect(await focused(), 'it is the same row, far away').toBe(sixtieth)
  await page.keyboard.press('ArrowDown')
  await page.waitForFunction(
    (before) => document.activeElement?.getAttribute('data-row') !== before,
    sixtieth,
  )
  await page.keyboard.press('Enter')
  await page.getByRole('complementary', { name: /^Server place-/ }).waitFor()
  expect(new URL(page.url()).searchParams.get('deployment')).toBe(await focused())
  await page.keyboard.press('Escape')
  await page.keyboard.press('End')
  await page.keyboard.press('Home')
  await page.waitForFunction((id) => document.activeElement?.getAttribute('data-row') === id, first)
  await context.close()
})

test('a search reaches servers that are not loaded, and so does a status', async () => {
  const { page, context } = await visit(stage, { person: home.person })
  await open(page)
  await page.getByRole('searchbox', { name: 'Filter by name' }).fill('place-00-77')
  await page.getByRole('button', { name: 'place-00-77', exact: true }).waitFor()
  await page.getByText('1 workspace · 1 server').waitFor()
  await page.getByRole('searchbox', { name: 'Filter by name' }).fill('place-03')
  await page.getByText('1 workspace · 250 servers').waitFor()
  await page.getByRole('combobox', { name: /Status/ }).click()
  await page.getByRole('option', { name: 'stopped 250 servers' }).waitFor()
  await page.getByRole('option', { name: 'held' }).click()
  await page.getByRole('heading', { name: 'Nothing matches these filters' }).waitFor()
  expect(new URL(page.url()).searchParams.get('status')).toBe('held')
  await context.close()
})

test('a new row above never moves the one under the pointer', async () => {
  const { page, context } = await visit(stage, { person: home.person })
  await open(page)
  const { organizationId, person } = home
  const target = page
    .getByRole('row')
    .filter({ has: page.getByRole('button', { name: 'place-39-10', exact: true }) })
  const topOf = async () => (await target.boundingBox())!.y
  await target.hover()
  const before = await topOf()
  const params = { organizationId }
  await person.client.call(api.workspaces.create, { params, body: { name: 'Newest of all' } })
  await page.getByText('41 workspaces · 10,000 servers').waitFor()
  await page.waitForTimeout(300)
  expect(Math.abs((await topOf()) - before)).toBeLessThan(2)
  await context.close()
})

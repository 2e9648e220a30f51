/** The documentation site, as the server shows it. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildDocs } from '../../scripts/setup/docs.mjs'
import {
  expectAccessible,
  expectNoSidewaysScroll,
  openStage,
  picture,
  settle,
  visit,
  type Stage,
} from '../console/support.ts'

const folder = path.resolve(import.meta.dirname, '../../docs/dist')

let stage: Stage
/** The HTML of every page, by its address. */
let pages: Map<string, string>

beforeAll(async () => {
  await buildDocs(process.execPath)
  stage = await openStage()
  pages = new Map(
    globSync('**/index.html', { cwd: folder }).map((file) => [
      `/docs/${file.replace(/index\.html$/, '')}`,
      readFileSync(path.join(folder, file), 'utf8'),
    ]),
  )
})

afterAll(() => stage?.close())

const idsIn = (html: string) => new Set([...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!))
const linksIn = (html: string) => [...html.matchAll(/<a\b[^>]*? href="([^"]+)"/g)].map((match) => match[1]!)

test('no link leads nowhere', () => {
  const ids = new Map([...pages].map(([address, html]) => [address, idsIn(html)]))
  const dead = [...pages].flatMap(([address, html]) =>
    linksIn(html)
      .filter((link) => !/^(https?|mailto):/.test(link) && link.replace(/\/$/, '') !== '/docs/api')
      .filter((link) => {
        const to = new URL(link, `http://docs${address}`)
        const found = ids.get(to.pathname)
        return !found || (to.hash !== '' && !found.has(decodeURIComponent(to.hash.slice(1))))
      })
      .map((link) => `${address} → ${link}`),
  )
  expect(dead).toEqual([])
  expect(pages.size).toBeGreaterThan(40)
})

test('every file that a page names is there and comes with a policy of its own', async () => {
  const answer = await fetch(`${stage.server.url}/docs/`)
  expect(answer.headers.get('content-type')).toContain('text/html')
  expect(answer.headers.get('cache-control')).toBe('no-cache')
  const policy = answer.headers.get('content-security-policy')!
  expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval' 'sha256-/)
  expect(policy).not.toContain("script-src 'self' 'unsafe-inline'")
  const html = await answer.text()
  const files = [...html.matchAll(/(?:src|href)="(\/docs\/_astro\/[^"]+)"/g)].map((match) => match[1]!)
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) {
    const asset = await fetch(stage.server.url + file)
    expect([file, asset.status]).toEqual([file, 200])
    expect(asset.headers.get('cache-control')).toContain('immutable')
  }
})

test.each(['/docs', '/docs/', '/docs/first-call', '/docs/first-call/'])('%s is a page', async (address) => {
  const answer = await fetch(stage.server.url + address)
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain('<main')
})

test('the reference of the API stays where it is, and is linked', async () => {
  const answer = await fetch(`${stage.server.url}/docs/api`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-security-policy')).not.toContain('wasm-unsafe-eval')
  expect(await answer.text()).toContain('/api/openapi.json')
  expect(linksIn(pages.get('/docs/')!).map((link) => link.replace(/\/$/, ''))).toContain('/docs/api')
})

test('the reference of the API is drawn in the looks of the rest, and breaks no policy', async () => {
  const { page, context, complaints } = await visit(stage, { theme: 'dark' })
  await page.goto('/docs/api')
  await page.getByRole('heading', { level: 1, name: 'Berth' }).waitFor({ timeout: 60_000 })
  const looks = await page.evaluate(() => {
    const { backgroundColor, fontFamily } = getComputedStyle(document.querySelector('.scalar-app')!)
    return { backgroundColor, face: fontFamily.split(',')[0] }
  })
  expect(looks).toEqual({ backgroundColor: 'rgb(19, 23, 29)', face: '"Inter Variable"' })
  expect(complaints).toEqual([])
  await context.close()
})

test('a page that there is not is a page that says so', async () => {
  const answer = await fetch(`${stage.server.url}/docs/nothing-here/`)
  expect(answer.status).toBe(404)
  expect(await answer.text()).toContain('There is no such page')
  const { page, context, complaints } = await visit(stage)
  await page.goto('/docs/nothing-here/')
  await page.getByRole('link', { name: 'the first page' }).click()
  await page.getByRole('heading', { level: 1, name: 'Berth' }).waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  test.each([
    '',
    'connect/',
    'concepts/decision/',
    'reference/states/',
    'reference/notes/',
    'reference/permissions/',
    'reference/settings/',
    'reference/mcpctl/deployments/',
  ])('/docs/%s is accessible, breaks no policy and fits a telephone', async (address) => {
    const { page, context, complaints } = await visit(stage, { theme })
    await page.goto(`/docs/${address}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe(theme)
    await expectAccessible(page)
    await picture(page, `docs-${address.replaceAll('/', '-')}${theme}`)
    await page.setViewportSize({ width: 390, height: 844 })
    await expectNoSidewaysScroll(page)
    await expectAccessible(page)
    expect(complaints).toEqual([])
    await context.close()
  })
})

test('the search finds a page, with nothing but Berth to be reached', async () => {
  const { page, context, complaints } = await visit(stage)
  const elsewhere: string[] = []
  await context.route('**/*', (route) => {
    const url = route.request().url()
    if (url.startsWith(stage.server.url) || url.startsWith('data:') || url.startsWith('blob:'))
      return route.continue()
    elsewhere.push(url)
    return route.abort()
  })
  await page.goto('/docs/')
  // The key means nothing before the page's script stands.
  await page.locator('button[data-open-modal]:enabled').waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByRole('textbox').fill('quarantine')
  const found = page.getByRole('dialog').getByRole('link', { name: 'Notes and pending statuses' })
  await found.first().click()
  await page.getByRole('heading', { level: 1, name: 'Notes and pending statuses' }).waitFor()
  expect(elsewhere).toEqual([])
  expect(complaints).toEqual([])
  await context.close()
})

test('the console leads to it', async () => {
  const { person } = await settle(stage.server, 'Readers')
  const { page, context } = await visit(stage, { person })
  await page.goto('/console/lifecycle')
  await page.getByRole('button', { name: /^Account of/ }).click()
  const [opened] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('menuitem', { name: 'Documentation' }).click(),
  ])
  await opened.getByRole('heading', { level: 1, name: 'Berth' }).waitFor()
  expect(new URL(opened.url()).pathname).toBe('/docs/')
  await context.close()
})

test('the theme is one choice with the console', async () => {
  const { page, context } = await visit(stage)
  await page.goto('/docs/')
  await page.getByLabel('Select theme').first().selectOption('dark')
  expect(await page.evaluate(() => localStorage.getItem('berth.theme'))).toBe('dark')
  await page.goto('/')
  expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
  await page.goto('/docs/connect/')
  expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
  await context.close()
})

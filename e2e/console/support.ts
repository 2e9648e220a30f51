import { AxeBuilder } from '@axe-core/playwright'
import { api } from '@berth/contracts'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
  type TestServerOptions,
} from '@berth/server/platform/testing/index.ts'
import { buildConsole } from '../../scripts/setup/console.mjs'
import { launchBrowser } from '../support/browser.ts'

export interface Stage {
  server: TestServer
  browser: Browser
  close(): Promise<void>
}

/** The real server with the console built from these sources, and a browser. */
export async function openStage(options?: TestServerOptions): Promise<Stage> {
  await buildConsole(process.execPath)
  const server = await startTestServer(options)
  const browser = await launchBrowser()
  return {
    server,
    browser,
    async close() {
      await browser.close()
      await server.close()
    },
  }
}

export interface Visit {
  context: BrowserContext
  page: Page
  /** What the page complained of: exceptions, and everything written to the console as an error. */
  complaints: string[]
}

/** A browser profile of its own, with one page; signed in when a person is given. */
export async function visit(
  stage: Stage,
  options: { person?: TestPerson; theme?: 'light' | 'dark'; width?: number } = {},
): Promise<Visit> {
  const context = await stage.browser.newContext({
    baseURL: stage.server.url,
    colorScheme: options.theme ?? 'light',
    viewport: { width: options.width ?? 1440, height: 900 },
  })
  if (options.person) {
    const { email, password } = options.person
    const answer = await context.request.post('/api/auth/sign-in/email', {
      data: { email, password },
      headers: { origin: stage.server.url },
    })
    expect(answer.status()).toBe(200)
  }
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A refusal by the API is an error to the browser, but part of what is tested here.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  return { context, page, complaints }
}

export interface Home {
  person: TestPerson
  organizationId: string
  slug: string
}

/** A person with an organization of their own. */
export async function settle(server: TestServer, name: string): Promise<Home> {
  const person = await signUp(server, { name: `Owner of ${name}` })
  const organization = await person.client.call(api.organizations.create, { body: { name } })
  return { person, organizationId: organization.id, slug: organization.slug }
}

/** Waits until nothing fades or moves any more that will come to rest. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const passing = document
      .getAnimations()
      .filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime))
    await Promise.allSettled(passing.map(({ finished }) => finished))
  })
}

/** What axe tells by colours. Themes differ in nothing else. */
const ofColours = ['color-contrast', 'link-in-text-block']

/** Fails with what axe found wrong on the page as it is now, by all of its rules or by some. */
export async function expectAccessible(page: Page, rules: string[] = []): Promise<void> {
  await atRest(page)
  // Legacy: within this page alone, without another one to gather what is in frames. We have no frames.
  const axe = new AxeBuilder({ page }).setLegacyMode()
  const { violations } = await (rules.length > 0 ? axe.withRules(rules) : axe).analyze()
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, html }) => `${id}: ${target.join(' ')} ${html}`),
  )
  expect(found).toEqual([])
}

/** The same in both themes; `each` is called while one of them is shown. */
export async function expectAccessibleInBoth(
  page: Page,
  each: (theme: 'dark' | 'light') => Promise<void> = async () => {},
): Promise<void> {
  await page.emulateMedia({ colorScheme: 'dark' })
  await expectAccessible(page, ofColours)
  await each('dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await expectAccessible(page)
  await each('light')
}

/** Fails when the page is wider than the window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(wider).toBeLessThanOrEqual(0)
}

/** Keeps a picture of the page in the folder that BERTH_PICTURES names, so that somebody can look at it; otherwise does nothing. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.BERTH_PICTURES
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` })
}

/**
 * Holds a page as it is now to what holds of every page: no violation that axe finds in either theme, and no scrolling sideways
 * on a laptop, a telephone and a desk.
 */
export async function expectGoodEverywhere(page: Page, name: string): Promise<void> {
  await expectAccessibleInBoth(page, (theme) => picture(page, `${name}-${theme}`))
  for (const width of [1024, 390, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    await expectNoSidewaysScroll(page)
    await picture(page, `${name}-${width}`)
  }
}

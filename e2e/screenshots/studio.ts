import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { password } from '../../scripts/demo/people.ts'
import { type Shot, type Viewer, widths } from './pages.ts'
import type { Scene } from './scene.ts'

const emails: Record<Exclude<Viewer, 'stranger'>, string> = {
  operator: 'ines@example.com',
  owner: 'amara@example.com',
  developer: 'priya@example.com',
  auditor: 'luc@example.com',
  shipper: 'sofie@example.com',
  newcomer: 'noor@example.com',
}

const themes = ['light', 'dark'] as const
type Theme = (typeof themes)[number]
type State = 'full' | 'empty' | 'failing'

export interface Picture {
  file: string
  /** What the page wrote to the console as an error, or why the picture could not be taken as it should. */
  complaint: string | null
}

/** One visit of a page; it is photographed at several widths. */
interface Sitting {
  shot: Shot
  state: State
  theme: Theme
}

/** Takes the pictures; keeps one signed-in browser profile for each viewer and theme. */
export class Studio {
  private readonly given: { browser: Browser; url: string; scene: Scene; folder: string }
  private readonly contexts = new Map<string, Promise<BrowserContext>>()
  private readonly cookies = new Map<Viewer, ReturnType<BrowserContext['cookies']>>()

  constructor(given: { browser: Browser; url: string; scene: Scene; folder: string }) {
    this.given = given
  }

  /** Two at a time: one page is loaded while another one is looked at. In the order of the shots. */
  async takeAll(shots: readonly Shot[]): Promise<Picture[]> {
    const sittings = shots.flatMap(sittingsOf)
    const pictures: Picture[][] = sittings.map(() => [])
    let next = 0
    const work = async () => {
      for (let at = next++; at < sittings.length; at = next++) pictures[at] = await this.sit(sittings[at]!)
    }
    await Promise.all([work(), work()])
    return pictures.flat()
  }

  private async sit({ shot, state, theme }: Sitting): Promise<Picture[]> {
    const viewer = state === 'empty' ? 'newcomer' : (shot.by ?? 'owner')
    const context = await this.context(viewer, theme)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    const [first, ...others] = state === 'full' ? (shot.widths ?? widths) : [1440]
    await resize(page, first)
    try {
      if (state === 'failing') await cutOff(page, viewer)
      await page.goto(shot.path(this.given.scene))
      await quiet(page)
      if (state === 'failing') await page.getByRole('alert').first().waitFor()
      if (state !== 'failing') await shot.act?.(page)
      await quiet(page)
    } catch (error) {
      complaints.push((error as Error).message.split('\n')[0]!)
    }
    const pictures: Picture[] = []
    for (const width of [first, ...others]) {
      await resize(page, width)
      const file = `${shot.name}-${state}-${theme}-${width}.png`
      await page.screenshot({ path: path.join(this.given.folder, file) })
      pictures.push({ file, complaint: complaints.join('; ') || null })
      console.log(file)
    }
    await page.close()
    return pictures
  }

  private context(viewer: Viewer, theme: Theme): Promise<BrowserContext> {
    const key = `${viewer} ${theme}`
    const context = this.contexts.get(key) ?? this.open(viewer, theme)
    this.contexts.set(key, context)
    return context
  }

  private async open(viewer: Viewer, theme: Theme): Promise<BrowserContext> {
    const { browser, url } = this.given
    const context = await browser.newContext({ baseURL: url, colorScheme: theme })
    if (viewer === 'stranger') return context
    // One sign-in for each person: more in a minute are refused.
    const cookies = this.cookies.get(viewer) ?? this.signIn(context, viewer)
    this.cookies.set(viewer, cookies)
    await context.addCookies(await cookies)
    return context
  }

  private async signIn(context: BrowserContext, viewer: Exclude<Viewer, 'stranger'>) {
    const { url } = this.given
    const answer = await context.request.post('/api/auth/sign-in/email', {
      data: { email: emails[viewer], password },
      headers: { origin: url },
    })
    if (!answer.ok()) throw new Error(`${emails[viewer]} cannot sign in: ${await answer.text()}`)
    return await context.cookies()
  }
}

function sittingsOf(shot: Shot): Sitting[] {
  const states: State[] = [
    'full',
    ...(shot.empty ? ['empty' as const] : []),
    ...(shot.failing ? ['failing' as const] : []),
  ]
  return themes.flatMap((theme) => states.map((state) => ({ shot, state, theme })))
}

/** The window at another width; drawings that follow it take a moment. */
async function resize(page: Page, width: number): Promise<void> {
  if (page.viewportSize()?.width === width) return
  await page.setViewportSize({ width, height: width < 500 ? 844 : 900 })
  await page.waitForTimeout(250)
}

/** Takes away everything the page asks of the API but who is signed in, as when the server is out of reach. */
async function cutOff(page: Page, viewer: Viewer): Promise<void> {
  const asked = viewer === 'stranger' ? /\/api\// : /\/api\/(?!me$)/
  await page.route(asked, (route) => route.abort('connectionrefused'))
}

/** Waits until the page is there and nothing of it is being loaded: no placeholders, no fonts on their way. */
async function quiet(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  const isLoaded = () => !document.querySelector('.animate-pulse') && document.fonts.status === 'loaded'
  await page.waitForFunction(isLoaded, null, { timeout: 8000 }).catch(() => undefined)
  await page.waitForTimeout(400)
}

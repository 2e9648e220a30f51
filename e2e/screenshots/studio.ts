import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { password } from '../../scripts/demo/people.ts'
import type { World } from '../../scripts/demo/world.ts'
import type { Shot, Viewer } from './pages.ts'

const emails: Record<Exclude<Viewer, 'stranger'>, string> = {
  operator: 'ines@example.com',
  owner: 'amara@example.com',
  developer: 'priya@example.com',
  auditor: 'luc@example.com',
  newcomer: 'noor@example.com',
}

type Theme = 'light' | 'dark'
type State = 'full' | 'empty' | 'failing'

interface Look {
  state: State
  theme: Theme
  width: number
}

const themes: readonly Theme[] = ['light', 'dark']
const narrow = [1024, 390]

export interface Picture {
  file: string
  /** What the page wrote to the console as an error, or why the picture could not be taken as it should. */
  complaint: string | null
}

/** Takes the pictures; keeps one signed-in browser profile for each viewer, theme and width. */
export class Studio {
  private readonly given: { browser: Browser; url: string; world: World; folder: string }
  private readonly contexts = new Map<string, Promise<BrowserContext>>()

  constructor(given: { browser: Browser; url: string; world: World; folder: string }) {
    this.given = given
  }

  async take(shot: Shot): Promise<Picture[]> {
    const looks: Look[] = themes.flatMap((theme) => [
      { state: 'full', theme, width: 1440 },
      ...narrow.map((width): Look => ({ state: 'full', theme, width })),
      ...(shot.empty ? [{ state: 'empty', theme, width: 1440 } as const] : []),
      ...(shot.failing ? [{ state: 'failing', theme, width: 1440 } as const] : []),
    ])
    const pictures: Picture[] = []
    for (const look of looks) pictures.push(await this.picture(shot, look))
    return pictures
  }

  private async picture(shot: Shot, { state, theme, width }: Look): Promise<Picture> {
    const file = `${shot.name}-${state}-${theme}-${width}.png`
    const viewer = state === 'empty' ? 'newcomer' : (shot.by ?? 'owner')
    const context = await this.context(viewer, theme, width)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    try {
      if (state === 'failing') await cutOff(page)
      await page.goto(shot.path(this.given.world))
      await quiet(page)
      if (state !== 'failing') await shot.act?.(page)
      await quiet(page)
    } catch (error) {
      complaints.push((error as Error).message.split('\n')[0]!)
    }
    await page.screenshot({ path: path.join(this.given.folder, file) })
    await page.close()
    console.log(file)
    return { file, complaint: complaints.join('; ') || null }
  }

  private context(viewer: Viewer, theme: Theme, width: number): Promise<BrowserContext> {
    const key = `${viewer} ${theme} ${width}`
    const context = this.contexts.get(key) ?? this.open(viewer, theme, width)
    this.contexts.set(key, context)
    return context
  }

  private async open(viewer: Viewer, theme: Theme, width: number): Promise<BrowserContext> {
    const { browser, url } = this.given
    const context = await browser.newContext({
      baseURL: url,
      colorScheme: theme,
      viewport: { width, height: width < 500 ? 844 : 900 },
    })
    if (viewer === 'stranger') return context
    // One sign-in for each person: more in a minute are refused.
    const [signedIn] = await Promise.all(
      [...this.contexts].filter(([key]) => key.startsWith(`${viewer} `)).map(([, other]) => other),
    )
    if (signedIn) {
      await context.addCookies(await signedIn.cookies())
      return context
    }
    const answer = await context.request.post('/api/auth/sign-in/email', {
      data: { email: emails[viewer], password },
      headers: { origin: url },
    })
    if (!answer.ok()) throw new Error(`${emails[viewer]} cannot sign in: ${await answer.text()}`)
    return context
  }
}

/** Takes away everything the page asks of the API but who is signed in, as when the server is out of reach. */
async function cutOff(page: Page): Promise<void> {
  await page.route(/\/api\/(?!me$|setup$)/, (route) => route.abort('connectionrefused'))
}

/** Waits until nothing is being loaded: no placeholders, no fonts on their way. */
async function quiet(page: Page): Promise<void> {
  await page.waitForLoadState('load')
  await page
    .waitForFunction(
      () => !document.querySelector('.animate-pulse') && document.fonts.status === 'loaded',
      null,
      {
        timeout: 8000,
      },
    )
    .catch(() => undefined)
  await page.waitForTimeout(400)
}

/** The console in a real browser: what a page loads, when it can be used, ten thousand rows, and how soon a change is seen. */
import { gzipSync } from 'node:zlib'
import { deploymentEndpoints } from '@berth/contracts'
import { launchBrowser } from '../../e2e/support/browser.ts'
import { buildConsole } from '../../scripts/setup/console.mjs'
import { createTenant, launchEcho, person, startShipped, type Tenant } from './lib/berth.ts'
import { openBeside } from './lib/beside.ts'
import { observers, scrollFor } from './lib/in-page.ts'
import { until } from './lib/programs.ts'
import type { Finding, Report } from './lib/report.ts'
import { seedDeployments, seedWorkspaces } from './lib/seed.ts'
import { quantile, round } from './lib/statistics.ts'

const workspaces = 40
const each = 250
const changes = 50
const slower = 4
const scrollSeconds = 8
const pixelsPerSecond = 4000

type Browser = Awaited<ReturnType<typeof launchBrowser>>
type Context = Awaited<ReturnType<Browser['newContext']>>
type Page = Awaited<ReturnType<Context['newPage']>>

export async function consolePages(): Promise<Report> {
  await buildConsole(process.execPath)
  const shipped = await startShipped()
  const platform = await openBeside(shipped.dataDir, shipped.databaseUrl)
  const browser = await launchBrowser()
  try {
    const tenant = await createTenant(shipped)
    const deployment = await launchEcho(tenant, 'principal')
    const options = {
      baseURL: shipped.url,
      viewport: { width: 1440, height: 900 },
      // What is measured asks the page by scripts of its own.
      bypassCSP: true,
    }
    const context = await browser.newContext(options)
    await context.request.post('/api/auth/sign-in/email', {
      data: { email: person.email, password: person.password },
      headers: { origin: shipped.url },
    })
    const places = [
      ['lifecycle', '/console/lifecycle'],
      ['deployment', `/console/deployments/${deployment.id}`],
      ['workspace', `/console/workspaces/${tenant.workspaceId}`],
      ['catalog', '/console/catalog'],
      ['audit', '/console/audit'],
      ['members', '/console/members'],
      ['tokens', '/console/tokens'],
      ['settings', '/console/settings'],
    ] as const
    const loads: Load[] = []
    for (const [name, path] of places)
      loads.push(await loadOf(browser, options, await context.storageState(), name, path))

    const release = await platform.db
      .selectFrom('deployments')
      .select(['releaseId', 'serverId'])
      .where('id', '=', deployment.id)
      .executeTakeFirstOrThrow()
    const seeded = await seedWorkspaces(platform.db, [tenant.organizationId], workspaces)
    await seedDeployments(platform.db, seeded, release, each)
    await platform.pool.query('analyze')
    const page = await openLifecycle(context)
    const loading = await frames(page)
    await loadAll(page)
    const loaded = await frames(page)
    const painted = await paintedAfter(page, tenant, deployment.id)

    const heaviest = loads.reduce((a, b) => (b.bytes > a.bytes ? b : a))
    const slowest = loads.reduce((a, b) => (b.interactiveMs > a.interactiveMs ? b : a))
    const p95 = quantile(painted, 0.95)
    return {
      title: 'Console',
      about: [
        'Headless Chromium at 1440×900 on the same cores as the server. Script of a first load: every script that is fetched until the page is live, compressed with gzip.',
        `Interactive: with the CPU slowed ${slower}×, from the navigation to the end of the last task over 50 ms before the page, its skeletons gone, is at rest for a second.`,
        `Rows: ${(workspaces * each).toLocaleString('en')} deployments in ${workspaces} workspaces, written into the database by bench/src/lib/seed.ts, scrolled ${pixelsPerSecond.toLocaleString('en')} pixels a second for ${scrollSeconds} s: once while further ones are read on the way, once with all of them loaded. Frames as requestAnimationFrame tells them, in the worst second.`,
        `A change: ${changes} times a deployment on view is renamed over the API while all rows are loaded, from the moment this is asked for (not only committed) to the frame after the new name stands in its row.`,
      ],
      findings: [
        atMost('script of the heaviest first load', heaviest.bytes / 1000, 250, 'kB', heaviest.name),
        atMost(
          `interactive at ${slower}× slower CPU, slowest page`,
          slowest.interactiveMs,
          3000,
          'ms',
          slowest.name,
        ),
        atLeast('frames a second while rows are read, worst second', loading.worst, 50),
        atLeast('frames a second with all rows, worst second', loaded.worst, 50),
        atMost('a change asked for to painted, p95', p95, 150, 'ms'),
      ],
      tables: [
        {
          title: 'Pages',
          columns: ['page', 'script kB', 'scripts', 'interactive ms', 'moved (CLS)'],
          rows: loads.map(({ name, bytes, scripts, interactiveMs, moved }) => [
            name,
            round(bytes / 1000),
            String(scripts),
            round(interactiveMs),
            moved.toFixed(3),
          ]),
        },
        {
          title: 'Scrolling',
          columns: ['rows', 'frames/s, mean', 'worst second', 'longest frame ms', 'main thread CPU ms/frame'],
          rows: [
            [
              'read on the way',
              round(loading.mean),
              round(loading.worst),
              round(loading.longestMs),
              round(loading.cpuMs),
            ],
            [
              'all loaded',
              round(loaded.mean),
              round(loaded.worst),
              round(loaded.longestMs),
              round(loaded.cpuMs),
            ],
          ],
        },
        {
          title: 'A change, ms',
          columns: ['p50', 'p95', 'max'],
          rows: [[round(quantile(painted, 0.5)), round(p95), round(quantile(painted, 1))]],
        },
      ],
    }
  } finally {
    await browser.close()
    await platform.close()
    await shipped.stop()
  }
}

function atMost(what: string, value: number, target: number, unit: string, whose?: string): Finding {
  const figure = `${round(value)} ${unit}${whose ? ` (${whose})` : ''}`
  return {
    what,
    target: `≤ ${target} ${unit}`,
    figure,
    ratio: `${round(value / target)}×`,
    met: value <= target,
  }
}

function atLeast(what: string, value: number, target: number): Finding {
  return {
    what,
    target: `≥ ${target}`,
    figure: round(value),
    ratio: `${round(value / target)}×`,
    met: value >= target,
  }
}

interface Load {
  name: string
  bytes: number
  scripts: number
  interactiveMs: number
  moved: number
}

/** One page as somebody opens it who was never here: nothing cached, on a slow machine. */
async function loadOf(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0],
  storageState: Awaited<ReturnType<Context['storageState']>>,
  name: string,
  path: string,
): Promise<Load> {
  const context = await browser.newContext({ ...options, storageState })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  await page.addInitScript(observers)
  const scripts: Promise<Buffer>[] = []
  page.on('response', (response) => {
    const isScript = response.status() === 200 && new URL(response.url()).pathname.endsWith('.js')
    if (isScript) scripts.push(response.body())
  })
  await page.goto(path)
  await page.getByText('Live', { exact: true }).waitFor()
  await page.waitForFunction('berthBench.atRest()')
  const bytes = (await Promise.all(scripts)).map((script) => gzipSync(script).length)

  await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
  await page.goto(path)
  await page.waitForFunction('berthBench.atRest()', undefined, { timeout: 120_000 })
  const interactiveMs = await page.evaluate<number>('berthBench.interactive()')
  const moved = await page.evaluate<number>('berthBench.moved')
  await context.close()
  return { name, bytes: bytes.reduce((a, b) => a + b, 0), scripts: bytes.length, interactiveMs, moved }
}

async function openLifecycle(context: Context): Promise<Page> {
  const page = await context.newPage()
  await page.addInitScript(observers)
  await page.goto('/console/lifecycle')
  await page.getByText('Live', { exact: true }).waitFor()
  await page.waitForFunction('berthBench.atRest()')
  return page
}

/** Goes to the end until there is nothing more to read, and back to the beginning. */
async function loadAll(page: Page): Promise<void> {
  const wanted = workspaces * each
  await until(`${wanted} rows are loaded`, async () => {
    const rows = await page.evaluate<number>(
      `(() => { const main = document.querySelector('main'); main.scrollTo(0, main.scrollHeight); return main.scrollHeight / 36 })()`,
    )
    return rows > wanted
  })
  await page.evaluate(`document.querySelector('main').scrollTo(0, 0)`)
  await page.waitForFunction('berthBench.atRest()')
}

interface Frames {
  mean: number
  worst: number
  longestMs: number
  /** Of the page's main thread, a frame; it tells on a busy machine too what a quiet one can do. */
  cpuMs: number
}

async function frames(page: Page): Promise<Frames> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000
  }
  await page.evaluate(`document.querySelector('main').scrollTo(0, 0)`)
  const before = await busy()
  const at = await page.evaluate<number[]>(scrollFor(scrollSeconds * 1000, pixelsPerSecond))
  const cpuMs = ((await busy()) - before) / at.length
  const took = at.slice(1).map((time, n) => time - at[n]!)
  const seconds = Array.from({ length: scrollSeconds }, (_, second) => {
    const [from, to] = [at[0]! + second * 1000, at[0]! + (second + 1) * 1000]
    return at.filter((time) => time > from && time <= to).length
  })
  const longestMs = Math.max(...took)
  return { mean: (took.length * 1000) / (at.at(-1)! - at[0]!), worst: Math.min(...seconds), longestMs, cpuMs }
}

/** From when a new name is asked for to the frame after it stands in the page; ms each. */
async function paintedAfter(page: Page, tenant: Tenant, deploymentId: string): Promise<number[]> {
  const { client, organizationId } = tenant
  const name = (n: number) => `renamed-${n}`
  // The oldest workspace stands last.
  await page.evaluate(`document.querySelector('main').scrollTo(0, 1e7)`)
  await page.locator(`tr[data-row="${deploymentId}"]`).waitFor()
  const took: number[] = []
  for (let n = 0; n < changes; n++) {
    const painted = page.evaluate<number>(
      `berthBench.painted(${JSON.stringify(deploymentId)}, ${JSON.stringify(name(n))})`,
    )
    const from = Date.now()
    await client.call(deploymentEndpoints.update, {
      params: { organizationId, deploymentId },
      body: { name: name(n) },
    })
    took.push((await painted) - from)
  }
  return took
}

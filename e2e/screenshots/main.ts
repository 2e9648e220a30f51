/**
 * `npm run screenshots [-- folder] [--only part-of-a-name]…`: a picture of every page of the console, light and dark, wide and
 * narrow, full, empty and failing, taken in the demo's world, with a page that shows them side by side.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { startDemoBerth } from '../../scripts/demo/berth.ts'
import { standUp } from '../../scripts/demo/stand.ts'
import { drive } from '../../scripts/demo/traffic.ts'
import { until } from '../../scripts/demo/world.ts'
import { readArguments } from '../../scripts/usage.mjs'
import { launchBrowser } from '../support/browser.ts'
import { shots } from './pages.ts'
import { setScene, startPayments } from './scene.ts'
import { Studio, type Picture } from './studio.ts'

/** So long agents call before the first picture, so that there is something to see. */
const trafficMs = 20_000

async function main(): Promise<void> {
  const { values, positionals } = readArguments('screenshots')
  const only = values['only'] as string[] | undefined
  const folder = path.resolve(positionals[0] ?? 'screenshots')
  await mkdir(folder, { recursive: true })
  process.env['BERTH_PORT'] ??= '0'
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort())
  const stripe = await startPayments()
  const berth = await startDemoBerth(stop.signal)
  try {
    const signal = AbortSignal.any([stop.signal, berth.ended])
    const { world, agents } = await standUp(berth, { localOnly: Boolean(values['local-only']) }, signal)
    const scene = await setScene(berth.url, world, stripe, signal)
    const traffic = drive(agents, { answered: 0, failed: 0 }, signal).catch(() => undefined)
    await until(world.payments, world.deployments.cards, ['failed'], signal)
    await new Promise((resolve) => setTimeout(resolve, trafficMs))
    const browser = await launchBrowser()
    const studio = new Studio({ browser, url: berth.url, scene, folder })
    const wanted = shots.filter(({ name }) => only?.some((part) => name.includes(part)) ?? true)
    const pictures = await studio.takeAll(wanted)
    await browser.close()
    await writeFile(path.join(folder, 'index.html'), contactSheet(pictures))
    const failed = pictures.filter(({ complaint }) => complaint)
    for (const { file, complaint } of failed) console.log(`${file}: ${complaint}`)
    console.log(`${pictures.length} pictures are in ${folder}; open index.html there.`)
    if (failed.length > 0) process.exitCode = 1
    stop.abort()
    await traffic
  } finally {
    await berth.close()
    await stripe.close()
  }
}

function contactSheet(pictures: readonly Picture[]): string {
  const figures = pictures.map(
    ({ file }) =>
      `<figure><a href="${file}"><img src="${file}" alt="" loading="lazy" height="320"></a><figcaption>${file}</figcaption></figure>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Every page of Berth</title>
<style>body{font:13px/20px sans-serif;display:flex;flex-wrap:wrap;gap:16px}figure{margin:0}img{border:1px solid #8884}</style>
${figures.join('\n')}</html>
`
}

await main()

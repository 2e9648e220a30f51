/** What the log costs: the same change with and without its event, by 32 writers at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '@berth/server/platform/postgres/embedded.ts'
import type { Platform } from '@berth/server/platform/platform.ts'
import type { Tx } from '@berth/server/platform/mutate.ts'
import { changeWorkspace } from '@berth/server/workspaces/service.ts'
import { makeDataDir } from './lib/berth.ts'
import { openBeside, origin } from './lib/beside.ts'
import type { Report } from './lib/report.ts'
import { seedOrganizations, seedWorkspaces, type SeededWorkspace } from './lib/seed.ts'
import { median, quantile, round } from './lib/statistics.ts'

const writers = 32
const workspaceCount = 1024
const organizationCounts = [1, 10, 100, 1000]
const rounds = 3
const windowMs = 1500

type Change = (work: (tx: Tx) => Promise<unknown>) => Promise<unknown>

interface Window {
  perSecond: number
  p99: number
}

export async function log(): Promise<Report> {
  const { dataDir, remove } = await makeDataDir()
  const postgres = await startPostgres({ dataDir, log: { info: () => {}, warn: console.warn } })
  const platform = await openBeside(dataDir, postgres.url)
  try {
    const ratios = new Map<number, number>()
    const rows: string[][] = []
    let figure = ''
    for (const count of organizationCounts) {
      const organizations = await seedOrganizations(platform.db, count)
      const workspaces = await seedWorkspaces(platform.db, organizations, workspaceCount)
      const { logged, plain } = await compare(platform, workspaces)
      ratios.set(count, median(logged.map((window, at) => window.perSecond / plain[at]!.perSecond)))
      const middle = (windows: Window[], value: (window: Window) => number) =>
        round(median(windows.map(value)))
      figure = `${middle(logged, (window) => window.perSecond)} commits/s`
      rows.push([
        count.toLocaleString('en'),
        middle(logged, (window) => window.perSecond),
        middle(plain, (window) => window.perSecond),
        `${round(ratios.get(count)!)}×`,
        middle(logged, (window) => window.p99),
        middle(plain, (window) => window.p99),
      ])
    }
    const { rows: unchained } = await platform.pool.query(
      'select organization_id from events group by organization_id having count(*) <> max(seq) or min(seq) <> 1',
    )
    const ratio = ratios.get(1000)!
    return {
      title: 'Log under load',
      about: [
        `${writers} writers in one process rename workspaces, each its own ones, by the same function of the server: with the log (event, leaf hash, head, feed and notifications on), and as the same transaction without it. On the PostgreSQL that Berth brings along, with its settings, fsync on.`,
        'In one organization every change takes its place after the other, so that a commit waits for the one before to be on disk; across organizations commits share their way there.',
        `${rounds} rounds in turns of ${windowMs / 1000} s; medians.`,
      ],
      findings: [
        {
          what: 'mutate commits/s over 1,000 organizations, against the same transaction without the log',
          target: '≥ 0.7×',
          figure,
          ratio: `${round(ratio)}×`,
          met: ratio >= 0.7,
        },
        {
          what: 'logs with a gap or a double',
          target: '0',
          figure: String(unchained.length),
          met: unchained.length === 0,
        },
      ],
      tables: [
        {
          title: 'How it grows',
          columns: [
            'organizations',
            'commits/s',
            'without the log',
            'ratio',
            'p99 ms',
            'without the log, p99 ms',
          ],
          rows,
        },
      ],
    }
  } finally {
    await platform.close()
    await sleep(500) // the pools' last connections
    await postgres.stop()
    await remove()
  }
}

async function compare(platform: Platform, workspaces: SeededWorkspace[]) {
  const { clock, db } = platform
  const withLog: Change = (work) => platform.mutate(origin, work)
  const withoutLog: Change = (work) =>
    db
      .transaction()
      .execute((trx) =>
        work({ ...origin, db: trx, now: clock.now(), emit: () => {}, enqueue: async () => {} }),
      )
  await write(withLog, workspaces, windowMs / 3)
  await write(withoutLog, workspaces, windowMs / 3)
  const logged: Window[] = []
  const plain: Window[] = []
  for (let at = 0; at < rounds; at++) {
    logged.push(await write(withLog, workspaces, windowMs))
    plain.push(await write(withoutLog, workspaces, windowMs))
  }
  return { logged, plain }
}

let names = 0

async function write(change: Change, workspaces: SeededWorkspace[], ms: number): Promise<Window> {
  const latencies: number[] = []
  const start = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const own = workspaces.filter((_workspace, at) => at % writers === writer)
      for (let at = 0; performance.now() - start < ms; at++) {
        const { id, organizationId } = own[at % own.length]!
        const from = performance.now()
        const name = `Name ${++names}`
        await change((tx) => changeWorkspace(tx, organizationId, id, { name }))
        latencies.push(performance.now() - from)
      }
    }),
  )
  const seconds = (performance.now() - start) / 1000
  return { perSecond: latencies.length / seconds, p99: quantile(latencies, 0.99) }
}

/** From a commit to everybody who follows the log. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createTenant, startShipped } from './lib/berth.ts'
import { openBeside, rename } from './lib/beside.ts'
import { Readers, type Commit } from './lib/readers.ts'
import type { Report } from './lib/report.ts'
import { round } from './lib/statistics.ts'

const counts = [10, 100, 1000]
const events = 100
const everyMs = 100

export async function subscribers(): Promise<Report> {
  const shipped = await startShipped()
  const platform = await openBeside(shipped.dataDir, shipped.databaseUrl)
  const readers = new Readers()
  try {
    const { organizationId, workspaceId, bearer } = await createTenant(shipped)
    const url = `${shipped.url}/api/stream?organizationId=${organizationId}&types=workspace.updated`

    const rows: string[][] = []
    let opened = 0
    let delivery = await readers.result([])
    for (const count of counts) {
      await readers.open(url, bearer, count - opened)
      opened = count
      const commits: Commit[] = []
      for (let at = 0; at < events; at++) {
        const began = performance.now()
        commits.push(await rename(platform, organizationId, workspaceId, `Name ${count}-${at}`))
        await sleep(Math.max(0, everyMs - (performance.now() - began)))
      }
      delivery = await readers.result(commits)
      const { p50, p99, max, lost, twice } = delivery
      rows.push([String(count), round(p50), round(p99), round(max), String(lost), String(twice)])
    }
    return {
      title: 'From the log to subscribers',
      about: [
        `Another process than the one that serves the streams commits ${events} changes, one every ${everyMs} ms, and takes the time once PostgreSQL has acknowledged the commit; every reader notes when the event arrives. All readers are in one process on the same cores.`,
      ],
      findings: [
        {
          what: 'commit to delivery, p99, 1,000 subscribers',
          target: '≤ 100 ms',
          figure: `${round(delivery.p99)} ms`,
          met: delivery.p99 <= 100,
        },
        { what: 'deliveries lost', target: '0', figure: String(delivery.lost), met: delivery.lost === 0 },
        {
          what: 'deliveries made twice',
          target: '0',
          figure: String(delivery.twice),
          met: delivery.twice === 0,
        },
      ],
      tables: [
        {
          title: `How it grows (${events} events each)`,
          columns: ['subscribers', 'p50 ms', 'p99 ms', 'max ms', 'lost', 'twice'],
          rows,
        },
      ],
    }
  } finally {
    readers.stop()
    await platform.close()
    await shipped.stop()
  }
}

/** The lifecycle page of an organization with many workspaces, and one change on it. */
import { lifecycleEndpoints } from '@berth/contracts'
import { createTenant, launchEcho, startShipped } from './lib/berth.ts'
import { openBeside, rename } from './lib/beside.ts'
import { Readers, type Commit } from './lib/readers.ts'
import type { Report } from './lib/report.ts'
import { seedDeployments, seedWorkspaces } from './lib/seed.ts'
import { quantile, round } from './lib/statistics.ts'

const counts = [100, 1000, 10_000]
const loads = 100
const changes = 50

export async function lifecycle(): Promise<Report> {
  const shipped = await startShipped()
  const platform = await openBeside(shipped.dataDir, shipped.databaseUrl)
  const readers = new Readers()
  try {
    const tenant = await createTenant(shipped)
    const { organizationId, workspaceId, client } = tenant
    const deployment = await launchEcho(tenant, 'principal')
    const release = await platform.db
      .selectFrom('deployments')
      .select(['releaseId', 'serverId'])
      .where('id', '=', deployment.id)
      .executeTakeFirstOrThrow()
    await readers.open(
      `${shipped.url}/api/console/lifecycle/stream?organizationId=${organizationId}`,
      tenant.bearer,
      1,
    )

    const rows: string[][] = []
    let p95 = Number.NaN
    let seeded = 0
    for (const count of counts) {
      const workspaces = await seedWorkspaces(platform.db, [organizationId], count - seeded)
      await seedDeployments(platform.db, workspaces, release)
      await platform.pool.query('analyze')
      seeded = count

      const latencies: number[] = []
      let bytes = 0
      for (let at = 0; at < loads; at++) {
        const from = performance.now()
        const response = await client.send(lifecycleEndpoints.snapshot, { query: { organizationId } })
        bytes = (await response.text()).length
        latencies.push(performance.now() - from)
      }
      const commits: Commit[] = []
      for (let at = 0; at < changes; at++) {
        commits.push(await rename(platform, organizationId, workspaceId, `Name ${count}-${at}`))
      }
      const delta = await readers.result(commits)
      p95 = quantile(latencies, 0.95)
      rows.push([
        count.toLocaleString('en'),
        round(quantile(latencies, 0.5)),
        round(p95),
        round(bytes / 1000),
        round(delta.p50),
        round(delta.p99),
      ])
    }
    return {
      title: 'Lifecycle page',
      about: [
        'One organization, a deployment in each workspace. The first page as the console asks for it, one request after the other; then changes of one workspace by another process, from the commit to their arrival in the stream of an open page.',
      ],
      findings: [
        {
          what: 'first page of 10,000 workspaces, p95',
          target: '≤ 50 ms',
          figure: `${round(p95)} ms`,
          met: p95 <= 50,
        },
      ],
      tables: [
        {
          title: 'How it grows',
          columns: ['workspaces', 'page p50 ms', 'page p95 ms', 'page kB', 'change p50 ms', 'change p99 ms'],
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

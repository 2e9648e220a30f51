/** A launch decision: the facts of all gates in one statement, and the judgement. */
import { gates } from '@berth/server/app.ts'
import type { KyselyPlugin } from 'kysely'
import { createPolicy, judge } from '@berth/server/policy/service.ts'
import { createTenant, launchEcho, startShipped } from './lib/berth.ts'
import { openBeside, origin } from './lib/beside.ts'
import type { Report } from './lib/report.ts'
import { seedDeployments, seedWorkspaces } from './lib/seed.ts'
import { quantile, round } from './lib/statistics.ts'

const deploymentCounts = [100, 1000, 10_000]
const looks = 1000
const decisions = 200
const pureMs = 1000

export async function decision(): Promise<Report> {
  const shipped = await startShipped()
  const platform = await openBeside(shipped.dataDir, shipped.databaseUrl)
  try {
    const tenant = await createTenant(shipped)
    const deployment = await launchEcho(tenant, 'principal')
    const release = await platform.db
      .selectFrom('deployments')
      .select(['releaseId', 'serverId'])
      .where('id', '=', deployment.id)
      .executeTakeFirstOrThrow()
    const policy = createPolicy(gates)
    const { organizationId } = tenant
    const question = { organizationId, deploymentId: deployment.id, moment: 'launch' as const }
    const statements = countStatements()
    const counted = platform.db.withPlugin(statements)
    const { inputs, allowed } = await policy.judge(counted, question, new Date())
    if (!allowed) throw new Error('the launch that happened would not be allowed')

    const rows: string[][] = []
    let asked: Spread = await timed(50, () => policy.judge(platform.db, question, new Date()))
    let seeded = 0
    for (const count of deploymentCounts) {
      const workspaces = await seedWorkspaces(platform.db, [organizationId], count - seeded)
      await seedDeployments(platform.db, workspaces, release)
      await platform.pool.query('analyze')
      seeded = count
      asked = await timed(looks, () => policy.judge(platform.db, question, new Date()))
      const kept = await timed(decisions, () => platform.mutate(origin, (tx) => policy.decide(tx, question)))
      rows.push([count.toLocaleString('en'), ...spread(asked), ...spread(kept)])
    }
    const perSecond = pure(() => judge(gates, inputs))
    return {
      title: 'Launch decision',
      about: [
        `The gates of the installation (${gates.map((gate) => gate.name).join(', ')}) about a deployment that really runs, one decision after the other. Kept: with its inputs, digest and event, as a launch does it, commit included.`,
        'The pure part takes the facts as they came from the database and gives verdicts, notes and sentences.',
      ],
      findings: [
        {
          what: 'statements for all facts',
          target: '1',
          figure: String(statements.count),
          met: statements.count === 1,
        },
        {
          what: 'p99 of a decision',
          target: '≤ 5 ms',
          figure: `${round(asked.p99)} ms`,
          met: asked.p99 <= 5,
        },
        {
          what: 'the pure part',
          target: '≥ 100,000/s',
          figure: `${round(perSecond)}/s`,
          met: perSecond >= 100_000,
        },
      ],
      tables: [
        {
          title: 'How it grows',
          columns: ['deployments', 'p50 ms', 'p99 ms', 'kept, p50 ms', 'kept, p99 ms'],
          rows,
        },
      ],
    }
  } finally {
    await platform.close()
    await shipped.stop()
  }
}

/** Counts the statements that pass; they are sent as they are. */
function countStatements(): KyselyPlugin & { count: number } {
  const plugin = {
    count: 0,
    transformQuery: ({ node }: Parameters<KyselyPlugin['transformQuery']>[0]) => {
      plugin.count++
      return node
    },
    transformResult: async ({ result }: Parameters<KyselyPlugin['transformResult']>[0]) => result,
  }
  return plugin
}

interface Spread {
  p50: number
  p99: number
}

function spread({ p50, p99 }: Spread): string[] {
  return [round(p50), round(p99)]
}

async function timed(times: number, work: () => Promise<unknown>): Promise<Spread> {
  const latencies: number[] = []
  for (let at = 0; at < times; at++) {
    const from = performance.now()
    await work()
    latencies.push(performance.now() - from)
  }
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
}

/** How often a second. */
function pure(work: () => unknown): number {
  const measure = (ms: number) => {
    const start = performance.now()
    let times = 0
    for (; performance.now() - start < ms; times += 100) for (let at = 0; at < 100; at++) work()
    return (times * 1000) / (performance.now() - start)
  }
  measure(pureMs / 4)
  return measure(pureMs)
}

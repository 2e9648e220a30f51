/** What open sessions that nobody uses cost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createServiceToken, createTenant, launchEcho, startShipped } from './lib/berth.ts'
import { HttpWorker, type Target } from './lib/http-worker.ts'
import { isPostgres, processTree, usageOf } from './lib/processes.ts'
import type { Report } from './lib/report.ts'
import { round } from './lib/statistics.ts'

const counts = [100, 1000, 10_000]
const atOnce = 8
const settleMs = 4000

export async function sessions(): Promise<Report> {
  const shipped = await startShipped()
  try {
    const tenant = await createTenant(shipped)
    const deployment = await launchEcho(tenant, 'shared')
    const { secret } = await createServiceToken(tenant, 'bench')
    const target = { url: deployment.mcpUrl, token: secret }
    // Code that has run once is compiled and stays: that is no session's cost.
    await open(target, 50, (worker) => worker.close())
    const memory = () => usageOf(shipped.program.pid, (one) => !isPostgres(one)).rssMb
    const idle = await settled(memory)
    const rows: string[][] = []
    let opened = 0
    const added = new Map<number, number>()
    const children = new Map<number, number>()
    for (const count of counts) {
      await open(target, count - opened, async (worker) => worker.drop())
      opened = count
      const more = (await settled(memory)) - idle
      added.set(count, more)
      children.set(count, servers(shipped.program.pid))
      rows.push([
        count.toLocaleString('en'),
        round(more),
        round((more * 1000) / count),
        String(children.get(count)),
      ])
    }
    const thousand = added.get(1000)!
    return {
      title: 'Idle sessions on one shared server',
      about: [
        'Sessions are initialised with a token and left alone. RSS of all processes but PostgreSQL, some seconds later, over what it was after the first fifty sessions had come and gone; what the garbage collector has not given back by then may hide some of the first ones.',
      ],
      findings: [
        {
          what: 'memory of 1,000 idle sessions',
          target: '≤ 60 MB',
          figure: `${round(thousand)} MB`,
          met: thousand <= 60,
        },
        {
          what: 'server processes for 1,000 sessions',
          target: '1',
          figure: String(children.get(1000)),
          met: children.get(1000) === 1,
        },
      ],
      tables: [
        {
          title: 'How it grows',
          columns: ['sessions', 'MB over idle', 'kB a session', 'server processes'],
          rows,
        },
      ],
    }
  } finally {
    await shipped.stop()
  }
}

async function open(
  target: Target,
  count: number,
  after: (worker: HttpWorker) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < count; at += atOnce) {
    const workers = Array.from({ length: Math.min(atOnce, count - at) }, () => new HttpWorker(target))
    await Promise.all(workers.map((worker) => worker.open()))
    await Promise.all(workers.map(after))
  }
}

async function settled(memory: () => number): Promise<number> {
  await sleep(settleMs)
  return memory()
}

/** Node processes in the sandbox: below the server, not the server itself. */
function servers(pid: number): number {
  const tree = processTree(pid).filter((one) => one.pid !== pid && !isPostgres(one))
  const parents = new Set(tree.map((one) => one.parent))
  return tree.filter((one) => !parents.has(one.pid)).length
}

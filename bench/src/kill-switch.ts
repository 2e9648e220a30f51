/** How long a revoked token goes on being accepted, by two gateways at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { revokeToken } from '@berth/server/identity/tokens/tokens.ts'
import { createServiceToken, createTenant, launchEcho, startBeside, startShipped } from './lib/berth.ts'
import { openBeside, origin } from './lib/beside.ts'
import { HttpWorker } from './lib/http-worker.ts'
import type { Report } from './lib/report.ts'
import { quantile, round } from './lib/statistics.ts'

const scales = [
  { sessions: 2, rounds: 100 },
  { sessions: 20, rounds: 50 },
  { sessions: 200, rounds: 10 },
]
const pauseMs = 5

export async function killSwitch(): Promise<Report> {
  const shipped = await startShipped()
  const second = await startBeside(shipped, 'gateway')
  const platform = await openBeside(shipped.dataDir, shipped.databaseUrl)
  try {
    const tenant = await createTenant(shipped)
    const deployment = await launchEcho(tenant, 'shared')
    const urls = [shipped.url, second.url].map((url) => url + new URL(deployment.mcpUrl).pathname)

    /** Milliseconds from the commit to the last answer that any session got. */
    async function revokeOnce(sessions: number): Promise<number> {
      const token = await createServiceToken(tenant, 'bench')
      const workers = Array.from(
        { length: sessions },
        (_, at) => new HttpWorker({ url: urls[at % urls.length]!, token: token.secret }),
      )
      await Promise.all(workers.map((worker) => worker.open()))
      let lastAnswer = 0
      const calling = workers.map(async (worker) => {
        while (await worker.echo('again').catch(() => false)) {
          lastAnswer = performance.now()
          await sleep(pauseMs)
        }
      })
      await sleep(30 + Math.random() * 50)
      const { organizationId, workspaceId } = tenant
      await platform.mutate(origin, (tx) =>
        revokeToken(tx, { kind: 'service', organizationId, workspaceId }, token.id),
      )
      const committed = performance.now()
      await Promise.all(calling)
      for (const worker of workers) worker.drop()
      return Math.max(0, lastAnswer - committed)
    }

    for (let at = 0; at < 5; at++) await revokeOnce(2)
    const rows: string[][] = []
    const all: number[] = []
    for (const { sessions, rounds } of scales) {
      const delays: number[] = []
      for (let at = 0; at < rounds; at++) delays.push(await revokeOnce(sessions))
      all.push(...delays)
      rows.push([
        String(sessions),
        String(rounds),
        round(quantile(delays, 0.5)),
        round(quantile(delays, 0.99)),
        round(quantile(delays, 1)),
      ])
    }
    const p99 = quantile(all, 0.99)
    return {
      title: 'Kill switch',
      about: [
        `Half of the sessions call through the process that runs the server, half through a second gateway process that passes on to the first; each calls again ${pauseMs} ms after an answer. A third process revokes their token. Measured from the acknowledged commit to the arrival of the last answer that any of the sessions got, so the way back of that answer counts too.`,
      ],
      findings: [
        {
          what: 'token revoked to last call admitted, p99',
          target: '≤ 50 ms',
          figure: `${round(p99)} ms`,
          met: p99 <= 50,
        },
      ],
      tables: [
        { title: 'How it grows', columns: ['sessions', 'revocations', 'p50 ms', 'p99 ms', 'max ms'], rows },
      ],
    }
  } finally {
    await platform.close()
    await second.program.stop()
    await shipped.stop()
  }
}

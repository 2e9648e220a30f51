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
  { sessions: 20, rounds: 100 },
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

    /** Milliseconds from the commit to the start, and to the answer, of the last call that was admitted. */
    async function revokeOnce(sessions: number): Promise<{ started: number; answered: number }> {
      const token = await createServiceToken(tenant, 'bench')
      const workers = Array.from(
        { length: sessions },
        (_, at) => new HttpWorker({ url: urls[at % urls.length]!, token: token.secret }),
      )
      await Promise.all(workers.map((worker) => worker.open()))
      let started = 0
      let answered = 0
      const calling = workers.map(async (worker) => {
        for (;;) {
          const from = performance.now()
          if (!(await worker.echo('again').catch(() => false))) return
          started = Math.max(started, from)
          answered = performance.now()
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
      return { started: Math.max(0, started - committed), answered: Math.max(0, answered - committed) }
    }

    for (let at = 0; at < 5; at++) await revokeOnce(2)
    const rows: string[][] = []
    const headline = new Map<number, number>()
    for (const { sessions, rounds } of scales) {
      const delays: Awaited<ReturnType<typeof revokeOnce>>[] = []
      for (let at = 0; at < rounds; at++) delays.push(await revokeOnce(sessions))
      const answered = delays.map((delay) => delay.answered)
      const started = delays.map((delay) => delay.started)
      headline.set(sessions, quantile(answered, 0.99))
      rows.push([
        String(sessions),
        String(rounds),
        ...[quantile(started, 0.5), quantile(started, 0.99)].map(round),
        ...[quantile(answered, 0.5), quantile(answered, 0.99)].map(round),
      ])
    }
    const p99 = headline.get(20)!
    return {
      title: 'Kill switch',
      about: [
        `Half of the sessions call through the process that runs the server, half through a second gateway process that passes on to the first; each calls again ${pauseMs} ms after an answer. A third process revokes their token. From the acknowledged commit to when the last call that was admitted had been sent, and to when its answer arrived: it was admitted in between. The target is held against the later of the two, with 20 sessions; with 200 the two cores are busy with the calls themselves.`,
      ],
      findings: [
        {
          what: 'token revoked to last call admitted, p99, 20 sessions',
          target: '≤ 50 ms',
          figure: `${round(p99)} ms`,
          met: p99 <= 50,
        },
      ],
      tables: [
        {
          title: 'How it grows',
          columns: [
            'sessions',
            'revocations',
            'sent p50 ms',
            'sent p99 ms',
            'answered p50 ms',
            'answered p99 ms',
          ],
          rows,
        },
      ],
    }
  } finally {
    await platform.close()
    await second.program.stop()
    await shipped.stop()
  }
}

/** What an idle installation takes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createTenant, startShipped } from './lib/berth.ts'
import { isPostgres, usageOf } from './lib/processes.ts'
import type { Report } from './lib/report.ts'
import { round } from './lib/statistics.ts'

export async function memory(): Promise<Report> {
  const shipped = await startShipped()
  try {
    await sleep(5000)
    const fresh = measure(shipped.program.pid)
    await createTenant(shipped)
    await sleep(10_000)
    const used = measure(shipped.program.pid)
    return {
      title: 'Idle memory',
      about: [
        'RSS of everything in one process (`start`), nothing launched: after the start, and after a person has signed up and made an organization and a workspace.',
      ],
      findings: [
        {
          what: 'idle, without PostgreSQL',
          target: '≤ 250 MB',
          figure: `${round(used.own)} MB`,
          met: used.own <= 250,
        },
      ],
      tables: [
        {
          title: 'MB',
          columns: ['', 'Berth', 'PostgreSQL (shared pages counted for each process)'],
          rows: [
            ['after the start', round(fresh.own), round(fresh.postgres)],
            ['after a sign-up', round(used.own), round(used.postgres)],
          ],
        },
      ],
    }
  } finally {
    await shipped.stop()
  }
}

function measure(pid: number): { own: number; postgres: number } {
  return { own: usageOf(pid, (one) => !isPostgres(one)).rssMb, postgres: usageOf(pid, isPostgres).rssMb }
}

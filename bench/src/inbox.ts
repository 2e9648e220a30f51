/** The inbox of payment providers: deliveries that are kept, against a bare one, and how fast they are dealt with. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { sql } from 'kysely'
import { keepEvent } from '@berth/server/billing/providers/inbox.ts'
import {
  deliver,
  eventOf,
  secret,
  signed,
  type Delivery,
} from '@berth/server/billing/providers/testing/deliveries.ts'
import type { Platform } from '@berth/server/platform/platform.ts'
import { startShipped } from './lib/berth.ts'
import { openBeside } from './lib/beside.ts'
import { startProgram, until } from './lib/programs.ts'
import type { Finding, Report } from './lib/report.ts'
import { seedOrganizations } from './lib/seed.ts'
import { median, quantile, round } from './lib/statistics.ts'

const callers = 16
const deliveries = 800
const rounds = 3
const backlog = 2000
const organizationCount = 100

export async function inbox(): Promise<Report> {
  const shipped = await startShipped([], { BERTH_BILLING_WEBHOOK_SECRET: secret })
  const platform = await openBeside(shipped.dataDir, shipped.databaseUrl)
  const bare = startProgram([
    process.execPath,
    join(import.meta.dirname, 'lib/bare-inbox.ts'),
    shipped.databaseUrl,
  ])
  try {
    const [, port] = await bare.prints(/port (\d+)/)
    const bareUrl = `http://127.0.0.1:${port}`
    const turns: Record<'bare' | 'kept', Turn[]> = { bare: [], kept: [] }
    await measureDeliveries(bareUrl)
    await measureDeliveries(shipped.url)
    for (let n = 0; n < rounds; n++) {
      turns.bare.push(await measureDeliveries(bareUrl))
      turns.kept.push(await measureDeliveries(shipped.url))
      await emptied(platform)
    }
    const again = await countAgain(platform, shipped.url, turns.kept.at(-1)!.sent)
    const handled = await measureHandling(platform)
    const of = (name: 'bare' | 'kept', figure: 'perSecond' | 'p50' | 'p99') =>
      median(turns[name].map((turn) => turn[figure]))
    const ratio = of('kept', 'perSecond') / of('bare', 'perSecond')
    const row = (name: 'bare' | 'kept', title: string) => [
      title,
      round(of(name, 'perSecond')),
      round(of(name, 'p50')),
      round(of(name, 'p99')),
    ]
    return {
      title: 'The inbox of payment providers',
      about: [
        `Deliveries over HTTP, signed beforehand, by ${callers} callers who send one after the other. Each is checked and durable when it is answered, while the same process deals with them. The floor is an HTTP server that inserts what it is sent into the same table, checks nothing and deals with nothing.`,
        `Dealt with: ${backlog.toLocaleString('en')} events of use in ${organizationCount} organizations that wait, each a transaction that leaves an entry of the ledger and an event of the log, by one process.`,
      ],
      findings: [
        {
          what: `deliveries kept, against the floor, ${callers} callers`,
          target: '≥ 0.25 ×',
          figure: `${round(ratio)} ×`,
          met: ratio >= 0.25,
        },
        {
          what: `${deliveries} deliveries sent again: kept twice`,
          target: '0',
          figure: String(again),
          met: again === 0,
        },
        handled.finding,
      ],
      tables: [
        {
          title: 'Deliveries and events',
          columns: ['', 'a second', 'p50 ms', 'p99 ms'],
          rows: [
            row('bare', 'the floor'),
            row('kept', 'deliveries kept'),
            ['events of use dealt with', round(handled.perSecond), '', ''],
          ],
        },
      ],
    }
  } finally {
    await bare.stop()
    await platform.close()
    await shipped.stop()
  }
}

/** Does something with each of many, so many at a time; gives how long each took, and all of it, in milliseconds. */
async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>) {
  const waiting = items.values()
  const each: number[] = []
  const began = performance.now()
  const lane = async () => {
    for (const item of waiting) {
      const from = performance.now()
      await work(item)
      each.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: callers }, lane))
  return { each, perSecond: items.length / ((performance.now() - began) / 1000) }
}

const nothing = eventOf('nothing.to.do', { text: 'x'.repeat(500) })

interface Turn {
  sent: readonly Delivery[]
  perSecond: number
  p50: number
  p99: number
}

async function measureDeliveries(url: string): Promise<Turn> {
  const sent = Array.from({ length: deliveries }, () => signed(nothing))
  const { each, perSecond } = await inLanes(sent, (delivery) => send(url, delivery))
  return { sent, perSecond, p50: quantile(each, 0.5), p99: quantile(each, 0.99) }
}

async function send(url: string, delivery: Delivery): Promise<void> {
  const { status } = await deliver(url, delivery)
  if (status !== 204) throw new Error(`a delivery was answered with ${status}`)
}

async function countAgain({ db }: Platform, url: string, sent: readonly Delivery[]): Promise<number> {
  const kept = async () => {
    const { rows } = await sql<{ kept: number }>`select count(*) as kept from billing_webhooks`.execute(db)
    return rows[0]!.kept
  }
  const before = await kept()
  await inLanes(sent, (delivery) => send(url, delivery))
  return (await kept()) - before
}

async function openEvents({ db }: Platform): Promise<number> {
  const { rows } = await sql<{ open: number }>`
    select count(*) as open from billing_webhooks where state = 'received'`.execute(db)
  return rows[0]!.open
}

const emptied = (platform: Platform) =>
  until('the inbox is empty', async () => (await openEvents(platform)) === 0, 300_000)

async function measureHandling(platform: Platform): Promise<{ finding: Finding; perSecond: number }> {
  const { db } = platform
  await emptied(platform)
  const organizations = await seedOrganizations(db, organizationCount)
  const at = new Date()
  // All due at one moment that is still to come, so that they are there when the first is taken.
  const due = new Date(at.getTime() + 30_000)
  const uses = Array.from({ length: backlog }, (_, n) => ({
    id: `u${n}`,
    organization: organizations[n % organizationCount],
  }))
  await inLanes(uses, async (use) => {
    const data = { ...use, key: 'gateway.tool_calls', quantity: 1, at }
    const event = { eventId: randomUUID(), type: 'usage.recorded' }
    await keepEvent(db, 'standard', event, { body: Buffer.from(eventOf(event.type, data)), at: due })
  })
  if (Date.now() >= due.getTime()) throw new Error('the backlog was not ready in time')
  await emptied(platform)
  const { rows } = await sql<{ seconds: number; counted: number }>`
    select extract(epoch from max(processed_at) - ${due}::timestamptz)::float8 as seconds,
      (select sum(used)::bigint from quota_balances where organization_id = any(${organizations})) as counted
    from billing_webhooks where state = 'processed' and type = 'usage.recorded'`.execute(db)
  const { seconds, counted } = rows[0]!
  const lost = backlog - counted
  return {
    perSecond: backlog / seconds,
    finding: {
      what: `${backlog.toLocaleString('en')} events of use: counted wrongly`,
      target: '0',
      figure: String(lost),
      met: lost === 0,
    },
  }
}

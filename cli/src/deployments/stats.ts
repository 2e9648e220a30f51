import { api, type CallFigures, type EndpointOutput } from '@berth/contracts'
import { Command, InvalidArgumentError } from 'commander'
import { does, wholeNumber } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import type { Column } from '../core/output.ts'
import { duration } from '../core/time.ts'
import { whichDeployment } from './shape.ts'

type Stats = EndpointOutput<typeof api.deployments.callStats>
type Bucket = Stats['buckets'][number]

interface StatsOptions {
  last?: number
  from?: string
  to?: string
  step?: number
  tool?: string
  method?: string
  principal?: string
}

export function showStats(): Command {
  const command = new Command('stats')
    .description('How many calls it had over time, how they ended and how long they took')
    .argument(...whichDeployment)
    .option('--last <time>', 'the last 15m, 6h or 7d until now (default: 1h)', span)
    .option('--from <time>', 'from this time on, for example 2026-03-01T08:00Z', moment)
    .option('--to <time>', 'until this time (default: now)', moment)
    .option('--step <seconds>', 'seconds of a row', wholeNumber(1, 31 * 86_400))
    .option('--tool <name>', 'only calls of this tool')
    .option('--method <name>', 'only this MCP method, for example tools/call')
    .option('--principal <id>', 'only calls of this person or service token')
  return does(command, stats)
}

async function stats(context: Context, options: StatsOptions, named: string): Promise<void> {
  if (options.last !== undefined && options.from !== undefined)
    throw new UsageError('Give --last or --from, not both.')
  const organizationId = await organizationOf(context)
  const { id: deploymentId } = await findDeployment(context, organizationId, named)
  const { last, tool, method, step, principal: principalId } = options
  const to = options.to ?? (last === undefined ? undefined : new Date().toISOString())
  const from = last === undefined ? options.from : new Date(Date.parse(to!) - last).toISOString()
  const found = await context.call(api.deployments.callStats, {
    params: { organizationId, deploymentId },
    query: { from, to, step, tool, method, principalId },
  })
  if (context.out.json) return context.out.data(found)
  print(context, found)
}

function print({ out }: Context, { buckets, tools, total, from, to }: Stats): void {
  if (total.count === 0) return out.say(`No calls were made from ${clock(from)} to ${clock(to)}.`)
  const most = Math.max(...buckets.map(({ count }) => count))
  const first = buckets.findIndex(({ count }) => count > 0)
  const end = buckets.findLastIndex(({ count }) => count > 0) + 1
  out.table(
    buckets.slice(first, end),
    [
      { title: 'from', cell: ({ at }: Bucket) => clock(at) },
      ...figures<Bucket>(),
      { title: '', cell: ({ count }: Bucket) => '▇'.repeat(Math.ceil((20 * count) / most)) },
    ],
    '',
  )
  out.line()
  out.table(
    [...tools, { ...total, tool: 'all calls' }],
    [{ title: 'tool', cell: ({ tool }) => tool, max: 40 }, ...figures<Stats['tools'][number]>()],
    '',
  )
}

const figures = <T extends CallFigures>(): Column<T>[] => [
  { title: 'calls', cell: ({ count }) => count },
  { title: 'failed', cell: ({ outcomes, count }) => count - (outcomes.ok ?? 0) - (outcomes.cancelled ?? 0) },
  { title: 'p50', cell: ({ p50Ms }) => duration(p50Ms) },
  { title: 'p95', cell: ({ p95Ms }) => duration(p95Ms) },
  { title: 'p99', cell: ({ p99Ms }) => duration(p99Ms) },
]

function clock(at: string): string {
  return new Date(at).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'medium' })
}

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const

function span(value: string): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(value) ?? []
  const ms = Number(amount) * units[unit as keyof typeof units] * 1000
  if (ms > 0) return ms
  throw new InvalidArgumentError('It must be a number and s, m, h or d, for example 15m.')
}

function moment(value: string): string {
  const time = new Date(value)
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new InvalidArgumentError('It must be a time such as 2026-03-01T08:00Z.')
}

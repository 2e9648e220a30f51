import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import { duration } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

export function lifecycleCounts(): Command {
  const command = new Command('counts')
    .description('How many workspaces and deployments there are, by status')
    .option('--search <text>', "part of a workspace's or a deployment's name")
    .option('--tier <tier>', 'only workspaces of this tier')
  return does(command, counts)
}

async function counts(context: Context, filters: { search?: string; tier?: string }): Promise<void> {
  const organizationId = await organizationOf(context)
  const { workspace } = context.options
  const found = await context.call(api.lifecycle.counts, { query: { ...filters, organizationId, workspace } })
  if (context.out.json) return context.out.data(found)
  context.out.line(`${countOf(found.workspaces, 'workspace')}, ${countOf(found.deployments, 'deployment')}`)
  context.out.table(
    Object.entries(found.byStatus).filter(([, n]) => n > 0),
    [
      { title: 'state', cell: ([word]) => stateCell(word) },
      { title: 'deployments', cell: ([, n]) => n },
    ],
    'Nothing is deployed yet.',
  )
}

export function lifecycleActivity(): Command {
  return does(new Command('activity').description("The last minute's calls by deployment"), activity)
}

async function activity(context: Context): Promise<void> {
  const organizationId = await organizationOf(context)
  const found = await context.call(api.lifecycle.activity, { query: { organizationId } })
  if (context.out.json) return context.out.data(found)
  context.out.table(
    found.items.toSorted((a, b) => b.callsLastMinute - a.callsLastMinute),
    [
      { title: 'deployment', cell: (one) => one.deploymentId },
      { title: 'calls/min', cell: (one) => one.callsLastMinute },
      { title: 'p99', cell: (one) => duration(one.p99Ms) },
    ],
    'Nothing was called in the last minute.',
  )
}

const countOf = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`

import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

interface DecisionsOptions extends PageOptions {
  deployment?: string
  allowed?: boolean
  denied?: boolean
}

export function listDecisions(): Command {
  const command = paged(new Command('decisions').description('Decisions, newest first'))
    .option('--deployment <deployment>', 'only decisions on this deployment')
    .option('--allowed', 'only those that allowed')
    .option('--denied', 'only those that did not')
  return does(command, decisions)
}

async function decisions(context: Context, options: DecisionsOptions): Promise<void> {
  if (options.allowed && options.denied) throw new UsageError('Give --allowed or --denied, not both.')
  const organizationId = await organizationOf(context)
  const { deployment } = options
  const deploymentId = deployment ? (await findDeployment(context, organizationId, deployment)).id : undefined
  const allowed = options.allowed ? ('true' as const) : options.denied ? ('false' as const) : undefined
  const page = await readPages(options, (query) =>
    context.call(api.policy.list, { params: { organizationId }, query: { ...query, deploymentId, allowed } }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'decision', cell: (one) => one.id },
      { title: 'when', cell: (one) => relativeTime(one.at) },
      { title: 'moment', cell: (one) => one.moment },
      { title: 'outcome', cell: (one) => stateCell(one.allowed ? 'allowed' : one.verdict) },
      { title: 'pending', cell: (one) => one.pendingStatus ?? '' },
      { title: 'deployment', cell: (one) => one.deploymentId },
      { title: 'notes', cell: (one) => one.notes.join(', '), max: 100 },
    ],
    'Nothing was decided yet.',
  )
  if (page.items[0]) out.next(`mcpctl policy explain ${page.items[0].id}`)
}

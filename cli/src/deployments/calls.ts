import { api, callOutcome, type CallOutcome } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findDeployment, findWorkspace, organizationOf } from '../core/find.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { duration, relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

interface CallsOptions extends PageOptions {
  tool?: string
  method?: string
  outcome?: CallOutcome
  principal?: string
}

export function listCalls(): Command {
  const command = paged(new Command('calls').description('The calls that were made, newest first'))
    .argument('[deployment]', 'id, name, or workspace/name (default: all of them)')
    .option('--tool <name>', 'only calls of this tool')
    .option('--method <name>', 'only this MCP method, for example tools/call')
    .option('--principal <id>', 'only calls of this person or service token')
    .addOption(new Option('--outcome <outcome>', 'only calls that ended so').choices(callOutcome.options))
  return does(command, calls)
}

async function calls(context: Context, options: CallsOptions, named?: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const { tool, method, outcome, principal: principalId } = options
  const { workspace } = context.options
  const deploymentId = named ? (await findDeployment(context, organizationId, named)).id : undefined
  const workspaceId =
    workspace && !named ? (await findWorkspace(context, organizationId, workspace)).id : undefined
  const filters = { deploymentId, workspaceId, tool, method, outcome, principalId }
  const page = await readPages(options, (query) =>
    context.call(api.calls.list, { params: { organizationId }, query: { ...query, ...filters } }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'when', cell: (one) => relativeTime(one.at) },
      { title: 'method', cell: (one) => one.method },
      { title: 'tool', cell: (one) => one.tool ?? '' },
      { title: 'outcome', cell: (one) => stateCell(one.outcome) },
      { title: 'took', cell: (one) => duration(one.latencyMs) },
      { title: 'bytes', cell: (one) => `${one.requestBytes} → ${one.responseBytes}` },
      { title: 'by', cell: (one) => one.tokenId ?? one.principalId },
      { title: 'decision', cell: (one) => one.decisionId },
      { title: 'call', cell: (one) => one.id },
    ],
    'No calls were made.',
  )
}

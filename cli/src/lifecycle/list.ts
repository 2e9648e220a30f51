import { deploymentWords, type WorkspaceSnapshot } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { lifecyclePage, printSnapshot, type LifecycleFilters } from './snapshot.ts'

export function listLifecycle(): Command {
  const command = paged(new Command('list').description('Workspaces with their deployments and recent runs'))
    .option('--search <text>', "part of a workspace's or a deployment's name")
    .option('--tier <tier>', 'only workspaces of this tier')
    .addOption(
      new Option('--status <status>', 'only deployments of this status').choices([...deploymentWords]),
    )
    .addOption(new Option('--state <state>', 'only these').choices(['draft', 'active', 'archived']))
  return does(command, list)
}

async function list(context: Context, options: PageOptions & LifecycleFilters): Promise<void> {
  const organizationId = await organizationOf(context)
  const { search, tier, status, state } = options
  let streamCursor = ''
  const page = await readPages<WorkspaceSnapshot>(options, async (query) => {
    const answer = await lifecyclePage(context, organizationId, { ...query, search, tier, status, state })
    streamCursor ||= answer.streamCursor
    return answer
  })
  if (context.out.json) return context.out.data({ ...page, streamCursor })
  printSnapshot(context.out, page.items)
}

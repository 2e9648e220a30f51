import { api, type Workspace } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

export function listWorkspaces(): Command {
  const command = paged(new Command('list').description('The workspaces of an organization')).addOption(
    new Option('--state <state>', 'only these').choices(['draft', 'active', 'archived']),
  )
  return does(command, list)
}

async function list(context: Context, options: PageOptions & { state?: Workspace['state'] }): Promise<void> {
  const organizationId = await organizationOf(context)
  const { state } = options
  const page = await readPages(options, (query) =>
    context.call(api.workspaces.list, { params: { organizationId }, query: { ...query, state } }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  const chosen = context.credentials.of(context.url).workspaceId
  out.table(
    page.items,
    [
      { title: 'workspace', cell: (one) => one.key },
      { title: 'name', cell: (one) => one.name },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'tier', cell: (one) => one.tier },
      { title: 'region', cell: (one) => one.region },
      { title: 'created', cell: (one) => relativeTime(one.createdAt) },
      { title: 'id', cell: (one) => one.id },
      { title: 'in use', cell: (one) => (one.id === chosen ? 'yes' : '') },
    ],
    'There is no workspace yet.',
  )
  if (page.items.length === 0) out.next('mcpctl workspaces create <name>')
}

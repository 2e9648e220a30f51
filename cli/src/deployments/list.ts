import { api, deploymentWord } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findWorkspace, organizationOf, workspacesOf } from '../core/find.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

export function listDeployments(): Command {
  const command = new Command('list').description('The deployments of an organization, or of --workspace')
  return does(paged(command), list)
}

async function list(context: Context, options: PageOptions): Promise<void> {
  const organizationId = await organizationOf(context)
  const { workspace } = context.options
  const workspaceId = workspace ? (await findWorkspace(context, organizationId, workspace)).id : undefined
  const page = await readPages(options, (query) =>
    context.call(api.deployments.list, { params: { organizationId }, query: { ...query, workspaceId } }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  const workspaces = await workspacesOf(context, organizationId)
  const keys = new Map(workspaces.map((one) => [one.id, one.key]))
  out.table(
    page.items,
    [
      { title: 'deployment', cell: (one) => `${keys.get(one.workspaceId) ?? one.workspaceId}/${one.name}` },
      { title: 'state', cell: (one) => stateCell(deploymentWord(one)) },
      { title: 'health', cell: (one) => stateCell(one.health) },
      { title: 'server', cell: (one) => `${one.server}@${one.version}` },
      { title: 'tools', cell: (one) => one.tools },
      { title: 'started', cell: (one) => relativeTime(one.startedAt) },
      { title: 'id', cell: (one) => one.id },
      { title: 'reason', cell: (one) => one.reason ?? '', max: 80 },
    ],
    'Nothing is deployed here.',
  )
  if (page.items.length === 0) out.next('mcpctl deployments launch reference/everything')
}

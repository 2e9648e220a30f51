import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findWorkspace, organizationOf } from '../core/find.ts'
import { confirmed } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'

export function archiveWorkspace(): Command {
  const command = new Command('archive')
    .description('Archive a workspace: all that runs in it stops')
    .argument('<workspace>', 'id or key')
    .option('--yes', 'do not ask')
  return does(command, archive)
}

export function restoreWorkspace(): Command {
  const command = new Command('restore')
    .description('Restore an archived workspace; what ran in it launches again')
    .argument('<workspace>', 'id or key')
  return does(command, restore)
}

async function archive(context: Context, options: { yes?: boolean }, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const { id, key } = await findWorkspace(context, organizationId, named)
  await confirmed(options.yes, `Archive ${key} and stop all that runs in it?`)
  const params = { organizationId, workspaceId: id }
  const archived = await context.call(api.workspaces.archive, { params })
  if (context.out.json) return context.out.data(archived)
  context.out.done(`${escapeText(key)} is archived; nothing runs in it.`)
  context.out.next(`mcpctl workspaces restore ${key}`)
}

async function restore(context: Context, _options: object, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const { id, key } = await findWorkspace(context, organizationId, named)
  const restored = await context.call(api.workspaces.restore, { params: { organizationId, workspaceId: id } })
  if (context.out.json) return context.out.data(restored)
  context.out.done(`${escapeText(key)} is active again; what ran in it launches.`)
  context.out.next(`mcpctl deployments list --workspace ${key}`)
}

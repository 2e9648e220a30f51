import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findWorkspace, organizationOf } from '../core/find.ts'
import { escapeText } from '../core/text.ts'

export function useWorkspace(): Command {
  const command = new Command('use')
    .description('Choose the workspace that commands are about when --workspace is not given')
    .argument('<workspace>', 'id or key')
  return does(command, use)
}

async function use(context: Context, _options: object, named: string): Promise<void> {
  const workspace = await findWorkspace(context, await organizationOf(context), named)
  const { id, organizationId } = workspace
  context.credentials.update(context.url, { organizationId, workspaceId: id })
  if (context.out.json) return context.out.data(workspace)
  context.out.done(`Commands are about ${escapeText(workspace.key)} from now on.`)
}

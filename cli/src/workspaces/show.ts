import type { Workspace } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findWorkspace, organizationOf, workspaceOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

export function showWorkspace(): Command {
  const command = new Command('show').description('One workspace').argument('[workspace]', 'id or key')
  return does(command, show)
}

async function show(context: Context, _options: object, named?: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const found = named
    ? await findWorkspace(context, organizationId, named)
    : await workspaceOf(context, organizationId)
  printWorkspace(context.out, found)
}

/** Prints one workspace, as JSON or as fields. */
export function printWorkspace(out: Output, workspace: Workspace): void {
  if (out.json) return out.data(workspace)
  out.fields([
    ['id', workspace.id],
    ['key', workspace.key],
    ['name', workspace.name],
    ['state', stateCell(workspace.state)],
    ['tier', workspace.tier],
    ['region', workspace.region],
    ['created', relativeTime(workspace.createdAt)],
  ])
}

import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import { escapeText } from '../core/text.ts'

export function createWorkspace(): Command {
  const command = new Command('create')
    .description('Create a workspace in a tier and a region')
    .argument('<name>')
    .option('--key <key>', 'its short name in URLs (default: from the name)')
    .option('--tier <tier>', 'what it demands of what runs there (default: standard)')
    .option('--region <region>', 'where it is (default: local)')
  return does(command, create)
}

async function create(
  context: Context,
  options: { key?: string; tier?: string; region?: string },
  name: string,
): Promise<void> {
  const organizationId = await organizationOf(context)
  const body = { name, ...options }
  const created = await context.call(api.workspaces.create, { params: { organizationId }, body })
  const { out } = context
  if (out.json) return out.data(created)
  out.done(`Created the workspace ${escapeText(created.key)} (${created.id}) in the tier ${created.tier}.`)
  out.next(`mcpctl deployments launch reference/everything --workspace ${created.key}`)
}

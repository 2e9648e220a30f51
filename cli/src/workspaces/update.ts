import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { findWorkspace, organizationOf } from '../core/find.ts'
import { printWorkspace } from './show.ts'

interface UpdateOptions {
  name?: string
  key?: string
  tier?: string
  region?: string
}

export function updateWorkspace(): Command {
  const command = new Command('update')
    .description('Rename a workspace, or change its key, tier or region; what runs in it is decided anew')
    .argument('<workspace>', 'id or key')
    .option('--name <name>', 'the new name')
    .option('--key <key>', 'the new short name in URLs; the old one keeps working')
    .option('--tier <tier>', 'the new tier')
    .option('--region <region>', 'the new region, one that the tier allows')
  return does(command, update)
}

async function update(context: Context, options: UpdateOptions, named: string): Promise<void> {
  if (!options.name && !options.key && !options.tier && !options.region)
    throw new UsageError('Give --name, --key, --tier or --region.')
  const organizationId = await organizationOf(context)
  const { id, version } = await findWorkspace(context, organizationId, named)
  const updated = await context.call(api.workspaces.update, {
    params: { organizationId, workspaceId: id },
    body: { ...options, expectedVersion: version },
  })
  printWorkspace(context.out, updated)
}

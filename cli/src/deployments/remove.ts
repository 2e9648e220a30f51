import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { confirmed } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'
import { nameOf, whichDeployment } from './shape.ts'

export function removeDeployment(): Command {
  const command = new Command('remove')
    .description('Stop and delete a deployment with the files its processes kept')
    .argument(...whichDeployment)
    .option('--yes', 'do not ask')
  return does(command, remove)
}

async function remove(context: Context, options: { yes?: boolean }, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const deployment = await findDeployment(context, organizationId, named)
  await confirmed(options.yes, `Remove ${escapeText(nameOf(deployment))} and the files it kept?`)
  await context.call(api.deployments.remove, { params: { organizationId, deploymentId: deployment.id } })
  if (context.out.json) return context.out.data({ id: deployment.id, removed: true })
  context.out.done(`Removed ${escapeText(nameOf(deployment))}.`)
}

import { api, type Deployment } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { escapeText } from '../core/text.ts'
import { whichDeployment } from './shape.ts'
import { reportArrival } from './show.ts'
import { settled } from './wait.ts'

interface WaitOptions {
  wait?: boolean
}

export function startDeployment(): Command {
  return does(
    verb('start', 'Start a stopped or failed deployment'),
    (context, options: WaitOptions, named: string) =>
      launchAgain(context, options, named, api.deployments.start),
  )
}

export function restartDeployment(): Command {
  return does(
    verb('restart', 'Stop and launch again, with new processes'),
    (context, options: WaitOptions, named: string) =>
      launchAgain(context, options, named, api.deployments.restart),
  )
}

export function stopDeployment(): Command {
  return does(verb('stop', 'Stop a deployment; open sessions end at once'), stop)
}

function verb(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument(...whichDeployment)
    .option('--no-wait', 'do not wait until it is done')
}

async function launchAgain(
  context: Context,
  options: WaitOptions,
  named: string,
  endpoint: typeof api.deployments.start,
): Promise<void> {
  const organizationId = await organizationOf(context)
  const before = await findDeployment(context, organizationId, named)
  const params = { organizationId, deploymentId: before.id }
  const after = await context.call(endpoint, { params })
  if (options.wait === false) return said(context, after, 'is being launched')
  const again = (now: Deployment) => now.startedAt !== before.startedAt || before.phase !== 'running'
  const restarted = endpoint === api.deployments.restart ? again : undefined
  reportArrival(context.out, await settled(context, after, ['running', 'degraded'], restarted))
}

async function stop(context: Context, options: WaitOptions, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const { id } = await findDeployment(context, organizationId, named)
  const stopping = await context.call(api.deployments.stop, { params: { organizationId, deploymentId: id } })
  if (options.wait === false) return said(context, stopping, 'is being stopped')
  said(context, await settled(context, stopping, ['stopped']), 'is stopped')
}

function said(context: Context, deployment: Deployment, what: string): void {
  if (context.out.json) return context.out.data(deployment)
  context.out.done(`${escapeText(deployment.name)} ${what} (${deployment.id}).`)
}

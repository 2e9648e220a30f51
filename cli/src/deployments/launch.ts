import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { organizationOf, workspaceOf } from '../core/find.ts'
import { escapeText } from '../core/text.ts'
import { shapeOf, withShape, type ShapeOptions } from './shape.ts'
import { reportArrival } from './show.ts'
import { settled } from './wait.ts'

export function launchDeployment(): Command {
  const command = withShape(
    new Command('launch')
      .description('Launch a server in a workspace and wait until it runs, is held, or failed')
      .argument('<server>', 'provider/server[@version], for example reference/everything')
      .option('--name <name>', "its name (default: the server's, with a number if taken)")
      .option('--no-wait', 'do not wait'),
  )
  return does(command, launch)
}

type LaunchOptions = ShapeOptions & { name?: string; wait?: boolean }

async function launch(context: Context, options: LaunchOptions, given: string): Promise<void> {
  const { server, version } = serverAndVersion(given)
  const shape = shapeOf(options)
  const organizationId = await organizationOf(context)
  const { id: workspaceId } = await workspaceOf(context, organizationId)
  const body = { workspaceId, server, version, name: options.name, ...shape }
  const launched = await context.call(api.deployments.launch, { params: { organizationId }, body })
  const { out } = context
  if (options.wait !== false)
    return reportArrival(out, await settled(context, launched, ['running', 'degraded']))
  if (out.json) return out.data(launched)
  out.done(`${escapeText(launched.name)} is being launched (${launched.id}).`)
  out.next(`mcpctl deployments show ${launched.id}`)
}

/** Splits `provider/server@version`. */
export function serverAndVersion(given: string): { server: string; version: string | undefined } {
  const [server, version, ...rest] = given.split('@')
  if (!server || !server.includes('/') || rest.length > 0 || version === '') {
    throw new UsageError(
      `"${given}" names no server. Give provider/server or provider/server@version.`,
      'mcpctl catalog list',
    )
  }
  return { server, version }
}

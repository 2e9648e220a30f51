import { api } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { shapeOf, whichDeployment, withShape, type ShapeOptions } from './shape.ts'
import { printDeployment } from './show.ts'

export function updateDeployment(): Command {
  const command = withShape(
    new Command('update')
      .description('Change name, release, configuration, secrets or limits; it restarts with them if it runs')
      .argument(...whichDeployment)
      .option('--name <name>', 'its new name')
      .option('--release <version>', 'the version of the server to run'),
  )
  return does(command, update)
}

type UpdateOptions = ShapeOptions & { name?: string; release?: string }

async function update(context: Context, options: UpdateOptions, named: string): Promise<void> {
  const changes = { name: options.name, version: options.release, ...shapeOf(options) }
  if (Object.values(changes).every((value) => value === undefined)) {
    throw new UsageError('Give what is to change, for example --config name=value.')
  }
  const organizationId = await organizationOf(context)
  const { id, settingsVersion } = await findDeployment(context, organizationId, named)
  const updated = await context.call(api.deployments.update, {
    params: { organizationId, deploymentId: id },
    body: { ...changes, expectedVersion: settingsVersion },
  })
  printDeployment(context.out, updated)
}

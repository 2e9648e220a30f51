import { api, type EndpointOutput, type SurfaceDifference } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { escapeText, textOf } from '../core/text.ts'
import { whichDeployment } from './shape.ts'

type SurfaceAnswer = EndpointOutput<typeof api.deployments.surface>

export function showSurface(): Command {
  const command = new Command('surface')
    .description('The admitted surface, the live one, and where they differ')
    .argument(...whichDeployment)
  return does(command, show)
}

export function acceptSurface(): Command {
  const command = new Command('accept-surface')
    .description('Accept the live surface by the hash that `surface` showed; the hold ends')
    .argument(...whichDeployment)
    .argument('<hash>', 'sha256:…, or at least its first 12 digits')
  return does(command, accept)
}

async function show(context: Context, _options: object, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const { id, name } = await findDeployment(context, organizationId, named)
  const surface = await surfaceOf(context, organizationId, id)
  const { out } = context
  if (out.json) return out.data(surface)
  out.fields([
    ['admitted', surface.admittedHash],
    ['live', surface.liveHash],
    ['accepted by', surface.acceptedBy],
  ])
  if (surface.differences.length === 0) return out.say('They do not differ.')
  for (const difference of surface.differences) printDifference(out, difference)
  if (surface.liveHash) out.next(`mcpctl deployments accept-surface ${name} ${surface.liveHash}`)
}

/** Accepts only what is live now and begins with what was given: nobody accepts a surface they have not seen. */
async function accept(context: Context, _options: object, named: string, given: string): Promise<void> {
  const digits = given.replace(/^sha256:/, '')
  if (!/^[0-9a-f]{12,64}$/.test(digits)) {
    throw new UsageError('Give the live hash, sha256:… or at least its first 12 digits.')
  }
  const organizationId = await organizationOf(context)
  const { id, name } = await findDeployment(context, organizationId, named)
  const { liveHash } = await surfaceOf(context, organizationId, id)
  if (!liveHash?.startsWith(`sha256:${digits}`)) {
    throw new RefusedError(
      liveHash ? `The live surface is ${liveHash}, not that one.` : 'No live surface was observed yet.',
      `mcpctl deployments surface ${name}`,
    )
  }
  const params = { organizationId, deploymentId: id }
  const deployment = await context.call(api.deployments.acceptSurface, { params, body: { hash: liveHash } })
  if (context.out.json) return context.out.data(deployment)
  context.out.done(`Accepted ${liveHash} for ${escapeText(name)}.`)
  context.out.next(`mcpctl deployments show ${name}`)
}

function surfaceOf(context: Context, organizationId: string, deploymentId: string): Promise<SurfaceAnswer> {
  return context.call(api.deployments.surface, { params: { organizationId, deploymentId } })
}

function printDifference(out: Output, difference: SurfaceDifference): void {
  const { colors } = out
  out.line()
  out.line(`${difference.kind} ${escapeText(difference.name)} ${difference.change}`)
  for (const { path, before, after } of difference.fields) {
    out.line(`  ${escapeText(path)}`)
    if (before !== undefined && before !== null) out.line(colors.red(`  - ${escapeText(textOf(before))}`))
    if (after !== undefined && after !== null) out.line(colors.green(`  + ${escapeText(textOf(after))}`))
  }
}

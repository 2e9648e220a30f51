import { api, deploymentWord, type Deployment, type Workspace } from '@berth/contracts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { readAll } from '../core/pages.ts'
import { escapeText } from '../core/text.ts'
import { nextAfter } from '../deployments/show.ts'
import { settled } from '../deployments/wait.ts'

/** A running deployment of the server in the workspace: the one that is there, started if need be, or a new one. */
export async function runningDeployment(
  context: Context,
  workspace: Workspace,
  server: string,
): Promise<Deployment> {
  const there = await existing(context, workspace, server)
  const going = there ? await started(context, there) : await launched(context, workspace, server)
  const arrived = await settled(context, going, ['running', 'degraded'])
  const word = deploymentWord(arrived)
  if (word !== 'running' && word !== 'degraded') {
    for (const note of arrived.holdNotes) context.out.say(`  note: ${escapeText(note)}`)
    const reason = arrived.reason ? `: ${arrived.reason}` : '.'
    throw new RefusedError(`${arrived.name} is ${word}${reason}`, nextAfter(arrived)[0])
  }
  context.out.done(`${escapeText(server)}@${escapeText(arrived.version)} is running as ${arrived.name}.`)
  return arrived
}

async function existing(
  context: Context,
  { id: workspaceId, organizationId }: Workspace,
  server: string,
): Promise<Deployment | undefined> {
  const deployments = await readAll((query) =>
    context.call(api.deployments.list, { params: { organizationId }, query: { ...query, workspaceId } }),
  )
  return deployments.find((deployment) => deployment.server === server)
}

function started(context: Context, deployment: Deployment): Promise<Deployment> | Deployment {
  const { organizationId, id: deploymentId, desired, phase } = deployment
  if (desired === 'running' && phase !== 'failed') return deployment
  return context.call(api.deployments.start, { params: { organizationId, deploymentId } })
}

function launched(context: Context, workspace: Workspace, server: string): Promise<Deployment> {
  const { id: workspaceId, organizationId } = workspace
  return context.call(api.deployments.launch, { params: { organizationId }, body: { workspaceId, server } })
}

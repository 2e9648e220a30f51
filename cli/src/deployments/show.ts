import { deploymentWord, type Deployment } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'
import { whichDeployment } from './shape.ts'

export function showDeployment(): Command {
  return does(new Command('show').description('One deployment').argument(...whichDeployment), show)
}

async function show(context: Context, _options: object, named: string): Promise<void> {
  const deployment = await findDeployment(context, await organizationOf(context), named)
  printDeployment(context.out, deployment)
  if (!context.out.json) context.out.next(...nextAfter(deployment))
}

/** Prints one deployment, as JSON or as fields. */
export function printDeployment(out: Output, deployment: Deployment): void {
  if (out.json) return out.data(deployment)
  const { memoryMb, pids, cpus } = deployment.limits
  out.fields([
    ['id', deployment.id],
    ['name', deployment.name],
    ['server', `${deployment.server}@${deployment.version}`],
    ['state', stateCell(deploymentWord(deployment))],
    ['desired', deployment.desired],
    ['phase', stateCell(deployment.phase)],
    ['health', stateCell(deployment.health)],
    ['reason', deployment.reason],
    ['hold', deployment.hold],
    ['notes', deployment.holdNotes.join(', ') || null],
    ['decision', deployment.decisionId],
    ['isolation', deployment.isolation],
    ['limits', `${memoryMb} MB, ${pids} processes, ${cpus} CPUs`],
    ['enforced', enforcementText(deployment)],
    ['tools', deployment.tools],
    ['restarts', deployment.restarts],
    ['started', relativeTime(deployment.startedAt)],
    ['MCP URL', deployment.mcpUrl],
  ])
}

function enforcementText({ enforcement }: Deployment): string | null {
  if (!enforcement) return null
  const { sandbox, network, memory, pids, cpu, seccomp } = enforcement
  const filter = seccomp ? 'on' : 'off'
  return `sandbox ${sandbox}, network ${network}, memory ${memory}, pids ${pids}, cpu ${cpu}, seccomp ${filter}`
}

/**
 * Shows where a launch, start or restart ended. Anything but running is a refusal with the reason, the notes of the
 * decision and the command that tells more.
 */
export function reportArrival(out: Output, deployment: Deployment): void {
  const word = deploymentWord(deployment)
  if (out.json) out.data(deployment)
  const running = word === 'running' || word === 'degraded'
  if (!running) {
    for (const note of deployment.holdNotes) out.say(`  note: ${escapeText(note)}`)
    const reason = deployment.reason ? `: ${deployment.reason}` : '.'
    throw new RefusedError(`${deployment.name} is ${word}${reason}`, nextAfter(deployment)[0])
  }
  if (out.json) return
  const tools = deployment.tools === null ? '' : ` with ${deployment.tools} tools`
  out.done(`${escapeText(deployment.name)} is ${word}${tools} (${deployment.id}).`)
  out.fields([['MCP URL', deployment.mcpUrl]])
  out.next(...nextAfter(deployment))
}

/** What is worth typing next, by where a deployment is. */
export function nextAfter(deployment: Deployment): string[] {
  const { id, name, decisionId } = deployment
  switch (deploymentWord(deployment)) {
    case 'held':
    case 'quarantined':
      return decisionId ? [`mcpctl policy explain ${decisionId}`] : [`mcpctl deployments show ${id}`]
    case 'failed':
      return [`mcpctl deployments logs ${id}`]
    case 'stopped':
      return [`mcpctl deployments start ${id}`]
    case 'running':
    case 'degraded':
      return [`mcpctl deployments tools ${name}`, 'mcpctl tokens create <name>']
    default:
      return [`mcpctl deployments show ${id}`]
  }
}

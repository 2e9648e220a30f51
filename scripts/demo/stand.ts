/** Puts the whole world of the demo in place, up to the point where traffic can begin. */
import { api } from '@berth/contracts'
import { hireAgents, hireForReference, type Agent } from './agents.ts'
import type { DemoBerth } from './berth.ts'
import { launchReference } from './reference.ts'
import { callOnce } from './traffic.ts'
import { makeWorld, until, type World } from './world.ts'

interface Standing {
  world: World
  agents: Agent[]
}

/** Makes organizations, people, workspaces, servers and agents, and lets some of them get into trouble. */
export async function standUp(
  berth: DemoBerth,
  { localOnly }: { localOnly: boolean },
  signal: AbortSignal,
): Promise<Standing> {
  console.log('Making organizations, people, workspaces and servers…')
  const world = await makeWorld(berth, signal)
  const agents = await hireAgents(world)
  await settleDown(world, signal)
  await provoke(world, agents, signal)
  if (!localOnly) {
    console.log('Fetching the reference servers from npm…')
    const reference = await launchReference(world, signal)
    if (!reference.everything) console.log('  Going on with the servers that are here.')
    agents.push(...(await hireForReference(world, reference)))
  }
  return { world, agents }
}

/** Waits until every local server is where it belongs, and stops the one that is out of use. */
async function settleDown(world: World, signal: AbortSignal): Promise<void> {
  const { payments, service, research, dispatch, deployments } = world
  await Promise.all([
    until(payments, deployments.rates, ['running'], signal),
    until(payments, deployments.statements, ['running'], signal),
    until(research, deployments.tickets, ['running'], signal),
    until(research, deployments.digest, ['running'], signal),
    until(research, deployments.retired, ['running'], signal),
    until(dispatch, deployments.routes, ['running'], signal),
    until(service, deployments.refused, ['held'], signal),
  ])
  const { organizationId, id: deploymentId } = deployments.retired
  await research.owner.client.call(api.deployments.stop, { params: { organizationId, deploymentId } })
  await until(research, deployments.retired, ['stopped'], signal)
}

/** Lets agents run into what is in their way: a tool their token does not allow, and a server that changes its face. */
async function provoke(world: World, agents: Agent[], signal: AbortSignal): Promise<void> {
  const named = (name: string) => agents.find((agent) => agent.name === name)!
  await callOnce(named('treasury-agent'), { tool: 'set_margin', args: { basisPoints: 20 } })
  const briefing = named('briefing-agent')
  for (let call = 0; call < 3; call++) await callOnce(briefing, briefing.next())
  await until(world.research, world.deployments.digest, ['held'], signal)
}

/** The reference servers from npm, where npm can be reached. */
import { api, deploymentWord, type Deployment } from '@berth/contracts'
import { launch, look, until, type Place, type World } from './world.ts'

export type Reference = Partial<Record<'everything' | 'memory' | 'filesystem' | 'thinking', Deployment>>

const settled = ['running', 'degraded', 'failed', 'held']

/** Launches them; those that cannot be had are left out, and it is said why. */
export async function launchReference(world: World, signal: AbortSignal): Promise<Reference> {
  const { service, reporting, research, dispatch } = world
  const everything = await arrived(service, await launch(service, 'reference/everything'), signal)
  // Without the first one there is no registry to ask for the others.
  if (!everything) return {}
  const [memory, filesystem, thinking] = await Promise.all([
    launch(service, 'reference/memory').then((one) => arrived(service, one, signal)),
    launch(reporting, 'reference/filesystem').then((one) => arrived(reporting, one, signal)),
    launch(research, 'reference/sequential-thinking').then((one) => arrived(research, one, signal)),
    launch(dispatch, 'reference/memory', { name: 'crew-memory' }).then((one) =>
      arrived(dispatch, one, signal),
    ),
  ])
  return { everything, memory, filesystem, thinking }
}

async function arrived(
  at: Place,
  launched: Deployment,
  signal: AbortSignal,
): Promise<Deployment | undefined> {
  const now = await until(at, launched, settled, signal).catch((error: Error) => {
    if (signal.aborted) throw error
    return look(at, launched)
  })
  if (now.phase === 'running') return now
  const [why = 'It takes its time.'] = now.reason?.split('\n') ?? []
  console.log(`  ${now.server} is left out (${deploymentWord(now)}). ${why}`)
  const { organizationId, id: deploymentId } = now
  await at.owner.client.call(api.deployments.remove, { params: { organizationId, deploymentId } })
  return undefined
}

/** Observing a release: installed, started once in the sandbox with its default configuration, and looked at. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import {
  defaultConfig,
  ensureArtifact,
  getRelease,
  markObservationFailed,
  profileOf,
  recordSurface,
} from '../catalog/service.ts'
import { newId } from '../platform/ids.ts'
import type { Origin } from '../platform/mutate.ts'
import { systemActor, type Platform } from '../platform/platform.ts'
import { normalizeSurface, surfaceHash } from '../platform/surface.ts'
import { observeSurface } from '../relay/service.ts'
import { RunFailed, workRun } from '../runs/service.ts'
import { ownParams, startInstance, stopInstance } from './instance.ts'
import { planRelease } from './plan.ts'
import type { Executor } from './process/executor.ts'

const origin: Origin = { actor: systemActor('catalog'), requestId: null }

/** Does the work of an observation run. What the release is at fault for fails the run and is kept with the release. */
export async function observeRelease(
  platform: Platform,
  executor: Executor,
  leasedBy: string,
  { releaseId, runId }: { releaseId: string; runId: string },
): Promise<void> {
  await workRun(platform, runId, { leasedBy }, async (_run, step) => {
    try {
      await step('fetching and checking the artifact')
      const artifact = await ensureArtifact(platform, releaseId)
      const release = await getRelease(platform.db, releaseId)
      const config = defaultConfig(release.manifest)
      if (!config)
        throw new RunFailed(
          'Its configuration has required fields without defaults: it is observed when it is first launched.',
        )
      await step('starting it in the sandbox')
      const folder = path.join(platform.config.dataDir, 'state', `observe-${runId}`)
      const plan = planRelease(release, config, artifact, folder)
      const instance = await startInstance(executor, plan, {
        id: newId('instance'),
        key: 'observation',
        isolation: 'principal',
        stateDir: path.join(folder, 'data'),
        logDir: plan.logDir,
        onListChanged: () => {},
        onGone: () => {},
      })
      try {
        await instance.upstream.initialize(ownParams)
        await step('looking at what it shows')
        const surface = normalizeSurface(await observeSurface(instance.upstream))
        const profile = profileOf(release.manifest, config)
        await platform.mutate(origin, (tx) =>
          recordSurface(tx, releaseId, profile, surface, surfaceHash(surface)),
        )
      } finally {
        await stopInstance(instance, 'It was only looked at.', 500)
        await rm(folder, { recursive: true, force: true })
      }
    } catch (error) {
      const { message } = error as Error
      await platform.mutate(origin, (tx) => markObservationFailed(tx, releaseId, message))
      throw new RunFailed(message)
    }
  })
}

/** Observing a release: installed, started once in the sandbox with its default configuration, and looked at. */
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import {
  defaultConfig,
  ensureArtifact,
  getRelease,
  markObservationFailed,
  profileOf,
  recordSurface,
  type InstalledArtifact,
} from '../catalog/service.ts'
import { observedAtLaunch, type Release } from '@berth/contracts'
import { newId } from '../platform/ids.ts'
import type { Origin } from '../platform/mutate.ts'
import { systemActor, type Platform } from '../platform/platform.ts'
import { findRunsAtWork, postponeRun, RunFailed, workRun, type Step } from '../runs/service.ts'
import { ownParams, startInstance, stopInstance } from './instance.ts'
import { shownLines } from './launcher.ts'
import type { Timings } from './limits.ts'
import { planRelease } from './plan.ts'
import type { Executor } from './process/executor.ts'
import { settle, type Seen } from './surfaces.ts'
import type { ExitInfo } from './process/types.ts'

const origin: Origin = { actor: systemActor('catalog'), requestId: null }

export interface Observer {
  platform: Platform
  executor: Executor
  runnerId: string
  timings: Timings
  /** Aborted when this process stops: what was not seen by then is observed by the next one. */
  closing: AbortSignal
}

/** Does the work of an observation run. What the release is at fault for fails the run and is kept with the release. */
export async function observeRelease(
  observer: Observer,
  { releaseId, runId }: { releaseId: string; runId: string },
): Promise<void> {
  const { platform, runnerId, closing } = observer
  if (closing.aborted) return
  await workRun(platform, runId, { leasedBy: runnerId }, async (_run, step) => {
    try {
      await step('fetching and checking the artifact')
      const artifact = await ensureArtifact(platform, releaseId)
      const release = await getRelease(platform.db, releaseId)
      const config = defaultConfig(release.manifest)
      if (!config) throw laterBecause('Its configuration has required fields without defaults')
      if (release.manifest.secrets.some((secret) => secret.required)) throw laterBecause('It needs secrets')
      const { surface, hash } = await look(observer, { release, config, artifact, runId }, step)
      const profile = profileOf(release.manifest, config)
      await platform.mutate(origin, (tx) => recordSurface(tx, releaseId, profile, surface, hash))
    } catch (error) {
      const { message } = error as Error
      if (closing.aborted) {
        await platform.mutate(origin, (tx) => postponeRun(tx, runId, 'Berth stopped while it was at work.'))
        throw error
      }
      await platform.mutate(origin, (tx) => markObservationFailed(tx, releaseId, message))
      throw new RunFailed(message)
    }
  })
}

const laterBecause = (why: string) => new RunFailed(`${why}: ${observedAtLaunch}`)

const prefix = 'observe-'
const stateFolder = (platform: Pick<Platform, 'config'>) => path.join(platform.config.dataDir, 'state')

/** Removes the files of observations whose process was killed at work. To be called when a process starts. */
export async function removeLostObservations(
  platform: Pick<Platform, 'config' | 'db' | 'clock'>,
): Promise<void> {
  const names = (await readdir(stateFolder(platform)).catch(() => [])).filter((name) =>
    name.startsWith(prefix),
  )
  const ids = names.map((name) => name.slice(prefix.length))
  const atWork = await findRunsAtWork(platform.db, ids, platform.clock.now())
  for (const id of ids.filter((one) => !atWork.has(one)))
    await rm(path.join(stateFolder(platform), `${prefix}${id}`), { recursive: true, force: true })
}

/** Starts a release, lists what it shows, and removes every trace. */
async function look(
  { platform, executor, timings }: Observer,
  about: {
    release: Release
    config: Record<string, unknown>
    artifact: InstalledArtifact
    runId: string
  },
  step: Step,
): Promise<Seen> {
  await step('starting it in the sandbox')
  const folder = path.join(stateFolder(platform), `${prefix}${about.runId}`)
  const plan = planRelease(about.release, about.config, about.artifact, folder)
  let ended: ExitInfo | null = null
  let changedAt = 0
  try {
    const instance = await startInstance(executor, plan, {
      id: newId('instance'),
      key: 'observation',
      isolation: 'principal',
      kind: '',
      stateDir: path.join(folder, 'data'),
      logDir: plan.logDir,
      initializeMs: timings.initializeMs,
      onListChanged: () => (changedAt = performance.now()),
      onGone: (_sentence, exit) => (ended = exit),
    })
    try {
      await instance.upstream.initialize(ownParams)
      await step('looking at what it shows')
      return await settle(instance.upstream, {
        changedAt: () => changedAt,
        unfinished: () => true,
        limits: { timeoutMs: timings.listMs },
      })
    } finally {
      await stopInstance(instance, 'It was only looked at.', 500)
    }
  } catch (error) {
    throw new RunFailed([(error as Error).message, ...lastLines(ended)].join('\n'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a server that ended by itself said last. */
function lastLines(exit: ExitInfo | null): string[] {
  return exit && !exit.stopped ? exit.stderrTail.slice(-shownLines) : []
}

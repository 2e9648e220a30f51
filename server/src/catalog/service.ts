/** The catalog: providers, servers, immutable releases, their bytes and what they show of themselves. */
import {
  next,
  platformOrganizationId,
  refusalOf,
  releaseMachine,
  type Release,
  type Surface,
} from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Tx } from '../platform/mutate.ts'
import { systemActor, type Platform } from '../platform/platform.ts'
import { notFound, Refusal } from '../platform/problem.ts'
import { type Installed } from './artifacts/install.ts'
import { placesIn, removeAbandoned, removeUnreferenced } from './artifacts/places.ts'
import { check, ensure, type ArtifactCheck, type InstalledArtifact } from './artifacts/store.ts'
import { evaluate, type OpenEvaluation } from './evaluation.ts'
import { nearNames } from './names.ts'
import { stopNpm } from './npm/run.ts'
import {
  findDigests,
  findInstalled,
  findRelease,
  findServer,
  findSurface,
  insertSurface,
  lockRelease,
  releasesOf,
  serverNames,
  updateRelease,
  type StandingSurface,
} from './store.ts'

export { seedCatalog } from './bundled.ts'
export { enqueueObservation, type OpenEvaluation } from './evaluation.ts'
export { defaultConfig, profileOf, validateConfig } from './config.ts'
export { fillManifest } from './manifest.ts'
export type { ArtifactCheck, InstalledArtifact, StandingSurface }

/** One release. Throws `not_found`. */
export async function getRelease(db: Queryable, id: string): Promise<Release> {
  const release = await findRelease(db, id)
  if (!release) throw notFound('release')
  return release
}

/**
 * The release that a launch of `provider/server` gets: the newest admitted, or the version asked for. Throws `not_found`
 * with names that could have been meant, `invalid_state` for what is yanked or blocked.
 */
export async function resolveRelease(db: Queryable, name: string, version?: string): Promise<Release> {
  const [provider = '', slug = ''] = name.split('/')
  const server = await findServer(db, provider, slug)
  if (!server) throw await unknownServer(db, name)
  if (version === undefined) {
    if (server.latestRelease) return server.latestRelease
    throw new Refusal(
      'invalid_state',
      `${name} has no release that may be launched; all are yanked or blocked.`,
    )
  }
  const all = await releasesOf(db, server.id)
  const release = all.find((one) => one.version === version)
  if (!release) {
    const known = all.slice(0, 10).map((one) => one.version)
    throw new Refusal('not_found', `${name} has no release ${version}; the catalog has ${known.join(', ')}.`)
  }
  if (release.state === 'admitted') return release
  const why =
    release.state === 'yanked' ? 'yanked: it may not be launched anew' : 'blocked: it may not run anywhere'
  throw new Refusal('invalid_state', `${name} ${version} is ${why}.`)
}

async function unknownServer(db: Queryable, name: string): Promise<Refusal> {
  const near = nearNames(name, await serverNames(db))
  const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : ''
  return new Refusal('not_found', `There is no server "${name}" in the catalog.${hint}`)
}

/** Yanks, admits again or blocks a release. Throws `not_found`, `invalid_state`. */
export async function changeReleaseState(
  tx: Tx,
  id: string,
  { action, reason }: { action: 'yank' | 'readmit' | 'block'; reason: string },
): Promise<Release> {
  const release = await mustLock(tx, id)
  const refusal = refusalOf(releaseMachine, release.state, action)
  if (refusal) throw new Refusal('invalid_state', refusal)
  const current = next(releaseMachine, release.state, action)!
  await updateRelease(tx.db, id, { state: current })
  tx.emit(platformOrganizationId, 'release.state_changed', {
    releaseId: id,
    previous: release.state,
    current,
    reason,
  })
  return { ...release, state: current }
}

/** Evaluates a release anew. Throws `not_found`, `invalid_state` for one that is blocked or was observed. */
export async function observeAgain(tx: Tx, id: string, open: OpenEvaluation): Promise<string> {
  const release = await mustLock(tx, id)
  if (release.state === 'blocked') {
    throw new Refusal(
      'invalid_state',
      `${release.server} ${release.version} is blocked; it may not run anywhere.`,
    )
  }
  if (release.observation === 'observed') {
    throw new Refusal(
      'invalid_state',
      `The surface of ${release.server} ${release.version} was observed; it stands.`,
    )
  }
  await updateRelease(tx.db, id, { observation: 'pending', observationReason: null })
  return await evaluate(tx, id, open)
}

/** The surface that stands for a release and configuration profile; null: none was seen. */
export async function getSurface(
  db: Queryable,
  releaseId: string,
  profile: string,
): Promise<StandingSurface | null> {
  return await findSurface(db, releaseId, profile)
}

/**
 * Admits what was observed of a release under a profile, unless another observation was first. Returns the surface that
 * stands. Throws `not_found`.
 */
export async function recordSurface(
  tx: Tx,
  releaseId: string,
  profile: string,
  surface: Surface,
  hash: string,
): Promise<StandingSurface> {
  await mustLock(tx, releaseId)
  const standing = await findSurface(tx.db, releaseId, profile)
  if (standing) return standing
  await insertSurface(tx.db, { releaseId, profile, surface, hash, observedAt: tx.now })
  await updateRelease(tx.db, releaseId, { observation: 'observed', observationReason: null })
  tx.emit(platformOrganizationId, 'release.observed', {
    releaseId,
    surfaceHash: hash,
    tools: surface.tools.length,
  })
  return { surface, hash }
}

/** Notes why a release's surface could not be observed; one that was observed stays so. Throws `not_found`. */
export async function markObservationFailed(tx: Tx, releaseId: string, reason: string): Promise<void> {
  const release = await mustLock(tx, releaseId)
  if (release.observation === 'observed') return
  await updateRelease(tx.db, releaseId, { observation: 'failed', observationReason: reason })
  tx.emit(platformOrganizationId, 'release.observation_failed', { releaseId, reason })
}

async function mustLock(tx: Tx, id: string): Promise<Release> {
  const release = await lockRelease(tx.db, id)
  if (!release) throw notFound('release')
  return release
}

const origin = { actor: systemActor('catalog'), requestId: null }

/**
 * A release's bytes on this machine, installed if they are not there yet (which takes as long as npm takes). Throws
 * Refusal: `not_found`, `artifact_unavailable` when they cannot be had or used, `unavailable` when the registry cannot be
 * reached now.
 */
export async function ensureArtifact(platform: Platform, releaseId: string): Promise<InstalledArtifact> {
  const release = await getRelease(platform.db, releaseId)
  return await ensure(placesIn(platform.config.dataDir), release, {
    read: () => findInstalled(platform.db, releaseId),
    write: (installed) => platform.mutate(origin, (tx) => recordInstalled(tx, releaseId, installed)),
  })
}

/** Keeps what the first installation of a release gave; returns what stands. */
async function recordInstalled(tx: Tx, releaseId: string, installed: Installed): Promise<Installed> {
  await mustLock(tx, releaseId)
  const standing = await findInstalled(tx.db, releaseId)
  if (standing) return standing
  await updateRelease(tx.db, releaseId, installed)
  tx.emit(platformOrganizationId, 'release.installed', { releaseId, digest: installed.digest })
  return installed
}

/** Whether an artifact's bytes are still those of its digest; reads all of them, in a thread of its own. */
export async function verifyArtifact(
  platform: Platform,
  artifact: InstalledArtifact,
): Promise<ArtifactCheck> {
  return await check(placesIn(platform.config.dataDir), artifact)
}

/** Ends the installations under way. To be called when a process stops. */
export async function stopInstalling(platform: Platform): Promise<void> {
  await stopNpm(placesIn(platform.config.dataDir))
}

/** Removes what killed processes left half done in the artifact store, and what no release has. At each start. */
export async function cleanArtifactStore(platform: Platform): Promise<void> {
  const places = placesIn(platform.config.dataDir)
  await removeAbandoned(places)
  await removeUnreferenced(places, (digests) => findDigests(platform.db, digests))
}

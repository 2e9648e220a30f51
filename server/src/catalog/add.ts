/** Adding a server or a release: what is given is looked up and checked, then written in one unit of work. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import {
  platformOrganizationId,
  releaseManifest,
  type addServerBody,
  type Artifact,
  type Release,
  type ReleaseManifest,
} from '@berth/contracts'
import { newId } from '../platform/ids.ts'
import type { Tx } from '../platform/mutate.ts'
import { Refusal } from '../platform/problem.ts'
import { keepListing } from './artifacts/install.ts'
import { localCommand, localTree } from './artifacts/local.ts'
import type { Places } from './artifacts/places.ts'
import { canonicalRemote, remoteDigest } from './artifacts/remote.ts'
import { checkManifest } from './manifest.ts'
import { freeSlug, slugFor, slugStem } from './names.ts'
import { chooseBin } from './npm/entry.ts'
import { lookUpPackage } from './npm/look-up.ts'
import {
  findRelease,
  insertRelease,
  insertServer,
  lockProvider,
  releasesOf,
  serversOfProvider,
} from './store.ts'

export type AddInput = z.output<typeof addServerBody>

/** A release as it will be written, everything known and checked. */
export interface Addition {
  /** Slug of the provider. */
  provider: 'npm' | 'remote' | 'local' | 'reference'
  /** What its releases are versions of. */
  source: string
  /** The name a person gave; null: one is made from `suggestedName`. */
  name: string | null
  suggestedName: string
  version: string
  artifact: Artifact
  /** Null: known once it is installed. */
  digest: string | null
  manifest: ReleaseManifest
}

/**
 * Looks up and checks what is to be added: asks the registry, reads the folder. Throws Refusal with a sentence for
 * everything that cannot be added.
 */
export async function prepareAddition(places: Places, input: AddInput): Promise<Addition> {
  checkManifest(releaseManifest.parse(input.manifest), input.artifact.kind)
  const found = await findArtifact(places, input.artifact)
  // What a person calls a folder says more than what the folder is called.
  const given = (input.title ?? input.manifest.title) || (found.provider === 'local' && input.name)
  const manifest = releaseManifest.parse({
    ...input.manifest,
    title: given || found.title,
    description: input.manifest.description || found.description,
  })
  const { provider, source, suggestedName, version, artifact, digest } = found
  return { provider, source, name: input.name ?? null, suggestedName, version, artifact, digest, manifest }
}

type Found = Omit<Addition, 'name' | 'manifest'> & { title: string; description: string }

async function findArtifact(places: Places, given: AddInput['artifact']): Promise<Found> {
  if (given.kind === 'npm') return await findPackage(places, given)
  if (given.kind === 'local') return await findFolder(places, given)
  const artifact = canonicalRemote(given)
  const { host, hostname } = new URL(artifact.url)
  return {
    provider: 'remote',
    source: `remote:${artifact.url}`,
    suggestedName: slugFor(hostname),
    version: '1.0.0',
    artifact,
    digest: remoteDigest(artifact),
    title: host,
    description: '',
  }
}

async function findPackage(
  places: Places,
  given: Extract<AddInput['artifact'], { kind: 'npm' }>,
): Promise<Found> {
  const { package: name, version, integrity, description, bin } = await lookUpPackage(places, given)
  chooseBin(name, bin, given.bin ?? null)
  return {
    provider: 'npm',
    source: `npm:${name}`,
    suggestedName: slugFor(name),
    version,
    artifact: { kind: 'npm', package: name, version, integrity, bin: given.bin ?? null },
    digest: null,
    title: titleFrom(name),
    description: textFrom(description),
  }
}

async function findFolder(
  places: Places,
  given: Extract<AddInput['artifact'], { kind: 'local' }>,
): Promise<Found> {
  const artifact = { ...given, path: given.path.replace(/(.)\/+$/, '$1') }
  await localCommand(artifact, '/')
  const tree = await localTree(artifact)
  await keepListing(places, tree)
  const { version, description } = await packageOf(artifact.path)
  const folder = path.basename(artifact.path)
  return {
    provider: 'local',
    source: `local:${artifact.path}`,
    suggestedName: slugFor(folder),
    version,
    artifact,
    digest: tree.digest,
    title: titleFrom(folder),
    description,
  }
}

/** What the folder's package.json says of itself, where it has one. */
async function packageOf(folder: string): Promise<{ version: string; description: string }> {
  try {
    const text = await readFile(path.join(folder, 'package.json'), 'utf8')
    const { version, description } = JSON.parse(text) as { version?: unknown; description?: unknown }
    const isVersion = typeof version === 'string' && /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(version)
    return {
      version: isVersion ? version : '0.0.0',
      description: typeof description === 'string' ? textFrom(description) : '',
    }
  } catch {
    return { version: '0.0.0', description: '' }
  }
}

// oxlint-disable-next-line no-control-regex -- control characters are just what is removed
const textFrom = (text: string) => text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 2000)
const titleFrom = (name: string) => textFrom(name).slice(0, 120)

/**
 * Writes the release, and its server if that is new. Throws `duplicate` for a name that another artifact has, and for a
 * release that is in the catalog already; the same version with another manifest is a further release, `1.2.3+2`.
 */
export async function addRelease(tx: Tx, addition: Addition): Promise<Release> {
  const { artifact, manifest, digest } = addition
  const providerId = await lockProvider(tx.db, addition.provider)
  const serverId = await serverFor(tx, providerId, addition)
  const version = versionFor(addition, await releasesOf(tx.db, serverId))
  const id = newId('release')
  const createdBy = tx.actor.id
  await insertRelease(tx.db, {
    id,
    serverId,
    version,
    artifact,
    manifest,
    digest,
    createdBy,
    createdAt: tx.now,
  })
  const release = (await findRelease(tx.db, id))!
  tx.emit(platformOrganizationId, 'release.added', {
    releaseId: id,
    server: release.server,
    version,
    artifact,
  })
  return release
}

async function serverFor(tx: Tx, providerId: string, addition: Addition): Promise<string> {
  const { source, name } = addition
  const by = name === null ? { source } : { slug: name }
  const [known] = await serversOfProvider(tx.db, providerId, by)
  if (known?.source === source) return known.id
  if (known) {
    throw new Refusal(
      'duplicate',
      `The name ${addition.provider}/${known.slug} belongs to ${known.source.replace(':', ' ')}; choose another.`,
      { errors: [{ path: 'name', message: 'is taken' }] },
    )
  }
  const slug = name ?? (await unusedSlug(tx, providerId, addition.suggestedName))
  const id = newId('server')
  const { title, description } = addition.manifest
  await insertServer(tx.db, { id, providerId, slug, source, title, description, createdAt: tx.now })
  tx.emit(platformOrganizationId, 'server.added', { serverId: id, server: `${addition.provider}/${slug}` })
  return id
}

async function unusedSlug(tx: Tx, providerId: string, base: string): Promise<string> {
  const rows = await serversOfProvider(tx.db, providerId, { prefix: slugStem(base) })
  return freeSlug(base, new Set(rows.map((row) => row.slug)))
}

function versionFor({ version, artifact, manifest, digest }: Addition, present: Release[]): string {
  const same = present.find(
    (one) =>
      one.state !== 'blocked' &&
      one.digest === (digest ?? one.digest) &&
      isDeepStrictEqual(one.artifact, artifact) &&
      isDeepStrictEqual(one.manifest, manifest),
  )
  if (same) {
    throw new Refusal(
      'duplicate',
      `${same.server} ${same.version} is in the catalog already, with the same bytes and manifest.`,
    )
  }
  const taken = new Set(present.map((one) => one.version))
  let free = version
  for (let n = 2; taken.has(free); n++) free = `${version}+${n}`
  return free
}

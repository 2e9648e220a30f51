/** The artifact store: bytes by their digest, there before a launch and checked before each. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Release } from '@berth/contracts'
import { sha256Hex } from '../../platform/crypto.ts'
import { Refusal } from '../../platform/problem.ts'
import { packageEntry } from '../npm/entry.ts'
import { installOnce, type Ledger } from './install.ts'
import { localCommand, localTree } from './local.ts'
import type { Places } from './places.ts'
import { readTree, type Tree } from './read-tree.ts'
import { compareTrees, TreeFault } from './tree.ts'

/** A release's artifact, ready to be checked and launched. */
export interface InstalledArtifact {
  releaseId: string
  artifact: Release['artifact']
  /** `sha256:…` of what was admitted. */
  digest: string
  /** The folder on this machine; null for a remote server. */
  root: string | null
  /** Read-only, for the server's processes. */
  mounts: { source: string; target: string }[]
  /** How it is started, with paths as the mounts make them; without the manifest's arguments. Empty for a remote server. */
  command: string[]
}

/** What a check of an artifact's bytes came to. */
export interface ArtifactCheck {
  /** Whether the bytes are those of the digest; null: it could not be checked. */
  ok: boolean | null
  /** The digest of the bytes that were found; null when there are none. */
  digest: string | null
  /** A sentence, when they differ: which paths, and what to do. */
  detail: string | null
}

const mountPoint = '/app'
const installing = new Map<string, Promise<string>>()

/** Throws Refusal: `artifact_unavailable` when it cannot be used, `unavailable` when the registry cannot be reached. */
export async function ensure(
  places: Places,
  { id, artifact, digest }: Pick<Release, 'id' | 'artifact' | 'digest'>,
  ledger: Ledger,
): Promise<InstalledArtifact> {
  const common = { releaseId: id, artifact }
  if (artifact.kind === 'remote') return { ...common, digest: digest!, root: null, mounts: [], command: [] }
  if (artifact.kind === 'local') {
    const command = await localCommand(artifact, mountPoint)
    return { ...common, digest: digest!, ...mounted(artifact.path), command }
  }
  const key = `${places.temporaries}|${id}`
  const running = installing.get(key) ?? installOnce(places, artifact, ledger)
  installing.set(key, running)
  try {
    const standing = await running
    const root = places.tree(standing)
    const [program = '', ...rest] = await packageEntry(root, artifact.package, artifact.bin)
    const command = [program, ...rest.slice(0, -1), path.posix.join(mountPoint, rest.at(-1)!)]
    return { ...common, digest: standing, ...mounted(root), command }
  } finally {
    if (installing.get(key) === running) installing.delete(key)
  }
}

const mounted = (root: string) => ({ root, mounts: [{ source: root, target: mountPoint }] })

/** Reads every byte again and compares with the digest. Never throws for what is wrong with the bytes. */
export async function check(places: Places, installed: InstalledArtifact): Promise<ArtifactCheck> {
  const { artifact, digest, root } = installed
  if (root === null) return { ok: true, digest, detail: null }
  try {
    const tree = artifact.kind === 'local' ? await localTree(artifact) : await readTree(root)
    if (tree.digest === digest) return { ok: true, digest, detail: null }
    const detail = `${await differences(places, digest, tree)} ${remedy(artifact, root)}`
    return { ok: false, digest: tree.digest, detail }
  } catch (error) {
    const known = error instanceof TreeFault || error instanceof Refusal
    const detail = `${known ? error.message : `${root} cannot be read.`} ${remedy(artifact, root)}`
    return { ok: known ? false : null, digest: null, detail }
  }
}

const shownDifferences = 5

async function differences(places: Places, digest: string, found: Tree): Promise<string> {
  const listing = await readFile(places.listing(digest), 'utf8').catch(() => null)
  if (listing === null || sha256Hex(listing) !== digest) {
    return `The bytes are not those that were admitted: their digest is ${found.digest}, not ${digest}.`
  }
  const all = compareTrees(listing, found.listing)
  const shown = all.slice(0, shownDifferences).map(({ path: name, change }) => {
    return `${JSON.stringify(name)} ${change === 'missing' ? 'is missing' : `was ${change}`}`
  })
  const more = all.length > shown.length ? `, and ${all.length - shown.length} more` : ''
  return `The bytes are not those that were admitted: ${shown.join(', ')}${more}.`
}

function remedy(artifact: Release['artifact'], root: string): string {
  return artifact.kind === 'local'
    ? 'Add the folder again as a new release, or undo the change.'
    : `Find out who changed it; remove ${root} to have it installed anew.`
}

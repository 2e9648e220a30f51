import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Refusal } from '../../platform/problem.ts'
import { packageEntry } from '../npm/entry.ts'
import { installPackage, type NpmArtifact } from '../npm/install.ts'
import type { Places } from './places.ts'
import { readTree, type Tree } from './read-tree.ts'
import { TreeFault } from './tree.ts'

/** What stands in the database about an installed release: written once, by whoever installs it first. */
export interface Installed {
  digest: string
  /** The lock file that gives exactly these bytes again. */
  lock: string
}

export interface Ledger {
  read(): Promise<Installed | null>
  /** Keeps the first that is given; returns the one that stands. */
  write(installed: Installed): Promise<Installed>
}

/**
 * Brings a package's bytes into the store, and returns their digest. The first installation pins what the package depends
 * on; later ones, on other machines or after the store was cleared, must give the same bytes. Several processes may do this
 * at once: each installs in a folder of its own, and one renaming makes it the store's. Throws Refusal.
 */
export async function installOnce(places: Places, artifact: NpmArtifact, ledger: Ledger): Promise<string> {
  const before = await ledger.read()
  if (before && (await exists(places.tree(before.digest)))) return before.digest
  const folder = places.temporary()
  try {
    let made = await install(places, folder, artifact, before?.lock ?? null)
    const standing = before ?? (await ledger.write({ digest: made.tree.digest, lock: made.lock }))
    if (made.tree.digest !== standing.digest && made.lock !== standing.lock) {
      await rm(folder, { recursive: true }) // another process pinned other dependencies first
      made = await install(places, folder, artifact, standing.lock)
    }
    if (made.tree.digest !== standing.digest) throw otherBytes(artifact, standing.digest, made.tree.digest)
    await keep(places, folder, made.tree)
    return standing.digest
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function install(places: Places, folder: string, artifact: NpmArtifact, lock: string | null) {
  const used = await installPackage(places, folder, artifact, lock)
  await packageEntry(folder, artifact.package, artifact.bin) // what cannot be started is not kept
  try {
    return { lock: used, tree: await readTree(folder) }
  } catch (error) {
    if (!(error instanceof TreeFault)) throw error
    throw new Refusal('artifact_unavailable', `${artifact.package}@${artifact.version}: ${error.message}`)
  }
}

async function keep(places: Places, folder: string, { digest, listing }: Tree): Promise<void> {
  await keepListing(places, { digest, listing })
  try {
    await rename(folder, places.tree(digest))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error // else another process was faster with the same bytes
  }
}

/** Keeps a tree's listing, so that a later check can name what differs. */
export async function keepListing(places: Places, { digest, listing }: Tree): Promise<void> {
  const file = places.listing(digest)
  const temporary = places.temporary()
  await mkdir(path.dirname(file), { recursive: true })
  await mkdir(path.dirname(temporary), { recursive: true })
  await writeFile(temporary, listing)
  await rename(temporary, file)
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  )

function otherBytes({ package: name, version }: NpmArtifact, expected: string, found: string): Refusal {
  return new Refusal(
    'artifact_unavailable',
    `${name}@${version} installed here (${process.platform}-${process.arch}) gives other bytes than where it was first installed: ${found}, not ${expected}. Run it on a machine of the same kind.`,
  )
}

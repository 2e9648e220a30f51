import { readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import type { NpmPlace } from '../npm/run.ts'

/** Where artifacts lie below the data directory. */
export interface Places extends NpmPlace {
  /** The folder of a digest's bytes. */
  tree(digest: string): string
  /** The listing whose hash the digest is. */
  listing(digest: string): string
  /** A new name for a folder to work in. */
  temporary(): string
  temporaries: string
}

let count = 0

export function placesIn(dataDir: string): Places {
  const root = path.join(dataDir, 'artifacts')
  const temporaries = path.join(root, 'tmp')
  const named = (digest: string) => path.join(root, digest.replace(':', '/'))
  return {
    cacheDir: path.join(root, 'npm-cache'),
    tree: named,
    listing: (digest) => `${named(digest)}.tree`,
    temporary: () =>
      path.join(temporaries, `${hostname()}+${process.pid}+${Date.now().toString(36)}${count++}`),
    temporaries,
  }
}

const abandonedMs = 60 * 60_000

/** Removes folders that a process left when it was killed: those of a process of this machine that is gone, and old ones. */
export async function removeAbandoned({ temporaries }: Places): Promise<void> {
  const names = await readdir(temporaries).catch(() => [])
  for (const name of names) {
    const folder = path.join(temporaries, name)
    const [host, pid] = name.split('+')
    const mine = host === hostname() && Number(pid) === process.pid
    const gone = host === hostname() && !isAlive(Number(pid))
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }))
    if (!mine && (gone || Date.now() - mtimeMs > abandonedMs))
      await rm(folder, { recursive: true, force: true })
  }
}

const unreferencedMs = 24 * 60 * 60_000

/**
 * Removes bytes, and their listings, that no release has, unless they came within a day: they are in the store before
 * their release is written. `referenced` tells which of some digests releases have.
 */
export async function removeUnreferenced(
  places: Places,
  referenced: (digests: string[]) => Promise<Set<string>>,
): Promise<void> {
  const folder = path.dirname(places.tree('sha256:none'))
  const names = await readdir(folder).catch(() => [])
  const digestOf = (name: string) => `sha256:${name.replace(/\.tree$/, '')}`
  const wanted = await referenced([...new Set(names.map(digestOf))])
  for (const name of names.filter((one) => !wanted.has(digestOf(one)))) {
    const file = path.join(folder, name)
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > unreferencedMs) await rm(file, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

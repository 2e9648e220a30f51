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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

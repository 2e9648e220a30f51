import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Artifact } from '@berth/contracts'
import { Refusal } from '../../platform/problem.ts'
import { binsOf, fileInside } from './entry.ts'
import { projectFolder, refusalOf, runNpm, type NpmPlace } from './run.ts'

export type NpmArtifact = Extract<Artifact, { kind: 'npm' }>

interface LockedPackage {
  integrity?: string
  resolved?: string
  link?: boolean
  inBundle?: boolean
  bin?: unknown
}

interface Lock {
  packages?: Record<string, LockedPackage>
}

const timeoutMs = 10 * 60_000
/** So that the machine owner's settings for projects of their own do not change what is installed. */
const layout = [
  '--install-strategy=hoisted',
  '--legacy-peer-deps=false',
  '--strict-peer-deps=false',
  '--engine-strict=false',
  '--omit=dev',
  '--include=optional',
  '--include=peer',
  '--bin-links=false',
  '--package-lock=true',
  '--omit-lockfile-registry-resolved=true',
]

const atOnce = 3
let running = 0
const waiting: (() => void)[] = []

/** Lets few installations run at once: each takes a core and much memory. */
async function oneOfFew<T>(work: () => Promise<T>): Promise<T> {
  if (running === atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

/**
 * Installs exactly one version of a package with what it depends on into `folder/node_modules`, running none of their
 * scripts. With a lock exactly what it says; without one the newest that fit, pinned by the lock that is returned.
 * Throws Refusal when the bytes are not those of the artifact's integrity, or when something cannot be pinned.
 */
export async function installPackage(
  place: NpmPlace,
  folder: string,
  artifact: NpmArtifact,
  lock: string | null,
): Promise<string> {
  const what = `${artifact.package}@${artifact.version}`
  const lockFile = path.join(folder, 'package-lock.json')
  await projectFolder(folder, { dependencies: { [artifact.package]: artifact.version } })
  if (lock !== null) await writeFile(lockFile, lock)
  const words = [lock === null ? 'install' : 'ci', ...layout]
  const answer = await oneOfFew(() => runNpm(place, folder, words, timeoutMs))
  if (!answer.ok) throw refusalOf(answer.fault, what)
  const made = lock ?? (await readFile(lockFile, 'utf8'))
  const locked = JSON.parse(made) as Lock
  checkLock(artifact, locked)
  await rm(lockFile)
  await rm(path.join(folder, 'package.json'))
  await rm(path.join(folder, 'node_modules/.package-lock.json'), { force: true })
  await settleModes(folder)
  await markExecutables(folder, locked)
  return made
}

function checkLock({ package: name, version, integrity }: NpmArtifact, { packages = {} }: Lock): void {
  const installed = packages[`node_modules/${name}`]?.integrity
  if (installed !== integrity) {
    throw new Refusal(
      'artifact_unavailable',
      `The integrity of ${name}@${version} is ${installed ?? 'not given by the registry'}, not ${integrity} as pinned.`,
    )
  }
  for (const [place, entry] of Object.entries(packages)) {
    if (place === '' || entry.inBundle) continue
    if (entry.integrity && !entry.resolved && !entry.link) continue
    throw new Refusal(
      'artifact_unavailable',
      `${name}@${version} depends on ${place.replace(/^.*node_modules\//, '')}, which does not come from the npm registry and cannot be pinned.`,
    )
  }
}

/** Sets the modes that the folder's digest counts, whatever this process's umask is. */
async function settleModes(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name)
    if (entry.isDirectory()) await settleModes(name)
    else if (entry.isFile()) await chmod(name, (await stat(name)).mode & 0o111 ? 0o755 : 0o644)
  }
}

/** npm marks a package's own executables, but not in every way of installing it; here they always are. */
async function markExecutables(folder: string, { packages = {} }: Lock): Promise<void> {
  for (const [place, { bin }] of Object.entries(packages)) {
    const home = path.join(folder, place)
    for (const name of Object.values(binsOf(place, bin))) {
      const file = await fileInside(home, name)
      if (file !== null) await chmod(path.join(home, file), 0o755)
    }
  }
}

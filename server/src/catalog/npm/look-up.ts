import path from 'node:path'
import { Refusal } from '../../platform/problem.ts'
import { binsOf } from './entry.ts'
import { projectFolder, refusalOf, runNpm, type NpmPlace } from './run.ts'

export interface PublishedPackage {
  package: string
  version: string
  integrity: string
  description: string
  /** Names of its executables with their files. */
  bin: Record<string, string>
}

const timeoutMs = 60_000
const sha512 = /^sha512-[A-Za-z0-9+/]{86}==$/

/**
 * Asks the registry for a package's version, without one for that tagged `latest`. Throws Refusal: `artifact_unavailable`
 * for what does not exist, is not as expected or cannot be pinned; `unavailable` when the registry cannot be reached.
 */
export async function lookUpPackage(
  place: NpmPlace,
  wanted: { package: string; version?: string | undefined; integrity?: string | undefined },
): Promise<PublishedPackage> {
  const name = wanted.package
  const found = await view(place, name, wanted.version ?? null, [
    'name',
    'version',
    'dist.integrity',
    'description',
    'bin',
  ])
  if (found === null) {
    if (!wanted.version) throw new Refusal('artifact_unavailable', `The npm package ${name} has no version.`)
    throw await unknownVersion(place, name, wanted.version)
  }
  const version = textIn(found, 'version')
  const integrity = textIn(found, 'dist.integrity')
  if (!sha512.test(integrity)) {
    throw new Refusal(
      'artifact_unavailable',
      `The registry gives no sha512 integrity for ${name}@${version}, so its bytes cannot be pinned.`,
    )
  }
  if (wanted.integrity !== undefined && wanted.integrity !== integrity) {
    throw new Refusal(
      'artifact_unavailable',
      `The integrity of ${name}@${version} in the registry is ${integrity}, not ${wanted.integrity} as given.`,
      { errors: [{ path: 'artifact.integrity', message: "is not the registry's" }] },
    )
  }
  return {
    package: name,
    version,
    integrity,
    description: textIn(found, 'description'),
    bin: binsOf(name, found['bin']),
  }
}

/** Null: there is no such version. */
async function view(
  place: NpmPlace,
  name: string,
  version: string | null,
  fields: string[],
): Promise<Record<string, unknown> | null> {
  const folder = path.join(place.cacheDir, '..', 'npm-lookup')
  await projectFolder(folder)
  const what = version === null ? name : `${name}@${version}`
  const answer = await runNpm(place, folder, ['view', '--', what, ...fields], timeoutMs)
  if (answer.ok) return answer.value as Record<string, unknown> | null
  const { code, summary } = answer.fault
  if (summary.startsWith('No match found for version')) return null
  if (code !== 'E404') throw refusalOf(answer.fault, name)
  throw new Refusal(
    'artifact_unavailable',
    `There is no npm package "${name}", or the registry does not show it to this machine.`,
    { errors: [{ path: 'artifact.package', message: 'is not in the registry' }] },
  )
}

async function unknownVersion(place: NpmPlace, name: string, version: string): Promise<Refusal> {
  const newest = await view(place, name, null, ['name', 'version'])
  const instead = newest ? `; its newest is ${textIn(newest, 'version')}` : ''
  return new Refusal('artifact_unavailable', `The npm package ${name} has no version ${version}${instead}.`, {
    errors: [{ path: 'artifact.version', message: 'is not published' }],
  })
}

const textIn = (found: Record<string, unknown>, field: string): string => {
  const value = found[field]
  return typeof value === 'string' ? value : ''
}

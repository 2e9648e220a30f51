import { isDeepStrictEqual } from 'node:util'
import { api, ApiError, type EndpointInput, type Release } from '@berth/contracts'
import { observed } from '../catalog/observe.ts'
import type { Context } from '../core/context.ts'
import { readAll } from '../core/pages.ts'
import { NotImportable, type Plan } from './entry.ts'

type Body = EndpointInput<typeof api.catalog.add>['body']

/**
 * The release in the catalog that runs what an entry ran; an operator's import adds it when there is none. Throws
 * NotImportable where it is not there and cannot be added.
 */
export async function releaseFor(
  context: Context,
  plan: Plan,
  operator: boolean,
  egress: string[],
): Promise<{ server: string; version: string; added: boolean }> {
  const found = await existing(context, plan, egress)
  if (found) return { server: found.server, version: found.version, added: false }
  if (!operator)
    throw new NotImportable(`it is not in the catalog as the file runs it; only an operator can add it.`)
  const added = await add(context, plan, egress)
  const release = await observed(context, added)
  // Without its secrets it may not even start; then it is observed when it is launched with them.
  if (release.observation === 'failed' && plan.secrets.length === 0) {
    const reason = release.observationReason ?? 'no reason was given'
    throw new NotImportable(
      `it was added as ${release.server}@${release.version}, but does not work: ${reason}`,
    )
  }
  return { server: release.server, version: release.version, added: true }
}

function add(context: Context, plan: Plan, egress: string[]) {
  const { artifact, args, env, headers } = plan
  const secrets = plan.secrets.map(({ name, in: where }) => ({ name, in: where }))
  const manifest: Body['manifest'] = { args, env, headers, secrets, egress }
  return context.call(api.catalog.add, { body: { artifact, manifest } })
}

/** Looks through the servers of the same source for an admitted release that runs the same way. */
async function existing(context: Context, plan: Plan, egress: string[]): Promise<Release | undefined> {
  const servers = await readAll((query) => context.call(api.catalog.list, { query }))
  for (const { latestRelease, provider, slug } of servers) {
    if (!latestRelease || !sameSource(latestRelease, plan)) continue
    const params = { provider: provider.slug, server: slug }
    const { releases } = await context.call(api.catalog.get, { params })
    const found = releases.find((release) => runsAlike(release, plan, egress))
    if (found) return found
  }
  return undefined
}

function sameSource({ artifact }: Release, { artifact: wanted }: Plan): boolean {
  if (artifact.kind === 'npm' && wanted.kind === 'npm') return artifact.package === wanted.package
  if (artifact.kind === 'remote' && wanted.kind === 'remote') return artifact.url === new URL(wanted.url).href
  if (artifact.kind === 'local' && wanted.kind === 'local') {
    return artifact.path === wanted.path && isDeepStrictEqual(artifact.command, wanted.command)
  }
  return false
}

function runsAlike(release: Release, plan: Plan, egress: string[]): boolean {
  const { artifact, manifest } = release
  const wanted = plan.artifact
  if (release.state !== 'admitted') return false
  if (release.observation === 'failed' && plan.secrets.length === 0) return false
  if (artifact.kind === 'npm' && wanted.kind === 'npm') {
    if (wanted.version !== undefined && wanted.version !== artifact.version) return false
    if ((wanted.bin ?? null) !== artifact.bin) return false
  }
  const secrets = (of: readonly { name: string; in: string }[]) =>
    of.map((one) => `${one.in} ${one.name}`).toSorted()
  return (
    isDeepStrictEqual(manifest.args, plan.args) &&
    isDeepStrictEqual(manifest.env, plan.env) &&
    isDeepStrictEqual(manifest.headers, plan.headers) &&
    isDeepStrictEqual(secrets(manifest.secrets), secrets(plan.secrets)) &&
    isDeepStrictEqual(manifest.egress.toSorted(), egress.toSorted())
  )
}

/** A refusal of the API about one entry as its reason; anything else is not about the entry. */
export function reasonOf(error: unknown): string {
  if (error instanceof NotImportable) return error.message
  if (!(error instanceof ApiError) || error.problem.code === 'unauthenticated') throw error
  const faults = (error.problem.errors ?? []).map((fault) => ` ${fault.path}: ${fault.message}.`)
  return error.problem.detail + faults.join('')
}

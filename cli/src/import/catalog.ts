import {
  additionOf,
  api,
  ApiError,
  type Fit,
  fitOf,
  NotImportable,
  type Plan,
  type Release,
  sameSource,
} from '@berth/contracts'
import { observed } from '../catalog/observe.ts'
import type { Context } from '../core/context.ts'
import { readAll } from '../core/pages.ts'

interface Found {
  release: Release
  fit: Fit
}

/**
 * The release in the catalog that runs what an entry ran, and what it is given for that; an operator's import adds it
 * when there is none. Throws NotImportable where it is not there and cannot be added.
 */
export async function releaseFor(
  context: Context,
  plan: Plan,
  operator: boolean,
  egress: string[],
): Promise<Found> {
  const found = await existing(context, plan, egress)
  if (found) return found
  if (!operator)
    throw new NotImportable(`it is not in the catalog as the file runs it; only an operator can add it.`)
  const added = await context.call(api.catalog.add, { body: additionOf(plan, egress) })
  const release = await observed(context, added)
  // Without its secrets it may not even start; then it is observed when it is launched with them.
  if (release.observation === 'failed' && plan.secrets.length === 0) {
    const reason = release.observationReason ?? 'no reason was given'
    throw new NotImportable(
      `it was added as ${release.server}@${release.version}, but does not work: ${reason}`,
    )
  }
  const fit = fitOf(added, plan, egress)
  if (!fit)
    throw new NotImportable(`it was added as ${release.server}@${release.version}; launch it from there.`)
  return { release, fit }
}

/** Looks through the servers of the same source for an admitted release that runs the same way. */
async function existing(context: Context, plan: Plan, egress: string[]): Promise<Found | undefined> {
  const servers = await readAll((query) => context.call(api.catalog.list, { query }))
  for (const { latestRelease, provider, slug } of servers) {
    if (!latestRelease || !sameSource(latestRelease.artifact, plan.artifact)) continue
    const params = { provider: provider.slug, server: slug }
    const { releases } = await context.call(api.catalog.get, { params })
    for (const release of releases) {
      if (release.observation === 'failed' && plan.secrets.length === 0) continue
      const fit = fitOf(release, plan, egress)
      if (fit) return { release, fit }
    }
  }
  return undefined
}

/** A refusal of the API about one entry as its reason; anything else is not about the entry. */
export function reasonOf(error: unknown): string {
  if (error instanceof NotImportable) return error.message
  if (!(error instanceof ApiError) || error.problem.code === 'unauthenticated') throw error
  const faults = (error.problem.errors ?? []).map((fault) => ` ${fault.path}: ${fault.message}.`)
  return error.problem.detail + faults.join('')
}

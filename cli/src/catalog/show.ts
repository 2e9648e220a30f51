import { api, platformOrganizationId, type Artifact, type Release } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { UsageError } from '../core/errors.ts'
import type { Output } from '../core/output.ts'
import { relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'
import { printTools } from '../mcp/print.ts'

export function showServer(): Command {
  const command = new Command('show')
    .description('One server with its releases and the tools of the newest')
    .argument('<server>', 'provider/server, for example reference/everything')
  return does(command, show)
}

/** Splits `provider/server`. */
export function serverParts(named: string): { provider: string; server: string } {
  const [provider, server, ...rest] = named.split('/')
  if (provider && server && rest.length === 0) return { provider, server }
  throw new UsageError(`"${named}" names no server. Give provider/server, for example reference/everything.`)
}

async function show(context: Context, _options: object, named: string): Promise<void> {
  const server = await context.call(api.catalog.get, { params: serverParts(named) })
  const newest = server.latestRelease
    ? await context.call(api.catalog.getRelease, { params: { releaseId: server.latestRelease.id } })
    : null
  const { out } = context
  if (out.json) return out.data({ ...server, surface: newest?.surface ?? null })
  out.fields([
    ['server', server.name],
    ['title', server.title || null],
    ['description', server.description || null],
    ['provider', server.provider.name],
    ['from', newest ? artifactText(newest.artifact) : null],
    ['isolation', newest?.manifest.isolation ?? null],
    ['may reach', newest?.manifest.egress.join(', ') || 'nothing (no network)'],
    ['secrets', newest?.manifest.secrets.map((one) => one.name).join(', ') || 'none'],
  ])
  out.line()
  printReleases(out, server.releases)
  if (newest?.surface) printTools(out, newest.surface.tools)
  if (newest?.observation === 'failed') out.next(`mcpctl runs list --org ${platformOrganizationId}`)
}

function printReleases(out: Output, releases: Release[]): void {
  out.table(
    releases,
    [
      { title: 'version', cell: (one) => one.version },
      { title: 'state', cell: (one) => stateCell(one.state) },
      { title: 'surface', cell: (one) => stateCell(one.observation) },
      { title: 'added', cell: (one) => relativeTime(one.createdAt) },
      { title: 'release', cell: (one) => one.id },
      { title: 'reason', cell: (one) => one.observationReason ?? '' },
    ],
    'It has no releases.',
  )
}

/** An artifact in a few words: package and version, URL, or folder and command. */
export function artifactText(artifact: Artifact): string {
  if (artifact.kind === 'npm') return `npm ${artifact.package}@${artifact.version}`
  if (artifact.kind === 'remote') return artifact.url
  return `${artifact.path}: ${artifact.command.join(' ')}`
}

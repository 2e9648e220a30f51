import { api, type EndpointInput, type Release } from '@berth/contracts'
import { Argument, Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { confirmed } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'
import { observed } from './observe.ts'
import { serverParts } from './show.ts'

type Action = EndpointInput<typeof api.catalog.setState>['body']['action']

interface StateOptions {
  reason: string
  yes?: boolean
}

const which = () => new Argument('<release>', 'provider/server@version, or its id')

export function yankRelease(): Command {
  const command = changing(
    'yank',
    'Keep a release from being launched anew; what runs of it goes on (operators)',
  )
  return does(command, (context, options: StateOptions, named: string) =>
    change(context, named, { action: 'yank', reason: options.reason }, 'is yanked: it is not launched anew'),
  )
}

export function admitRelease(): Command {
  const command = changing('admit', 'Admit a yanked release again (operators)')
  return does(command, (context, options: StateOptions, named: string) =>
    change(context, named, { action: 'readmit', reason: options.reason }, 'is admitted again'),
  )
}

export function blockRelease(): Command {
  const command = changing('block', 'Stop a release everywhere, for good (operators)').option(
    '--yes',
    'do not ask',
  )
  return does(command, async (context, { reason, yes }: StateOptions, named: string) => {
    await confirmed(
      yes,
      `Block ${named}? What runs of it stops everywhere, and a blocked release stays blocked.`,
    )
    await change(context, named, { action: 'block', reason }, 'is blocked: what ran of it stops')
  })
}

export function observeRelease(): Command {
  const command = new Command('observe')
    .description('Try again to install a release and observe its surface (operators)')
    .addArgument(which())
    .option('--no-wait', 'do not wait for the observation')
  return does(command, observe)
}

function changing(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addArgument(which())
    .requiredOption('--reason <text>', 'why, for the log')
}

async function change(
  context: Context,
  named: string,
  body: { action: Action; reason: string },
  becomes: string,
): Promise<void> {
  const { id } = await findRelease(context, named)
  const release = await context.call(api.catalog.setState, { params: { releaseId: id }, body })
  const { out } = context
  if (out.json) return out.data(release)
  out.done(`${escapeText(`${release.server}@${release.version}`)} ${becomes}.`)
}

async function observe(context: Context, options: { wait: boolean }, named: string): Promise<void> {
  const { id, server, version } = await findRelease(context, named)
  const { runId } = await context.call(api.catalog.observe, { params: { releaseId: id } })
  const { out } = context
  const name = escapeText(`${server}@${version}`)
  if (!options.wait) {
    if (out.json) return out.data({ runId })
    out.done(`${name} is being observed again.`)
    return out.next(`mcpctl catalog show ${server}`)
  }
  const release = await observed(context, { id, runId })
  if (out.json) out.data(release)
  if (release.observation === 'failed') {
    const reason = release.observationReason ?? 'no reason was given'
    throw new RefusedError(`${name} could not be observed: ${reason}`, `mcpctl catalog show ${server}`)
  }
  if (!out.json) out.done(`Observed ${name}; it offers ${release.surface?.tools.length ?? 0} tools.`)
}

/** One release by id, or as `provider/server@version`. */
async function findRelease(context: Context, named: string): Promise<Release> {
  if (/^rel_[0-9a-z]{26}$/.test(named))
    return await context.call(api.catalog.getRelease, { params: { releaseId: named } })
  const at = named.indexOf('@', 1)
  if (at < 0 || at === named.length - 1)
    throw new UsageError(
      `"${escapeText(named)}" names no release. Give provider/server@version, for example reference/everything@2026.8.31, or an id.`,
    )
  const [server, version] = [named.slice(0, at), named.slice(at + 1)]
  const { releases } = await context.call(api.catalog.get, { params: serverParts(server) })
  const found = releases.find((one) => one.version === version)
  if (found) return found
  throw new RefusedError(
    `${escapeText(server)} has no release ${escapeText(version)}.`,
    `mcpctl catalog show ${server}`,
  )
}

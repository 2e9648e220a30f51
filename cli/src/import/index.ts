import { api, deploymentWord, NotImportable, type Outlook, type Plan, type Workspace } from '@berth/contracts'
import { Command } from 'commander'
import { does, several } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { organizationOf, workspaceOf } from '../core/find.ts'
import { readAll } from '../core/pages.ts'
import { escapeText } from '../core/text.ts'
import { settled } from '../deployments/wait.ts'
import { reasonOf, releaseFor } from './catalog.ts'
import { readPlans } from './file.ts'

interface ImportOptions {
  dryRun?: boolean
  egress?: string[]
}

/** What became of one entry, or would; it never holds a secret's value. */
interface Result {
  entry: string
  outcome: 'planned' | 'imported' | 'present' | 'skipped'
  deployment?: string
  source?: string
  secrets?: string[]
  server?: string
  state?: string
  reason?: string
}

/** `mcpctl import`: an MCP client's servers become deployments of a workspace. */
export function importCommand(): Command {
  const command = new Command('import')
    .description("Turn the servers of an MCP client's settings file into deployments")
    .argument('<file>', "mcp.json, claude_desktop_config.json, or VS Code's mcp.json")
    .option('--dry-run', 'show what would become of each entry; change nothing')
    .option('--egress <entry=host>', 'a host that an entry may reach (repeatable; none: no network)', several)
    .addHelpText('after', details)
  return does(command, importFile)
}

const details = `
npx packages, Node scripts and remote servers are imported; adding to the catalog takes an operator. Values that look
like secrets become secrets of the workspace. What is there already stays as it is, so that it can be run again.

Example:
  mcpctl import ~/.cursor/mcp.json --dry-run`

async function importFile(context: Context, options: ImportOptions, file: string): Promise<void> {
  const outlooks = readPlans(file)
  const egress = egressOf(options.egress, outlooks)
  if (options.dryRun) return report(context, outlooks.map(planned), egress, true)
  const organizationId = await organizationOf(context)
  const workspace = await workspaceOf(context, organizationId)
  const { platformRoles } = await context.call(api.identity.me, {})
  const there = await deploymentNames(context, workspace)
  const results: Result[] = []
  for (const outlook of outlooks) {
    if ('reason' in outlook) results.push(planned(outlook))
    else if (there.has(outlook.plan.deployment)) results.push({ ...planned(outlook), outcome: 'present' })
    else {
      const hosts = egress.get(outlook.entry) ?? []
      results.push(await bring(context, workspace, outlook.plan, platformRoles.includes('operator'), hosts))
    }
  }
  report(context, results, egress, false)
}

/** Catalog first, then the secrets, the launch last: a run that was cut off is finished by the next. */
async function bring(
  context: Context,
  workspace: Workspace,
  plan: Plan,
  operator: boolean,
  egress: string[],
): Promise<Result> {
  const base = planned({ entry: plan.entry, plan })
  const { id: workspaceId, organizationId } = workspace
  try {
    if (plan.artifact.kind === 'remote' && plan.artifact.url.startsWith(`${context.url}/mcp/`)) {
      throw new NotImportable('it leads to this Berth itself.')
    }
    const { release, fit } = await releaseFor(context, plan, operator, egress)
    for (const { workspaceName: name, value } of fit.secrets) {
      await context.call(api.secrets.set, { params: { organizationId, workspaceId, name }, body: { value } })
    }
    const secrets = Object.fromEntries(fit.secrets.map((one) => [one.name, one.workspaceName]))
    const { server, version } = release
    const body = { workspaceId, server, version, name: plan.deployment, config: fit.config, secrets }
    const launched = await context.call(api.deployments.launch, { params: { organizationId }, body })
    const arrived = await settled(context, launched, ['running', 'degraded'])
    const reason = arrived.reason ?? undefined
    return {
      ...base,
      outcome: 'imported',
      server: `${server}@${version}`,
      state: deploymentWord(arrived),
      reason,
    }
  } catch (error) {
    return { ...base, outcome: 'skipped', reason: reasonOf(error) }
  }
}

async function deploymentNames(context: Context, workspace: Workspace): Promise<Set<string>> {
  const { id: workspaceId, organizationId } = workspace
  const deployments = await readAll((query) =>
    context.call(api.deployments.list, { params: { organizationId }, query: { ...query, workspaceId } }),
  )
  return new Set(deployments.map((one) => one.name))
}

function planned(outlook: Outlook): Result {
  if ('reason' in outlook) return { entry: outlook.entry, outcome: 'skipped', reason: outlook.reason }
  const { entry, deployment, artifact, secrets } = outlook.plan
  const source =
    artifact.kind === 'npm'
      ? `npm ${artifact.package}@${artifact.version ?? 'newest'}`
      : artifact.kind === 'remote'
        ? `remote ${artifact.url}`
        : `local ${artifact.path}: ${artifact.command.join(' ')}`
  return { entry, outcome: 'planned', deployment, source, secrets: secrets.map((one) => one.workspaceName) }
}

function egressOf(given: string[] = [], outlooks: Outlook[]): Map<string, string[]> {
  const result = new Map<string, string[]>()
  for (const one of given) {
    const at = one.lastIndexOf('=')
    const entry = one.slice(0, at)
    if (at < 1 || !outlooks.some((outlook) => outlook.entry === entry)) {
      throw new UsageError(`--egress must be given as entry=host with an entry of the file, not "${one}".`)
    }
    result.set(entry, [...(result.get(entry) ?? []), one.slice(at + 1)])
  }
  return result
}

function report({ out }: Context, results: Result[], egress: Map<string, string[]>, dryRun: boolean): void {
  if (out.json) out.data({ entries: results })
  else {
    out.table(
      results,
      [
        { title: 'entry', cell: (one) => one.entry },
        { title: 'outcome', cell: (one) => one.outcome },
        { title: 'deployment', cell: (one) => one.deployment ?? null },
        { title: 'state', cell: (one) => one.state ?? null },
        { title: 'from', cell: (one) => one.source ?? null, max: 60 },
        { title: 'secrets', cell: (one) => one.secrets?.join(', ') || null },
      ],
      'The file names no servers.',
    )
    for (const { entry, reason } of results) {
      if (reason !== undefined) out.say(`  ${escapeText(entry)}: ${escapeText(reason)}`)
    }
    const closed = results.filter((one) => /^(npm|local) /.test(one.source ?? '') && !egress.has(one.entry))
    if (closed.length > 0) {
      const names = closed.map((one) => escapeText(one.entry)).join(', ')
      out.say(`Without network: ${names}. Say --egress entry=host for each host one needs.`)
    }
  }
  const failed = results.filter(
    (one) => one.outcome === 'skipped' || (one.state && !/^(running|degraded)$/.test(one.state)),
  )
  if (!dryRun && failed.length > 0) {
    const are = failed.length === 1 ? 'entry does' : 'entries do'
    throw new RefusedError(`${failed.length} ${are} not run: ${failed.map((one) => one.entry).join(', ')}.`)
  }
}

import { resolve } from 'node:path'
import { api, observedAtLaunch, type EndpointInput, type EndpointOutput } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, pairs, several } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { escapeText } from '../core/text.ts'
import { observed } from './observe.ts'

type AddBody = EndpointInput<typeof api.catalog.add>['body']
type AddedArtifact = AddBody['artifact']
type Manifest = NonNullable<AddBody['manifest']>

export interface AddOptions {
  remote?: string
  local?: string
  name?: string
  title?: string
  integrity?: string
  bin?: string
  egress?: string[]
  secret?: string[]
  secretHeader?: string[]
  env?: string[]
  header?: string[]
  isolation?: 'session' | 'principal' | 'shared'
  wait?: boolean
}

export function addServer(): Command {
  const command = new Command('add')
    .description('Add a server from npm, a URL or a folder, and observe it in the sandbox (operators)')
    .argument('[package-or-command...]', 'package[@version] [-- arguments…]; with --local: -- command…')
    .option('--remote <url>', 'a remote server that speaks Streamable HTTP')
    .option('--local <folder>', "a folder on this machine; its command stands after '--'")
    .option('--name <name>', 'its short name (default: from the package, host or folder)')
    .option('--title <title>', 'its name for people')
    .option('--integrity <sha512>', 'the npm integrity it must have')
    .option('--bin <name>', 'which executable of the package')
    .option('--egress <host>', 'a host it may reach (repeatable; none: no network)', several)
    .option('--secret <name>', 'a secret it needs in its environment; "name?" if it can do without', several)
    .option('--secret-header <name>', 'a secret it needs as a request header (remote)', several)
    .option('--env <name=value>', 'an environment variable (repeatable)', several)
    .option('--header <name=value>', 'a static request header that is no secret (remote)', several)
    .addOption(
      new Option('--isolation <kind>', 'who may share a process').choices(['session', 'principal', 'shared']),
    )
    .option('--no-wait', 'do not wait for the observation')
    .addHelpText('after', examples)
  return does(command, add)
}

const examples = `
Examples:
  mcpctl catalog add @modelcontextprotocol/server-everything@2026.8.31
  mcpctl catalog add --remote https://mcp.example.com/mcp --secret-header Authorization
  mcpctl catalog add --local ./my-server --egress api.example.com -- node server.js`

async function add(context: Context, options: AddOptions, operands: string[]): Promise<void> {
  const { artifact, args } = artifactFrom(options, operands)
  const { name, title } = options
  const manifest = manifestFrom(options, args)
  const added = await context.call(api.catalog.add, { body: { name, title, artifact, manifest } })
  if (options.wait === false) return printAdded(context, added)
  printAdded(context, await observed(context, added))
}

type Added = EndpointOutput<typeof api.catalog.add> | Awaited<ReturnType<typeof observed>>

function printAdded(context: Context, release: Added): void {
  const { out } = context
  if (out.json) out.data(release)
  const name = `${escapeText(release.server)}@${escapeText(release.version)}`
  const reason = release.observationReason ?? 'no reason was given'
  const later = reason.endsWith(observedAtLaunch)
  if (release.observation === 'failed' && !later) {
    throw new RefusedError(
      `${release.server}@${release.version} was added, but its surface could not be observed: ${reason}`,
      `mcpctl catalog show ${release.server}`,
    )
  }
  if (out.json) return
  if (later) out.say(reason)
  const tools = 'surface' in release ? release.surface?.tools.length : undefined
  out.done(tools === undefined ? `Added ${name}.` : `Added ${name}; it offers ${tools} tools.`)
  out.next(`mcpctl catalog show ${release.server}`, `mcpctl deployments launch ${release.server}`)
}

/** What is added, and the arguments it runs with. */
export function artifactFrom(
  options: AddOptions,
  operands: string[],
): { artifact: AddedArtifact; args: string[] | undefined } {
  if (options.remote && options.local) throw new UsageError('Give --remote or --local, not both.')
  if (options.remote) {
    if (operands.length > 0) throw new UsageError('A remote server takes no package and no command.')
    return { artifact: { kind: 'remote', url: options.remote }, args: undefined }
  }
  if (options.local) {
    if (operands.length === 0)
      throw new UsageError("Give the command after '--', for example -- node server.js")
    return { artifact: { kind: 'local', path: resolve(options.local), command: operands }, args: undefined }
  }
  const [given, ...args] = operands
  if (!given) throw new UsageError('Give an npm package, --remote URL, or --local FOLDER -- command.')
  const { name, version } = packageAndVersion(given)
  const { integrity, bin } = options
  return {
    artifact: { kind: 'npm', package: name, version, integrity, bin },
    args: args.length > 0 ? args : undefined,
  }
}

/** Splits `package@version`, also for scoped packages. */
export function packageAndVersion(given: string): { name: string; version: string | undefined } {
  const at = given.indexOf('@', 1)
  if (at < 0) return { name: given, version: undefined }
  const version = given.slice(at + 1)
  if (!version) throw new UsageError(`The version is missing after "@" in "${given}".`)
  return { name: given.slice(0, at), version }
}

function manifestFrom(options: AddOptions, args: string[] | undefined): Manifest {
  const secrets = [
    ...(options.secret ?? []).map((given) => secretNeed(given, 'env' as const)),
    ...(options.secretHeader ?? []).map((given) => secretNeed(given, 'header' as const)),
  ]
  return {
    args,
    title: options.title,
    egress: options.egress,
    isolation: options.isolation,
    secrets: secrets.length > 0 ? secrets : undefined,
    env: options.env && pairs(options.env, '--env'),
    headers: options.header && pairs(options.header, '--header'),
  }
}

function secretNeed<W>(given: string, where: W): { name: string; required: boolean; in: W } {
  const optional = given.endsWith('?')
  return { name: optional ? given.slice(0, -1) : given, required: !optional, in: where }
}
